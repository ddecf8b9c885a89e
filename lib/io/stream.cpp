#include "io/stream.hpp"

#include "io/reactor_core.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace mongoro::io {

namespace impl {

[[gnu::hot]] void send_queue::set(std::span<const iovec> out) {
    iovec* to = few_.data();
    if (out.size() > few_.size()) {
        many_.resize(out.size());
        to = many_.data();
    }
    left_ = 0;
    count_ = 0;
    at_ = to;
    for (const iovec& v : out) {
        if (v.iov_len != 0) {
            to[count_++] = v;
            left_ += v.iov_len;
        }
    }
}

void send_queue::advance(std::size_t n) noexcept {
    left_ -= n;
    while (n != 0 && n >= at_->iov_len) {
        n -= at_->iov_len;
        ++at_;
        --count_;
    }
    if (n != 0) {
        at_->iov_base = static_cast<char*>(at_->iov_base) + n;
        at_->iov_len -= n;
    }
}

[[gnu::hot]] std::span<iovec> send_queue::chunk() noexcept {
    return {at_, std::min<std::size_t>(count_, IOV_MAX)};
}

[[gnu::hot]] bool send_queue::last_chunk() const noexcept {
    return count_ <= IOV_MAX;
}

}  // namespace impl

namespace {

void set_blocking(int fd, bool blocking) noexcept {
    const int flags = ::fcntl(fd, F_GETFL);
    const int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    if (flags >= 0 && wanted != flags) {
        static_cast<void>(::fcntl(fd, F_SETFL, wanted));
    }
}

}  // namespace

void stream_closer::operator()(stream* s) const noexcept {
    s->close();
}

stream_ptr stream::make(reactor_core& core, int fd) {
    return stream_ptr(new stream(core, fd));
}

stream::stream(reactor_core& core, int fd) noexcept : core_(&core), fd_(fd) {
    out_.owner = in_.owner = cancel_out_.owner = cancel_in_.owner = this;
    // The ring answers EAGAIN for a non-blocking socket instead of waiting for it.
    set_blocking(fd, core.kind() == reactor_backend::io_uring);
    core.add(*this);
}

stream::~stream() {
    if (core_ != nullptr) {
        core_->back().forget(*this);
        core_->remove(*this);
    }
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

void stream::close() noexcept {
    out_.waiter = in_.waiter = nullptr;
    orphaned_ = true;
    if (core_ != nullptr && core_->forked()) [[unlikely]] {
        // The kernel works with the parent's memory; shutdown(2) would end the parent's connection.
        let_go();
    } else if (core_ != nullptr && !idle()) {
        // A send that is retried after this fails before it reads a byte of its buffers.
        static_cast<void>(::shutdown(fd_, SHUT_RDWR));
        core_->back().cancel(*this);
        core_->started_outside();
    }
    settle();
}

/// Nothing is in flight any more, as far as this process is concerned.
void stream::let_go() noexcept {
    for (auto* slot : {&out_, &in_}) {
        slot->active = false;
        slot->waiter = nullptr;
        if (slot->queued) {
            ready_list::remove(*slot);
        }
    }
    cancels_ = 0;
}

/// Frees an orphan once nothing refers to it.
void stream::settle() noexcept {
    if (orphaned_ && idle() && cancels_ == 0 && !leaked_) {
        delete this;
    }
}

[[gnu::hot]] void stream::exchange(std::span<const iovec> out, std::span<std::uint8_t> in,
                                   completion& c) {
    if (core_ == nullptr) {
        return;
    }
    choosing_ = false;
    start_exchange(out, in, c);
}

[[gnu::hot]] void stream::start_exchange(std::span<const iovec> out, std::span<std::uint8_t> in,
                                         completion& c) {
    queue_.set(out);
    in_data_ = in.data();
    in_size_ = in.size();
    in_done_ = 0;
    exchanging_ = true;
    connecting_ = receive_all_ = cancelling_in_ = cancelling_out_ = false;
    in_.waiter = &c;
    in_.active = out_.active = true;
    core_->began(background_);
    core_->back().start_exchange(*this);
}

[[gnu::hot]] void stream::exchange(std::span<const iovec> out, completion& c) {
    if (core_ == nullptr) {
        return;
    }
    choosing_ = core_->back().chooses_buffers();
    if (!choosing_) {
        chosen_ = core_->buffers().take(buffer_pool::smallest);
    }
    start_exchange(out, chosen_.bytes(), c);
}

/// Takes a buffer of the pool for a receive that has none; false: there is no memory.
bool stream::choose() noexcept {
    choosing_ = false;
    try {
        chosen_ = core_->buffers().take(buffer_pool::smallest);
    } catch (const std::bad_alloc&) {
        return false;
    }
    in_data_ = chosen_.data();
    in_size_ = buffer_pool::smallest;
    return true;
}

void stream::send(std::span<const iovec> out, completion& c) {
    if (core_ == nullptr) {
        return;
    }
    queue_.set(out);
    exchanging_ = connecting_ = cancelling_out_ = false;
    out_.waiter = &c;
    out_.active = true;
    core_->began(background_);
    core_->back().start_send(*this);
}

void stream::receive(std::span<std::uint8_t> in, receive_mode mode, completion& c) noexcept {
    if (core_ == nullptr) {
        return;
    }
    choosing_ = false;
    in_data_ = in.data();
    in_size_ = in.size();
    in_done_ = 0;
    receive_all_ = mode == receive_mode::all;
    cancelling_in_ = false;
    in_.waiter = &c;
    in_.active = true;
    core_->began(background_);
    core_->back().start_receive(*this);
}

void stream::connect(const sockaddr* address, socklen_t size, completion& c) noexcept {
    if (core_ == nullptr) {
        return;
    }
    peer_size_ = std::min<socklen_t>(size, sizeof peer_);
    std::memcpy(&peer_, address, peer_size_);
    exchanging_ = cancelling_out_ = false;
    connecting_ = true;
    out_.waiter = &c;
    out_.active = true;
    core_->began(background_);
    core_->back().start_connect(*this);
}

void stream::cancel() noexcept {
    if (core_ != nullptr && !idle()) {
        core_->back().cancel(*this);
        core_->started_outside();
    }
}

void stream::abandon(const completion& c) noexcept {
    for (auto* slot : {&out_, &in_}) {
        if (slot->waiter == &c) {
            slot->waiter = nullptr;
        }
    }
}

void stream::keep(buffer b) noexcept {
    if (idle()) {
        return;
    }
    try {
        kept_.push_back(b);
    } catch (const std::bad_alloc&) {
        // The kernel may still use it: this share is never given back.
        alignas(buffer) std::array<std::byte, sizeof(buffer)> never;
        new (never.data()) buffer(std::move(b));
    }
}

/// `slot`'s operation ended; of an exchange, both directions did.
[[gnu::hot]] void stream::finish(impl::stream_slot& slot, int result) noexcept {
    slot.active = false;
    if (exchanging_) {
        out_.active = false;
        exchanging_ = false;
    }
    core_->ended(background_);
    completion* waiter = std::exchange(slot.waiter, nullptr);
    if (!kept_.empty() && idle()) [[unlikely]] {
        kept_.clear();
    }
    if (waiter != nullptr) {
        waiter->fn(*waiter, result);  // may delete this
    } else {
        settle();
    }
}

/// The reactor goes first, after the kernel let go: the socket is closed, nobody is called.
void stream::detach() noexcept {
    let_go();
    core_->back().forget(*this);
    core_->remove(*this);
    core_ = nullptr;
    ::close(std::exchange(fd_, -1));
    if (!leaked_) {
        kept_.clear();
    }
    settle();
}

}  // namespace mongoro::io
