#pragma once

#include "listener.hpp"

#include <condition_variable>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace mongoro::test {

/// What a `byte_peer` does with one connection, in order; when the script is over it closes.
///
///     byte_script().read_message().write(reply).hang()
class byte_script {
 public:
    byte_script& read(std::size_t bytes);
    byte_script& read_message();  ///< one wire message, by the length in its header
    byte_script& read_to_end();   ///< until the other side closes
    byte_script& write(std::span<const std::uint8_t> bytes);
    byte_script& write(std::string_view text);
    byte_script& write_in_pieces(std::span<const std::uint8_t> bytes, std::size_t piece,
                                 std::chrono::milliseconds between);
    byte_script& wait(std::chrono::milliseconds time);
    byte_script& half_close();  ///< sends FIN, goes on reading
    byte_script& reset();       ///< TCP reset
    byte_script& close();
    byte_script& hang();  ///< open and silent until the peer is destroyed

 private:
    friend class byte_peer;
    enum class kind {
        read,
        read_message,
        read_to_end,
        write,
        wait,
        half_close,
        reset,
        close,
        hang
    };
    struct step {
        kind what;
        std::size_t size = 0;
        std::vector<std::uint8_t> bytes;
        std::chrono::milliseconds time{};
    };
    byte_script& add(step s);
    std::vector<step> steps_;
};

/// A server that knows nothing of the protocol: each connection gets the next script, and those
/// after the last script get the last one again. Threads of its own; every function may be called
/// from any.
class byte_peer {
 public:
    explicit byte_peer(byte_script script, listen_at where = listen_at::ipv4);
    explicit byte_peer(std::vector<byte_script> scripts, listen_at where = listen_at::ipv4);

    [[nodiscard]] const std::string& host() const noexcept { return listener_.host(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    [[nodiscard]] std::string uri() const { return listener_.uri(); }
    [[nodiscard]] std::size_t connections() const noexcept { return listener_.accepted(); }

    /// What connection `index` sent, so far.
    [[nodiscard]] std::vector<std::uint8_t> received(std::size_t index) const;
    /// Whether every step of the script of connection `index` was done.
    [[nodiscard]] bool finished(std::size_t index) const;
    /// Waits until `count` connections have ended their scripts, whole or not; false after `limit`.
    bool wait_for_ended(std::size_t count,
                        std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

 private:
    struct record {
        std::vector<std::uint8_t> received;
        bool ended = false;
        bool finished = false;
    };
    void serve(peer_socket& socket, std::size_t index);
    bool play(const byte_script::step& step, peer_socket& socket, std::vector<std::uint8_t>& got);
    void update(std::size_t index, const std::vector<std::uint8_t>& got, bool ended, bool finished);

    std::vector<byte_script> scripts_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<record> records_;
    listener listener_;  // last: its threads use all of the above
};

}  // namespace mongoro::test
