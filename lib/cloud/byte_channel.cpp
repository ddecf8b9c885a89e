#include "cloud/byte_channel.hpp"

#include "auth/wipe.hpp"
#include "io/buffer_pool.hpp"
#include "io/reactor_core.hpp"
#include "io/stream_awaiter.hpp"
#include "tls/channel.hpp"

#include <array>

namespace mongoro::cloud {

namespace {

error failed(const char* what, int negated_errno) {
    return {errc::network_error, what, std::error_code(-negated_errno, std::system_category())};
}

}  // namespace

stream_channel::stream_channel(io::reactor_core& core, io::stream_ptr stream)
    : core_(core),
      stream_(std::move(stream)),
      buffer_(core.buffers().take(io::buffer_pool::smallest)) {}

stream_channel::~stream_channel() {
    auth::wipe(buffer_.data(), buffer_.capacity());
    // The kernel may write into it after this channel has gone.
    stream_->keep(buffer_);
}

task<result<void>> stream_channel::send(std::string_view bytes) {
    const detail::task_context& context = co_await detail::this_context{};
    if (auto e = context.interrupted()) {
        co_return e;
    }
    const std::array<iovec, 1> out{{{const_cast<char*>(bytes.data()), bytes.size()}}};
    error why;
    const int r = co_await io::waiting(
        *stream_, context, [&](io::completion& c) { stream_->send(out, c); }, &why);
    if (why) {
        co_return why;
    }
    if (r < 0) {
        co_return failed("sending", r);
    }
    co_return result<void>();
}

task<result<std::string_view>> stream_channel::receive() {
    const detail::task_context& context = co_await detail::this_context{};
    if (auto e = context.interrupted()) {
        co_return e;
    }
    error why;
    const int r = co_await io::waiting(
        *stream_, context,
        [&](io::completion& c) {
            stream_->receive(buffer_.bytes(), io::stream::receive_mode::some, c);
        },
        &why);
    if (why) {
        co_return why;
    }
    if (r < 0) {
        co_return failed("receiving", r);
    }
    co_return std::string_view(reinterpret_cast<const char*>(buffer_.data()),
                               static_cast<std::size_t>(r));
}

tls_channel::tls_channel(io::reactor_core& core, std::unique_ptr<tls::channel> secured)
    : secured_(std::move(secured)), buffer_(core.buffers().take(io::buffer_pool::smallest)) {}

tls_channel::~tls_channel() {
    auth::wipe(buffer_.data(), buffer_.capacity());
}

task<result<void>> tls_channel::send(std::string_view bytes) {
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    co_return co_await secured_->send_all({data, bytes.size()});
}

task<result<std::string_view>> tls_channel::receive() {
    const auto received = co_await secured_->receive_some(buffer_.bytes());
    if (!received) {
        co_return received.error();
    }
    co_return std::string_view(reinterpret_cast<const char*>(buffer_.data()), *received);
}

}  // namespace mongoro::cloud
