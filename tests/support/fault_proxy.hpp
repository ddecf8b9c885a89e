#pragma once

#include "listener.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

enum class direction : std::size_t { to_server, to_client };

/// Where in the bytes of one direction of a connection something happens, once, and what.
struct fault_point {
    enum class action {
        close,       ///< both sides are closed
        reset,       ///< both sides get a TCP reset
        half_close,  ///< who receives gets the end of the stream; the other direction goes on
        inject,      ///< `bytes` are put in, then it goes on
    };

    std::optional<std::size_t> after_bytes{};  ///< counted from the connection's start; or else
    std::size_t message = 0;                   ///< within this wire message, the first one is 0
    std::size_t offset = 0;                    ///< after so many bytes of it; 0: once it has come
    action what = action::close;
    std::vector<std::uint8_t> bytes{};
};

/// What befalls the bytes of one direction, from when it is set until it is set otherwise.
struct fault {
    std::chrono::milliseconds delay{};  ///< before each piece that is passed on
    std::size_t bytes_per_second = 0;   ///< 0: as fast as it goes
    bool drop = false;                  ///< read, and thrown away: a black hole
    bool hold = false;                  ///< kept back, and passed on when it is no longer set
    std::optional<fault_point> at{};
};

/// A TCP proxy between a client and a server on 127.0.0.1, which does harm as it is told. Threads
/// of its own; every function may be called from any.
///
///     fault_proxy proxy(server_port);
///     proxy.set(direction::to_client, {.at = fault_point{.message = 2, .offset = 30}});
///     … use proxy.port() …
class fault_proxy {
 public:
    explicit fault_proxy(std::uint16_t server_port);
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;
    ~fault_proxy();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
    [[nodiscard]] std::string address() const;
    /// "mongodb://" + address() + "/".
    [[nodiscard]] std::string uri() const;

    /// For connections that have no fault of their own, open ones too.
    void set(direction d, fault f);
    /// For the connection of that number, from 0, whether it is there already or not.
    void set(std::size_t connection, direction d, fault f);
    /// No faults any more, for any.
    void clear();
    /// New connections are refused, or taken again. Open ones stay.
    void refuse();
    void accept();
    /// Puts bytes in now, between two pieces that are passed on; false if the connection has ended.
    bool inject(std::size_t connection, direction d, std::span<const std::uint8_t> bytes);
    /// Ends all connections that are open.
    void close_all() { end_all(false); }
    void reset_all() { end_all(true); }

    /// Connections so far.
    [[nodiscard]] std::size_t connections() const;
    /// Bytes passed on.
    [[nodiscard]] std::size_t passed(std::size_t connection, direction d) const;
    /// Waits until so many have been accepted, or have ended; false after `limit`.
    bool wait_for_connections(std::size_t count,
                              std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
    bool wait_for_ended(std::size_t count,
                        std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

 private:
    struct link;
    using faults = std::array<fault, 2>;
    using lock = std::unique_lock<std::mutex>;

    void listen();
    void serve(peer_socket& client);
    void pump(link& l, direction d);
    bool pass_on(link& l, direction d, std::span<const std::uint8_t> bytes);
    bool do_at_point(link& l, direction d, const fault_point& point);
    static bool write(link& l, direction d, std::span<const std::uint8_t> bytes);
    [[nodiscard]] const fault& fault_of(const link& l, direction d) const;
    void end(link& l, bool by_reset);
    void end_all(bool by_reset);

    std::uint16_t server_port_;
    reserved_port port_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool ending_ = false;
    faults for_all_;
    std::map<std::size_t, faults> for_one_;
    std::vector<std::shared_ptr<link>> links_;
    std::size_t ended_ = 0;
    std::vector<std::unique_ptr<listener>> listeners_;  // only the last one accepts
};

}  // namespace mongoro::test
