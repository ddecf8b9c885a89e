#include "pool/connection.hpp"

#include "pool/name_host.hpp"
#include "wire/message.hpp"

#include <mongoro/bson/validate.hpp>

#include <cerrno>
#include <cstring>

namespace mongoro::pool {

namespace {

error system_error(errc code, const host_address& host, int number) {
    return {code, host.to_string(), error(std::error_code(number, std::system_category()))};
}

}  // namespace

connection::connection(io::reactor_core& core, io::stream_ptr stream, host_address host)
    : core_(core), stream_(std::move(stream)), host_(std::move(host)) {
    fn = [](io::completion& self, int result) noexcept {
        static_cast<connection&>(self).on_io(result);
    };
    drain_bound_.owner = this;
    drain_bound_.fn = [](io::completion& self, int) noexcept {
        static_cast<drain_bound&>(self).owner->broken(errc::deadline_exceeded);
    };
}

connection::connection(io::reactor_core& core, std::unique_ptr<tls::channel> channel,
                       host_address host)
    : connection(core, io::stream_ptr(), std::move(host)) {
    tls_ = std::move(channel);
}

connection::~connection() {
    close();
}

void connection::close() noexcept {
    state_ = state::closed;
    drain_timer_.disarm();
    if (stream_) {
        // The kernel may still be writing into the buffer: the stream keeps it until it has let go.
        if (!stream_->idle() && buffer_) {
            stream_->keep(buffer_);
        }
        stream_.reset();
    }
    tls_.reset();  // it keeps what the kernel may still write into, and that is not our buffer
    buffer_.reset();
    ahead_.reset();
    compressed_.reset();
    sent_.reset();
}

[[gnu::hot]] void connection::start(exchange& e) {
    auto& command = **e.command_;
    request_id_ = request_id_ == std::numeric_limits<std::int32_t>::max() ? 1 : request_id_ + 1;
    auto message = command.prepare(request_id_, e.first_, e.last_, checksum_);
    iovec whole{};
    if (compressor_) [[unlikely]] {
        message = compress(message, whole);
    }
    received_ = 0;
    reply_header_.message_length = 0;
    expects_reply_ = command.acknowledged();
    exhaust_allowed_ = command.exhaust_allowed();
    if (tls_) [[unlikely]] {
        expects_reply_ ? tls_->exchange(message, *this) : tls_->send(message, *this);
    } else if (expects_reply_) {
        stream_->exchange(message, *this);
    } else {
        stream_->send(message, *this);
    }
    state_ = state::busy;
    waiter_ = &e;
}

/// The message in one OP_COMPRESSED, which `whole` is made to point at and `compressed_` holds
/// until the reply; as it is where it may not be compressed, or would be too large then.
std::span<const iovec> connection::compress(std::span<const iovec> message, iovec& whole) {
    std::span<const std::uint8_t> plain(static_cast<const std::uint8_t*>(message[0].iov_base),
                                        message[0].iov_len);
    if (!wire::may_compress(plain)) {
        return message;
    }
    io::buffer joined;
    if (message.size() > 1) {
        std::size_t size = 0;
        for (const auto& piece : message) {
            size += piece.iov_len;
        }
        joined = core_.buffers().take(size);
        std::uint8_t* to = joined.data();
        for (const auto& piece : message) {
            std::memcpy(to, piece.iov_base, piece.iov_len);
            to += piece.iov_len;
        }
        plain = {joined.data(), size};
    }
    compressed_ = core_.buffers().take(wire::compressed_bound(*compressor_, plain.size()));
    const std::size_t size = wire::compress(plain, *compressor_, zlib_level_, compressed_.bytes());
    if (size == 0 || size > static_cast<std::size_t>(limits_.max_message_size_bytes)) {
        compressed_.reset();
        return message;
    }
    whole = {compressed_.data(), size};
    return {&whole, 1};
}

/// Puts the message inside of the OP_COMPRESSED that was received in its place.
error connection::decompress() {
    const auto inside = wire::decode_compressed({buffer_.data(), expected()}, accepted_compressors_,
                                                limits_.max_message_size_bytes);
    if (!inside) {
        return inside.error();
    }
    const auto size = static_cast<std::size_t>(inside->header.message_length);
    const std::size_t behind = received_ - expected();  // of the next one, if there may be any
    auto plain = core_.buffers().take(size + behind);
    if (auto bad = wire::decompress(*inside, plain.bytes().first(size))) {
        return bad;
    }
    if (behind != 0) {
        std::memcpy(plain.data() + size, buffer_.data() + expected(), behind);
    }
    reply_header_ = inside->header;
    received_ = size + behind;
    buffer_ = std::move(plain);
    return {};
}

[[gnu::hot]] void connection::on_io(int result) noexcept {
    if (result == -ENOMEM) {
        // No buffer for the reply: this connection is lost, but the network is none the worse.
        return broken(std::make_error_code(std::errc::not_enough_memory));
    }
    if (result < 0) {
        return broken(error_of(result));
    }
    if (!expects_reply_) {
        return deliver(detail::reply{});
    }
    if (result == 0) {
        return broken({errc::connection_closed,
                       host_.to_string() + (received_ == 0 ? " closed before its reply"
                                                           : " closed in the middle of a reply")});
    }
    if (!buffer_) {
        buffer_ = tls_ ? tls_->received() : stream_->received();
    }
    received_ += static_cast<std::size_t>(result);
    try {
        auto whole = message_is_whole();
        if (!whole) {
            return broken(name_host(host_, whole.error()));
        }
        if (!*whole) {
            return;
        }
        if (reply_header_.op_code == static_cast<std::int32_t>(wire::opcode::compressed))
            [[unlikely]] {
            if (auto bad = decompress()) {
                return broken(name_host(host_, bad));
            }
        }
        wire::message message;
        message.header = reply_header_;
        if (auto bad = wire::decode_after_header({buffer_.data(), expected()}, message)) {
            return broken(name_host(host_, bad));
        }
        // What a reply that was not asked for answers, servers see differently.
        if (!more_to_come_) [[likely]] {
            if (auto answers = wire::check_response_to(reply_header_, request_id_); !answers) {
                return broken(name_host(host_, answers.error()));
            }
        }
        if (received_ > expected() || message.more_to_come() || more_to_come_) [[unlikely]] {
            if (!take_more(message)) {
                return broken(
                    {errc::malformed_message, host_.to_string() + " sent more than one reply"});
            }
        }
        if (validate_replies_) {
            if (auto valid = bson::validate(message.body); !valid) {
                return broken(name_host(host_, valid.error()));
            }
        }
        deliver(detail::reply{std::move(buffer_), message.body});
    } catch (const std::bad_alloc&) {
        broken(std::make_error_code(std::errc::not_enough_memory));
    }
}

/// Keeps what is here of the replies that follow this one; false: none may.
bool connection::take_more(const wire::message& message) {
    more_to_come_ = exhaust_allowed_ && message.more_to_come();
    if (received_ > expected()) {
        ahead_size_ = received_ - expected();
        ahead_ = core_.buffers().take(ahead_size_);
        std::memcpy(ahead_.data(), buffer_.data() + expected(), ahead_size_);
    }
    return more_to_come_ || (!message.more_to_come() && !ahead_);
}

/// Goes on with what is here of the next reply. `on_io` may be done with it at once.
void connection::read_next() {
    reply_header_.message_length = 0;
    received_ = 0;
    if (ahead_) {
        buffer_ = std::move(ahead_);
        on_io(static_cast<int>(ahead_size_));
    } else {
        buffer_ = core_.buffers().take(io::buffer_pool::smallest);
        receive(buffer_.bytes(), io::stream::receive_mode::some);
    }
}

error connection::error_of(int result) const {
    if (tls_ && tls_->failure()) {
        return tls_->failure();
    }
    return system_error(errc::network_error, host_, -result);
}

void connection::receive(std::span<std::uint8_t> in, io::stream::receive_mode mode) noexcept {
    if (tls_) [[unlikely]] {
        tls_->receive(in, mode, *this);
    } else {
        stream_->receive(in, mode, *this);
    }
}

[[gnu::hot]] result<bool> connection::message_is_whole() {
    if (reply_header_.message_length == 0) {
        if (received_ < wire::header_size) {
            receive(buffer_.bytes().subspan(received_), io::stream::receive_mode::some);
            return false;
        }
        const auto header =
            wire::decode_header({buffer_.data(), received_}, limits_.max_message_size_bytes,
                                accepted_compressors_.empty() ? wire::compressed_frames::refused
                                                              : wire::compressed_frames::accepted);
        if (!header) {
            return header.error();
        }
        reply_header_ = *header;
    }
    if (received_ >= expected()) {
        return true;
    }
    if (expected() > buffer_.capacity()) {
        auto larger = core_.buffers().take(expected());
        std::memcpy(larger.data(), buffer_.data(), received_);
        buffer_ = std::move(larger);
    }
    receive(buffer_.bytes().subspan(received_, expected() - received_),
            io::stream::receive_mode::all);
    return false;
}

[[gnu::hot]] void connection::deliver(result<detail::reply>&& r) noexcept {
    if (state_ == state::draining) {
        drain_timer_.disarm();
        sent_.reset();
        compressed_.reset();
        buffer_.reset();
        state_ = state::idle;
        if (owner_) {
            owner_->drained(*this, r ? &*r : nullptr);
        }
        return;
    }
    state_ = state::idle;
    compressed_.reset();
    buffer_.reset();
    if (auto* waiter = std::exchange(waiter_, nullptr)) {
        waiter->resume(std::move(r));
    }
}

void connection::broken(error e) noexcept {
    const bool drained = state_ == state::draining;
    auto* waiter = std::exchange(waiter_, nullptr);
    if (!failure_) {
        failure_ = e;
    }
    close();
    if (waiter) {
        waiter->resume(std::move(e));
    } else if (drained && owner_) {
        owner_->drained(*this, nullptr);
    }
}

void connection::interrupted(exchange& e, errc why) noexcept {
    begin_draining(e.command_);
    e.resume(error(why));
}

/// A reply that is so late may never come: the connection is not good any more.
void connection::timed_out() noexcept {
    broken({errc::socket_timed_out,
            host_.to_string() + " within " + std::to_string(socket_timeout_.count()) + " ms"});
}

void connection::abandon(exchange& e) noexcept {
    begin_draining(e.command_);
}

void connection::begin_draining(detail::command_handle* c) noexcept {
    waiter_ = nullptr;
    if (state_ == state::closed) {
        return;
    }
    // The reactor went first, or the replies have no end: there is nothing to wait for.
    if ((tls_ ? tls_->core() : stream_->core()) == nullptr || exhaust_allowed_) {
        return close();
    }
    sent_ = std::move(*c);
    state_ = state::draining;
    drain_timer_.arm(core_, io::timer::clock::now() + drain_timeout_, drain_bound_);
}

[[gnu::hot]] bool connection::exchange::begin(std::coroutine_handle<> h,
                                              const detail::task_context& context) {
    if (context.is_bounded()) [[unlikely]] {
        if (auto already = context.interrupted()) {
            result_ = std::move(already);
            return false;
        }
    }
    if (connection_.core_.forked()) [[unlikely]] {
        result_ = error(errc::used_after_fork, connection_.host_.to_string());
        return false;
    }
    if (connection_.state_ != state::idle) {
        result_ = error(errc::connection_closed, connection_.host_.to_string());
        return false;
    }
    if (connection_.tls_) [[unlikely]] {
        connection_.tls_->set_background(context.background);
    } else {
        connection_.stream_->set_background(context.background);
    }
    if (context.is_bounded() || connection_.socket_timeout_.count() != 0) [[unlikely]] {
        watch(context);  // before it is sent: it may throw
    }
    if (command_ != nullptr) [[likely]] {
        connection_.start(*this);
    } else {
        connection_.state_ = state::busy;
        connection_.waiter_ = this;
        connection_.read_next();
        if (connection_.waiter_ == nullptr) {
            return false;  // the reply was here already, or was none
        }
    }
    handle_ = h;
    pending_ = true;
    return true;
}

/// For the context's end, and for `socketTimeoutMS` unless the command has a limit.
void connection::exchange::watch(const detail::task_context& context) {
    auto until = context.until;
    const bool limited = command_ != nullptr && (*command_)->limit();
    if (connection_.socket_timeout_.count() != 0 && !limited) {
        const auto timeout = deadline::after(connection_.socket_timeout_);
        watcher_.of_socket = timeout < until;
        until = deadline::earlier_of(until, timeout);
    }
    if (until.is_never() && !context.stop.stop_possible()) {
        return;
    }
    watcher_.owner = this;
    watcher_.fn = [](io::completion& self, int why) noexcept {
        const auto& w = static_cast<watcher&>(self);
        auto& e = *w.owner;
        if (w.of_socket && static_cast<errc>(why) == errc::deadline_exceeded) {
            e.connection_.timed_out();
        } else {
            e.connection_.interrupted(e, static_cast<errc>(why));
        }
    };
    interrupt_.arm(
        connection_.core_, context.stop, until, watcher_,
        context.background ? io::timer::keeps_running::no : io::timer::keeps_running::yes);
}

[[gnu::hot]] void connection::exchange::resume(result<detail::reply>&& r) noexcept {
    interrupt_.disarm();
    result_ = std::move(r);
    over_ = true;
    if (std::exchange(pending_, false)) {
        handle_.resume();
    }
}

}  // namespace mongoro::pool
