#pragma once

#include "pool/connection_pool.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace mongoro::operation {

/// Where an operation waits: first, perhaps, in line for a connection, then for the reply. One
/// place for both in its frame. A std::variant would do it for a hundred instructions more.
class waiting_place {
 public:
    waiting_place() noexcept {}  // NOLINT: the union stays empty
    waiting_place(const waiting_place&) = delete;
    waiting_place& operator=(const waiting_place&) = delete;
    ~waiting_place() { reset(); }

    /// `until`: see `turn`.
    pool::connection_pool::turn& in_line(pool::connection_pool& pool,
                                         const std::optional<deadline>& until) noexcept {
        reset();
        auto* const made = std::construct_at(&turn_, pool, until);
        holds_ = holds::turn;
        return *made;
    }
    pool::connection::exchange& for_reply(pool::connection& connection, detail::command_handle& c,
                                          std::size_t first, std::size_t last) noexcept {
        reset();
        auto* const made = std::construct_at(&exchange_, connection, &c, first, last);
        holds_ = holds::exchange;
        return *made;
    }

 private:
    enum class holds : std::uint8_t { nothing, turn, exchange };

    void reset() noexcept {
        if (holds_ == holds::nothing) {
            return;
        }
        if (holds_ == holds::exchange) {
            std::destroy_at(&exchange_);
        } else if (holds_ == holds::turn) {
            std::destroy_at(&turn_);
        }
        holds_ = holds::nothing;
    }

    union {
        pool::connection_pool::turn turn_;
        pool::connection::exchange exchange_;
    };
    holds holds_ = holds::nothing;
};

}  // namespace mongoro::operation
