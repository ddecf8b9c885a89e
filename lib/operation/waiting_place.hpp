#pragma once

#include "pool/connection_pool.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace mongoro::operation {

/// Where an operation waits: first, perhaps, in line for a connection, then for the reply. One
/// place for both in its frame. A std::variant would do it for a hundred instructions more.
///
/// A command that is ready is sent from the line, when its turn comes: the operation resumes only
/// with the reply. That is a resumption less, 110 instructions and a fifth of the misses of the
/// first cache, where more operations are under way than there are connections.
class waiting_place {
 public:
    waiting_place() noexcept {}  // NOLINT: the union stays empty
    waiting_place(const waiting_place&) = delete;
    waiting_place& operator=(const waiting_place&) = delete;
    ~waiting_place() { reset(); }

    class line;
    /// `co_await` gives no error once `into` has a connection. `until`: see `turn`.
    [[nodiscard]] line in_line(pool::connection_pool& pool, const std::optional<deadline>& until,
                               pool::lease& into) noexcept;
    /// After `in_line()`: the finished command is sent as soon as there is a connection, with all
    /// its documents that fit. That is left to the operation where somebody listens to the pool, or
    /// sending it fails: see `has_sent()`.
    void send_at_once(detail::command_handle& c) noexcept;
    /// It was sent from the line, and its exchange was not taken yet.
    [[nodiscard]] bool has_sent() const noexcept { return has_sent_; }
    /// To be awaited: that one, or a new one for the documents from `first` on.
    pool::connection::exchange& take_exchange(pool::connection& connection,
                                              detail::command_handle& c,
                                              std::size_t first) noexcept {
        if (!std::exchange(has_sent_, false)) {
            make_exchange(connection, c, first);
        }
        return exchange_;
    }

 private:
    enum class holds : std::uint8_t { nothing, turn, exchange };
    struct queued_turn : pool::connection_pool::turn {
        using turn::handle;
        using turn::is_observed;
        using turn::set_near;
        using turn::set_release_hook;
        queued_turn(pool::connection_pool& pool, const std::optional<deadline>& until,
                    waiting_place& p) noexcept
            : turn(pool, until), place(p) {}
        queued_turn(pool::lease&& granted, std::coroutine_handle<> h, waiting_place& p) noexcept
            : turn(std::move(granted), h), place(p) {}
        waiting_place& place;
    };

    bool send() noexcept;
    void reset() noexcept {
        if (holds_ != holds::nothing) {
            clear();
        }
    }
    void clear() noexcept;
    void make_exchange(pool::connection& connection, detail::command_handle& c,
                       std::size_t first) noexcept {
        reset();
        std::construct_at(&exchange_, connection, &c, first,
                          c->batch_end(first, connection.limits()));
        holds_ = holds::exchange;
    }

    union {
        queued_turn turn_;
        pool::connection::exchange exchange_;
    };
    detail::command_handle* command_ = nullptr;  // null: the operation sends it
    pool::lease* into_ = nullptr;
    const detail::task_context* context_ = nullptr;
    holds holds_ = holds::nothing;
    bool has_sent_ = false;
};

/// The awaiter of a wait in line. What it waits in changes under it: see `waiting_place`.
class [[nodiscard]] waiting_place::line {
 public:
    explicit line(waiting_place& place) noexcept : place_(place) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) {
        place_.context_ = detail::context_of(h.promise());
        if (place_.command_ != nullptr) {
            const auto& command = *place_.command_;
            place_.turn_.set_near(
                {command.get(), command->bytes(), h.promise().continuation().address()});
        }
        return place_.turn_.await_suspend(h);
    }
    [[nodiscard]] error await_resume() {
        if (place_.holds_ == holds::exchange) [[likely]] {
            return {};
        }
        return take_turn();
    }

 private:
    [[nodiscard]] error take_turn();

    waiting_place& place_;
};

inline waiting_place::line waiting_place::in_line(pool::connection_pool& pool,
                                                  const std::optional<deadline>& until,
                                                  pool::lease& into) noexcept {
    reset();
    std::construct_at(&turn_, pool, until, *this);
    holds_ = holds::turn;
    into_ = &into;
    return line(*this);
}

}  // namespace mongoro::operation
