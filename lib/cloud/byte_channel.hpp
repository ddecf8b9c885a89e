#pragma once

#include "io/connect.hpp"
#include "io/stream.hpp"

#include <mongoro/detail/buffer.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <memory>
#include <string_view>

namespace mongoro::tls {
class channel;
}

namespace mongoro::cloud {

/// A connection to somebody, plain or through TLS. One call at a time, by tasks of its reactor;
/// destroying it closes the connection, whatever is in flight.
///
/// Errors of both: `network_error` with the system's error as its cause; `deadline_exceeded` and
/// `operation_cancelled` of the awaiting task.
class byte_channel {
 public:
    byte_channel() = default;
    byte_channel(const byte_channel&) = delete;
    byte_channel& operator=(const byte_channel&) = delete;
    virtual ~byte_channel() = default;

    /// Sends all of it. The bytes outlive the task, and the channel if the task is destroyed.
    [[nodiscard]] virtual task<result<void>> send(std::string_view bytes) = 0;
    /// What comes, at least a byte; nothing once the peer has closed. It is good until the next
    /// call.
    [[nodiscard]] virtual task<result<std::string_view>> receive() = 0;
};

/// The plain one.
class stream_channel final : public byte_channel {
 public:
    stream_channel(io::reactor_core& core, io::stream_ptr stream);
    ~stream_channel() override;

    [[nodiscard]] task<result<void>> send(std::string_view bytes) override;
    [[nodiscard]] task<result<std::string_view>> receive() override;

 private:
    io::reactor_core& core_;
    io::stream_ptr stream_;
    io::buffer buffer_;
};

/// Through TLS. The system's authorities vouch for the peer.
class tls_channel final : public byte_channel {
 public:
    tls_channel(io::reactor_core& core, std::unique_ptr<tls::channel> secured);
    ~tls_channel() override;

    [[nodiscard]] task<result<void>> send(std::string_view bytes) override;
    [[nodiscard]] task<result<std::string_view>> receive() override;

 private:
    std::unique_ptr<tls::channel> secured_;
    io::buffer buffer_;
};

}  // namespace mongoro::cloud
