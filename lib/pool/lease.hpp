#pragma once

#include "pool/connection_record.hpp"

#include <utility>

namespace mongoro::pool {

class connection;
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

    void reset() noexcept {
        if (connection_ != nullptr) {
            give_back();
        }
    }
    [[nodiscard]] explicit operator bool() const noexcept { return connection_ != nullptr; }
    /// Checks nothing in: whoever calls it does that. Empty from now on.
    [[nodiscard]] connection* release() noexcept {
        pool_ = nullptr;
        return std::exchange(connection_, nullptr);
    }
    [[nodiscard]] connection_pool* pool() const noexcept { return pool_; }
    connection& operator*() const noexcept { return *connection_; }
    connection* operator->() const noexcept { return connection_; }

    /// Says what it is kept for, which a pool that has no connection left tells who waits. Back to
    /// `operation` with the check-in.
    void pin(pinned_for what) const noexcept;

 private:
    void give_back() noexcept;

    connection_pool* pool_ = nullptr;
    connection* connection_ = nullptr;
};

}  // namespace mongoro::pool
