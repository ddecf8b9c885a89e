#include "tls/channel.hpp"

#include "io/reactor_core.hpp"
#include "io/stream_awaiter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace mongoro::tls {

namespace {

/// Of ciphertext, each way: seven records a system call.
constexpr std::size_t largest_piece = std::size_t{128} << 10;

}  // namespace

result<std::unique_ptr<channel>> channel::make(std::shared_ptr<context> shared,
                                               io::stream_ptr stream, const host_address& host) {
    auto made = engine::make(std::move(shared), host, session_cache::clock::now());
    if (!made) {
        return made.error();
    }
    return std::unique_ptr<channel>(new channel(std::move(*made), std::move(stream)));
}

channel::channel(std::unique_ptr<engine> e, io::stream_ptr stream)
    : engine_(std::move(e)), stream_(std::move(stream)) {
    fn = [](io::completion& self, int result) noexcept {
        static_cast<channel&>(self).on_io(result);
    };
    deferred_.owner = this;
    deferred_.run = [](detail::ready_node& node) noexcept {
        auto& self = *static_cast<deferred&>(node).owner;
        self.deliver(self.result_);
    };
}

channel::~channel() {
    if (stream_->core() == nullptr) {
        return;
    }
    if (deferred_.queued) {
        detail::cancel_schedule(*stream_->core(), deferred_);
    }
    if (!stream_->idle()) {
        stream_->keep(cipher_in_);
    } else if (doing_ == doing::nothing && !failure_ && !stream_->core()->forked()) {
        // Not in a child: it would be the parent's connection that ends, and a record that the
        // parent has yet to number.
        if (room_.empty()) {
            lend_room(small_out_.size());
        }
        engine_->say_end();
        static_cast<void>(
            ::send(stream_->fd(), room_.data(), engine_->written(), MSG_DONTWAIT | MSG_NOSIGNAL));
    }
}

// --- the operations -----------------------------------------------------------------------------

void channel::handshake(io::completion& c) noexcept {
    start(doing::shaking_hands, c);
}

void channel::exchange(std::span<const iovec> out, io::completion& c) {
    out_.set(out);
    wants_reply_ = own_in_ = true;
    all_ = false;
    in_ = {};
    plain_.reset();
    start(doing::sending, c);
}

void channel::send(std::span<const iovec> out, io::completion& c) {
    out_.set(out);
    wants_reply_ = false;
    start(doing::sending, c);
}

void channel::receive(std::span<std::uint8_t> in, receive_mode mode, io::completion& c) noexcept {
    in_ = in;
    own_in_ = false;
    all_ = mode == receive_mode::all;
    start(doing::receiving, c);
}

void channel::start(doing what, io::completion& c) noexcept {
    if (stream_->core() == nullptr) {
        return;
    }
    waiter_ = &c;
    doing_ = what;
    in_done_ = 0;
    cancelled_ = false;
    starting_ = true;
    if (failure_) {
        finish(-EPROTO);
    } else if (ended_) {
        lose(what == doing::sending && !wants_reply_ ? -EPIPE : 0);
    } else {
        go_on();
    }
    starting_ = false;
}

void channel::cancel() noexcept {
    cancelled_ = true;
    stream_->cancel();
}

void channel::abandon(const io::completion& c) noexcept {
    if (waiter_ == &c) {
        waiter_ = nullptr;
    }
}

// --- the steps ----------------------------------------------------------------------------------

void channel::go_on() noexcept {
    try {
        const auto next = step();
        if (!next) {
            fail(next.error());
        } else if (*next == after::end) {
            finish(doing_ == doing::receiving ? static_cast<int>(in_done_) : 0);
        } else if (cancelled_) {
            finish(-ECANCELED);
        } else {
            transfer(*next);
        }
    } catch (const std::bad_alloc&) {
        finish(-ENOMEM);
    }
}

result<channel::after> channel::step() {
    switch (doing_) {
        case doing::shaking_hands:
            return shake();
        case doing::sending:
            return encrypt();
        default:
            return decrypt();
    }
}

result<channel::after> channel::shake() {
    if (room_.empty()) {
        lend_room(io::buffer_pool::smallest);
    }
    const auto next = engine_->handshake();
    if (!next) {
        return next.error();
    }
    if (*next == engine::want::input) {
        return after::input;
    }
    // When it is complete, what is written must still go out.
    return engine_->written() != 0 ? after::output : after::end;
}

result<channel::after> channel::encrypt() {
    for (;;) {
        if (piece_.empty()) {
            if (out_.left() == 0) {
                break;
            }
            next_piece();
        }
        const std::size_t need = piece_.size() + engine::most_overhead;
        if (room_.empty()) {
            const std::size_t all = piece_.size() + out_.left();
            lend_room(all + (all / engine::record + 1) * engine::most_overhead);
        } else if (engine_->written() != 0 && room_.size() - engine_->written() < need) {
            return after::output;
        }
        const auto done = engine_->encrypt(piece_);
        if (!done) {
            return done.error();
        }
        piece_ = piece_.subspan(done->bytes);
        if (done->ended || done->next == engine::want::input) {
            return after::input;  // the rest of a message that is none of ours
        }
        if (done->next == engine::want::output) {
            return after::output;
        }
    }
    gathered_.reset();
    if (!wants_reply_) {
        return engine_->written() != 0 ? after::output : after::end;
    }
    doing_ = doing::receiving;
    // What is left of an earlier receive is looked at first, once this is out.
    return engine_->unread() == 0 ? after::input : after::output;
}

/// The next record's plaintext: from where it is, or several small parts put together.
void channel::next_piece() {
    const auto parts = out_.chunk();
    if (parts.size() == 1 || parts.front().iov_len >= engine::record) {
        const auto size = std::min(parts.front().iov_len, engine::record);
        piece_ = {static_cast<const std::uint8_t*>(parts.front().iov_base), size};
        out_.advance(size);
        return;
    }
    if (!gathered_) {
        gathered_ = stream_->core()->buffers().take(engine::record);
    }
    std::size_t filled = 0;
    while (filled < engine::record && out_.left() != 0) {
        const iovec part = out_.chunk().front();
        const auto size = std::min(part.iov_len, engine::record - filled);
        std::memcpy(gathered_.data() + filled, part.iov_base, size);
        filled += size;
        out_.advance(size);
    }
    piece_ = {gathered_.data(), filled};
}

result<channel::after> channel::decrypt() {
    if (own_in_ && !plain_) {
        plain_ = stream_->core()->buffers().take(io::buffer_pool::smallest);
        in_ = plain_.bytes().first(io::buffer_pool::smallest);
    }
    while (in_done_ < in_.size()) {
        const auto done = engine_->decrypt(in_.subspan(in_done_));
        if (!done) {
            if (in_done_ != 0 && !all_) {
                failure_ = done.error();  // what came before it counts
                return after::end;
            }
            return done.error();
        }
        in_done_ += done->bytes;
        if (done->ended) {
            if (engine_->lacks_certificate()) {
                return engine_->closed_for_certificate();
            }
            ended_ = true;
            return after::end;
        }
        if (done->next == engine::want::input) {
            if (in_done_ != 0 && !all_) {
                return after::end;
            }
            if (own_in_) {
                plain_.reset();  // who waits holds no buffer
            }
            return after::input;
        }
        if (done->next == engine::want::output) {
            if (!room_.empty()) {
                return after::output;
            }
            lend_room(small_out_.size());  // the answer to a key update
        }
    }
    return after::end;
}

// --- ciphertext ---------------------------------------------------------------------------------

void channel::lend_room(std::size_t size) {
    if (size <= small_out_.size()) {
        room_ = small_out_;
    } else {
        cipher_out_ = stream_->core()->buffers().take(std::min(size, largest_piece));
        room_ = cipher_out_.bytes();
    }
    engine_->put_into(room_);
}

void channel::take_room_back() noexcept {
    room_ = {};
    engine_->put_into({});
    cipher_out_.reset();
}

void channel::transfer(after what) {
    const iovec out{room_.data(), engine_->written()};
    receives_ = what == after::input;
    if (!receives_) {
        return stream_->send({&out, 1}, *this);
    }
    if (out.iov_len != 0) {
        chooses_ = true;
        cipher_in_.reset();
        return stream_->exchange({&out, 1}, *this);
    }
    take_room_back();
    const std::size_t wanted = all_ && in_.size() - in_done_ > largest_piece / 2
                                   ? largest_piece
                                   : io::buffer_pool::smallest;
    if (cipher_in_.capacity() < wanted) {
        cipher_in_ = stream_->core()->buffers().take(wanted);
    }
    stream_->receive(cipher_in_.bytes(), receive_mode::some, *this);
}

void channel::on_io(int result) noexcept {
    if (std::exchange(chooses_, false)) {
        cipher_in_ = stream_->received();
    }
    if (waiter_ == nullptr) {
        doing_ = doing::failing;  // half a record may be out
        return;
    }
    if (doing_ == doing::failing) {
        return finish(-EPROTO);
    }
    if (doing_ == doing::hearing_last_words || result == -EPIPE || result == -ECONNRESET) {
        return hear_last_words(result);
    }
    if (result < 0) {
        return finish(result);
    }
    take_room_back();
    if (receives_ && result == 0) {
        ended_ = doing_ == doing::receiving;
        return lose(ended_ ? static_cast<int>(in_done_) : 0);
    }
    if (receives_) {
        engine_->give({cipher_in_.data(), static_cast<std::size_t>(result)});
    }
    go_on();
}

/// Who refuses a client's certificate says so and closes, while the client is sending already: then
/// sending fails, but the reason has come. In TLS 1.3 the handshake is over by then.
void channel::hear_last_words(int result) noexcept {
    try {
        if (doing_ != doing::hearing_last_words) {
            in_ = {};
            plain_.reset();
            wants_reply_ = doing_ != doing::shaking_hands;  // by now: the handshake is complete
            doing_ = doing::hearing_last_words;
            result_ = result;
            take_room_back();
        } else if (result <= 0) {
            return lose(result_);
        } else {
            engine_->give({cipher_in_.data(), static_cast<std::size_t>(result)});
        }
        if (room_.empty()) {
            lend_room(io::buffer_pool::smallest);
        }
        while (engine_->unread() != 0) {
            if (!wants_reply_) {
                const auto next = engine_->handshake();
                if (!next) {
                    return fail(next.error());
                }
                break;
            }
            if (!gathered_) {
                gathered_ = stream_->core()->buffers().take(engine::record);
            }
            const auto done = engine_->decrypt(gathered_.bytes());
            if (!done) {
                return fail(done.error());
            }
            if (done->bytes == 0) {
                break;
            }
        }
        if (cancelled_ || engine_->unread() != 0) {
            return lose(result_);
        }
        if (!cipher_in_) {
            cipher_in_ = stream_->core()->buffers().take(io::buffer_pool::smallest);
        }
        stream_->receive(cipher_in_.bytes(), receive_mode::some, *this);
    } catch (const std::bad_alloc&) {
        finish(-ENOMEM);
    }
}

// --- the end ------------------------------------------------------------------------------------

/// Ends an operation whose connection has ended: with `result` unless there is more to say.
void channel::lose(int result) noexcept {
    try {
        if (!cancelled_ && engine_->lacks_certificate()) {
            return fail(engine_->closed_for_certificate());
        }
        if (result == 0 && !ended_) {
            return fail({errc::connection_closed, engine_->peer() + " closed" + in_handshake(0)});
        }
        finish(result);
    } catch (const std::bad_alloc&) {
        finish(-ENOMEM);
    }
}

void channel::fail(error e) noexcept {
    const bool tell = doing_ != doing::hearing_last_words && engine_->written() != 0 && !cancelled_;
    failure_ = std::move(e);
    if (!tell) {
        return finish(-EPROTO);
    }
    doing_ = doing::failing;
    try {
        transfer(after::output);  // the alert that says why
    } catch (const std::bad_alloc&) {
        finish(-EPROTO);
    }
}

void channel::finish(int result) noexcept {
    doing_ = doing::nothing;
    piece_ = {};
    gathered_.reset();
    if (result <= 0) {
        plain_.reset();
    }
    if (!failure_ && !ended_ && engine_->unread() != 0) {
        // A ticket or the peer's end behind the last plaintext: then nothing need be kept.
        if (auto rest = engine_->skip(); !rest) {
            failure_ = rest.error();
        } else {
            ended_ = rest->ended;
        }
    }
    if (engine_->unread() == 0 || failure_ || ended_) {
        engine_->give({});
        cipher_in_.reset();
    }
    if (engine_->written() == 0) {
        take_room_back();
    }
    if (!starting_) {
        deliver(result);
    } else if (stream_->core() != nullptr) {
        result_ = result;
        detail::schedule(*stream_->core(), deferred_);
    }
}

void channel::deliver(int result) noexcept {
    if (auto* const waiter = std::exchange(waiter_, nullptr)) {
        waiter->fn(*waiter, result);  // may delete this
    }
}

// --- for coroutines -----------------------------------------------------------------------------

error channel::error_of(int result, std::string_view when) const {
    if (result == -EPROTO && failure_) {
        return failure_;
    }
    return {errc::network_error, engine_->peer() + std::string(when),
            error(std::error_code(-result, std::system_category()))};
}

/// When it was. A server that speaks no TLS closes when it finds that what it got is no message:
/// without a word, and with a reset if there is more that it has not read.
std::string channel::in_handshake(int result) const {
    const bool ended = result == 0 || result == -ECONNRESET || result == -EPIPE;
    return std::string(" during the TLS handshake") +
           (ended && !engine_->heard() ? "; does the server use TLS?" : "");
}

task<result<void>> channel::shake_hands() {
    const detail::task_context context = co_await detail::this_context{};
    error why;
    const int r = co_await io::waiting(
        *this, context, [this](io::completion& c) { handshake(c); }, &why);
    if (why) {
        co_return why;
    }
    if (r < 0) {
        co_return error_of(r, in_handshake(r));
    }
    co_return result<void>();
}

task<result<void>> channel::send_all(std::span<const std::uint8_t> bytes) {
    const detail::task_context context = co_await detail::this_context{};
    const iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    error why;
    const int r = co_await io::waiting(
        *this, context,
        [&](io::completion& c) {
            send({&part, 1}, c);
        },
        &why);
    if (why) {
        co_return why;
    }
    if (r < 0) {
        co_return error_of(r);
    }
    co_return result<void>();
}

task<result<std::size_t>> channel::receive_some(std::span<std::uint8_t> into) {
    const detail::task_context context = co_await detail::this_context{};
    error why;
    const int r = co_await io::waiting(
        *this, context, [&](io::completion& c) { receive(into, receive_mode::some, c); }, &why);
    if (why) {
        co_return why;
    }
    if (r < 0) {
        co_return error_of(r);
    }
    co_return static_cast<std::size_t>(r);
}

}  // namespace mongoro::tls
