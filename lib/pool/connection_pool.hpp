#pragma once

#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "pool/open_connection.hpp"
#include "pool/wait_queue.hpp"

#include <mongoro/task.hpp>

#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

namespace mongoro::pool {

class connection_pool;

/// A connection that is checked out; destroying it checks it in. The pool must outlive it.
class lease {
 public:
    lease() noexcept = default;
    lease(connection_pool& pool, connection& c) noexcept : pool_(&pool), connection_(&c) {}
    lease(lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          connection_(std::exchange(other.connection_, nullptr)) {}
    lease& operator=(lease&& other) noexcept {
        if (this != &other) {
            reset();
            pool_ = std::exchange(other.pool_, nullptr);
            connection_ = std::exchange(other.connection_, nullptr);
        }
        return *this;
    }
    ~lease() { reset(); }

    void reset() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return connection_ != nullptr; }
    connection& operator*() const noexcept { return *connection_; }
    connection* operator->() const noexcept { return connection_; }

 private:
    connection_pool* pool_ = nullptr;
    connection* connection_ = nullptr;
};

/// The connections of one client to its one server: at most `max_size`, the most recently used
/// first, waiting callers served in their order. On the reactor's thread.
class connection_pool final : connection_owner {
 public:
    connection_pool(io::reactor_core& core, connection_settings settings, std::size_t max_size);
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;
    ~connection_pool();

    /// An idle connection, if there is one and nobody waits before.
    [[nodiscard]] lease try_check_out() noexcept;
    /// An idle connection, or a new one, or the next that is checked in. Waits until the caller's
    /// deadline; its errors are those of `open_connection`, and `client_closed`.
    [[nodiscard]] task<result<lease>> check_out();

    // The parts of it, for who can wait in a frame of its own: see `turn`.
    /// Reserves the right to open one more connection; false: all there may be are there.
    [[nodiscard]] bool reserve() noexcept;
    class turn;
    /// Opens the connection that was reserved; the right goes back if it fails.
    [[nodiscard]] task<result<lease>> open();

    /// Closes the idle connections, and each of the others when it comes back: after a network
    /// error none of them is likely to be any better.
    void clear() noexcept;
    /// From now on users' operations are refused; those under way, and the client's own, go on.
    void refuse() noexcept { refuses_ = true; }
    [[nodiscard]] bool refuses() const noexcept { return refuses_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    /// `clear()`, and no more check-outs: those that wait end with `client_closed`.
    void close() noexcept;
    /// Waits until no connection is checked out or draining. The caller's deadline, or its stop,
    /// ends it.
    [[nodiscard]] task<error> wait_quiet();
    /// Closes what is left, also what is being opened; who waits for it gets `client_closed`.
    /// After `close()`.
    void abort() noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return total_; }
    [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }
    /// Connections opened so far.
    [[nodiscard]] std::size_t created() const noexcept { return created_; }
    [[nodiscard]] const connection_settings& settings() const noexcept { return settings_; }

 private:
    friend class lease;
    /// The right to open one connection; given back if it is not used.
    class slot;

    void drained(connection& c) noexcept override { settle(c); }
    void settle(connection& c) noexcept;
    void forget(connection& c) noexcept;
    void give_back_slot() noexcept;

    io::reactor_core& core_;
    connection_settings settings_;
    std::size_t max_size_;
    std::size_t total_ = 0;  // idle, checked out, draining, and being opened
    std::size_t created_ = 0;
    std::uint64_t generation_ = 0;
    bool refuses_ = false;
    bool closed_ = false;
    std::vector<std::unique_ptr<connection>> all_;
    std::vector<connection*> idle_;
    wait_queue turns_;
    wait_queue quiet_;
    std::stop_source opening_;  // of the connections that are being opened
};

/// A wait in line for a connection, or for the right to open one: `co_await` gives no error when it
/// was granted one of the two. What was granted and nobody took goes back.
class connection_pool::turn : public wait_queue::waiter {
 public:
    explicit turn(connection_pool& pool) noexcept : waiter(pool.turns_), pool_(pool) {}
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
        leave();
        if (released() && !taken_) [[unlikely]] {
            give_back();
        }
    }
    /// Nothing: a connection is to be opened.
    [[nodiscard]] lease take() noexcept {
        taken_ = true;
        auto* c = static_cast<connection*>(granted());
        return c != nullptr ? lease(pool_, *c) : lease();
    }

 private:
    void give_back() noexcept;

    connection_pool& pool_;
    bool taken_ = false;
};

inline void lease::reset() noexcept {
    if (connection_ != nullptr) {
        auto& c = *std::exchange(connection_, nullptr);
        // A reply under way: the pool hears of the connection again when it has been read.
        if (c.status() != connection::state::draining) {
            pool_->settle(c);
        }
    }
}

}  // namespace mongoro::pool
