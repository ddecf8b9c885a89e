#pragma once

#include "deployment/monitor.hpp"
#include "pool/connection_pool.hpp"

#include <mongoro/server_description.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace mongoro::deployment {

class deployment;
class server;

/// A use of a server that no command is under way for, while it lives: a cursor keeps it for its
/// next one. Closing a client does not wait for these.
struct end_rest {
    void operator()(server* s) const noexcept;
};
using server_rest = std::unique_ptr<server, end_rest>;

/// One server of a deployment: its pool, its monitor, and how many operations it is running. It
/// stays until the last of these has ended, also when it is no part of the topology any more.
class server {
 public:
    server(deployment& owner, std::uint64_t id, std::string address, host_address host)
        : owner_(owner), id_(id), address_(std::move(address)), host_(std::move(host)) {}
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Never used again for another server of this client.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    [[nodiscard]] const host_address& host() const noexcept { return host_; }
    [[nodiscard]] pool::connection_pool& pool() noexcept { return *pool_; }
    /// As the topology had it last; never null.
    [[nodiscard]] const server_description& description() const noexcept { return *description_; }
    [[nodiscard]] std::size_t operation_count() const noexcept { return operations_; }
    /// An operation runs, rather than waits for its user.
    [[nodiscard]] bool busy() const noexcept { return operations_ != resting_; }
    /// Precondition: a use outlives it.
    [[nodiscard]] server_rest rest() noexcept;

 private:
    friend class deployment;
    friend class server_use;
    friend struct end_rest;

    deployment& owner_;
    std::uint64_t id_;
    std::string address_;
    host_address host_;
    server_description_ptr description_;
    std::size_t operations_ = 0;
    std::size_t resting_ = 0;  // of these, the ones that wait for their user's next command
    bool removed_ = false;
    bool watched_ = false;  // somebody waits for the last operation to end
    std::unique_ptr<pool::connection_pool> pool_;
    std::shared_ptr<monitor> monitor_;  // null: not monitored
};

/// An operation's hold on the server that was selected for it.
class server_use {
 public:
    server_use() noexcept = default;
    explicit server_use(server& s) noexcept : server_(&s) { ++s.operations_; }
    server_use(server_use&& other) noexcept : server_(std::exchange(other.server_, nullptr)) {}
    server_use& operator=(server_use&& other) noexcept {
        if (this != &other) {
            reset();
            server_ = std::exchange(other.server_, nullptr);
        }
        return *this;
    }
    ~server_use() { reset(); }

    void reset() noexcept {
        if (auto* s = std::exchange(server_, nullptr)) {
            if (--s->operations_ == 0 && s->watched_) [[unlikely]] {
                ended(*s);
            }
        }
    }
    [[nodiscard]] explicit operator bool() const noexcept { return server_ != nullptr; }
    server& operator*() const noexcept { return *server_; }
    server* operator->() const noexcept { return server_; }

 private:
    static void ended(server& s) noexcept;

    server* server_ = nullptr;
};

}  // namespace mongoro::deployment
