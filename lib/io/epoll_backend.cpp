#include "io/kernel_operation.hpp"
#include "io/reactor_core.hpp"
#include "io/stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mongoro::io {

/// The ring's stand-in. A socket is in the set once, edge-triggered, and is read and written as far
/// as it goes; files are read and written on the spot, a chunk a turn. What has ended waits in a
/// list until the end of the turn, so that nothing is called from inside of a starting call, nor
/// while events that may name a deleted stream are still to be looked at.
class epoll_backend final : public backend {
 public:
    explicit epoll_backend(reactor_core& core) noexcept : core_(core) {}
    ~epoll_backend() override;
    [[nodiscard]] int open() noexcept;

    int bind() noexcept override { return 0; }
    bool chooses_buffers() const noexcept override { return true; }
    void start_send(stream& s) noexcept override;
    void start_receive(stream& s) noexcept override;
    void start_exchange(stream& s) noexcept override;
    void start_connect(stream& s) noexcept override;
    void cancel(stream& s) noexcept override;
    void forget(stream& s) noexcept override;
    void start(kernel_operation& op) noexcept override;
    void cancel(kernel_operation& op) noexcept override;
    void arm_timeout(std::chrono::steady_clock::time_point when) noexcept override;
    std::size_t turn(wait w) noexcept override;
    bool submit() noexcept override { return true; }
    void wake() noexcept override;
    int native_handle() noexcept override { return set_; }

 private:
    /// The low bits of an event's data: what its pointer points at.
    enum class tag : std::uintptr_t { of_stream, of_operation, of_wake, of_timer };
    static constexpr std::uintptr_t tag_bits = 3;

    static epoll_event event_of(std::uint32_t events, tag t, const void* p) noexcept;
    void ended(stream& s, impl::stream_slot& slot, int result) noexcept;
    void ended(kernel_operation& op, int result) noexcept;
    bool watch(stream& s, impl::stream_slot& slot) noexcept;
    void send_on(stream& s) noexcept;
    void receive_on(stream& s) noexcept;
    void handle(stream& s, std::uint32_t events) noexcept;
    void unwatch(kernel_operation& op) noexcept;
    void file_chunk(kernel_operation& op) noexcept;

    reactor_core& core_;
    int set_ = -1;
    int wake_fd_ = -1;
    int timer_fd_ = -1;
    ready_list files_;
    ready_list ended_;
    ready_list calling_;
};

std::unique_ptr<backend> make_epoll_backend(reactor_core& core, int& refused) {
    auto made = std::make_unique<epoll_backend>(core);
    refused = made->open();
    if (refused < 0) {
        return nullptr;
    }
    return made;
}

epoll_backend::~epoll_backend() {
    for (const int fd : {set_, wake_fd_, timer_fd_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

epoll_event epoll_backend::event_of(std::uint32_t events, tag t, const void* p) noexcept {
    epoll_event e{};
    e.events = events;
    e.data.u64 = reinterpret_cast<std::uintptr_t>(p) | static_cast<std::uintptr_t>(t);
    return e;
}

int epoll_backend::open() noexcept {
    set_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    timer_fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (set_ < 0 || wake_fd_ < 0 || timer_fd_ < 0) {
        return -errno;
    }
    epoll_event wake = event_of(EPOLLIN, tag::of_wake, nullptr);
    epoll_event timer = event_of(EPOLLIN, tag::of_timer, nullptr);
    if (::epoll_ctl(set_, EPOLL_CTL_ADD, wake_fd_, &wake) < 0 ||
        ::epoll_ctl(set_, EPOLL_CTL_ADD, timer_fd_, &timer) < 0) {
        return -errno;
    }
    return 0;
}

// --- streams ------------------------------------------------------------------------------------

void epoll_backend::ended(stream&, impl::stream_slot& slot, int result) noexcept {
    slot.result = result;
    slot.run = [](ready_node& n) noexcept {
        auto& done = static_cast<impl::stream_slot&>(n);
        done.owner->finish(done, done.result);
    };
    ended_.push_back(slot);
}

/// In the set from its first wait on; false: it cannot be, and `slot` has ended with the reason.
bool epoll_backend::watch(stream& s, impl::stream_slot& slot) noexcept {
    if (s.registered_) {
        return true;
    }
    epoll_event e = event_of(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag::of_stream, &s);
    if (::epoll_ctl(set_, EPOLL_CTL_ADD, s.fd_, &e) < 0) {
        ended(s, slot, -errno);
        return false;
    }
    s.registered_ = true;
    return true;
}

void epoll_backend::start_send(stream& s) noexcept {
    send_on(s);
}

void epoll_backend::start_exchange(stream& s) noexcept {
    send_on(s);
}

void epoll_backend::send_on(stream& s) noexcept {
    auto& slot = s.exchanging_ ? s.in_ : s.out_;
    while (s.queue_.left() != 0) {
        const auto chunk = s.queue_.chunk();
        s.message_.msg_iov = chunk.data();
        s.message_.msg_iovlen = chunk.size();
        ++core_.statistics().submissions;
        const auto n = ::sendmsg(s.fd_, &s.message_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            s.queue_.advance(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            static_cast<void>(watch(s, slot));
            return;
        } else if (errno != EINTR) {
            ended(s, slot, -errno);
            return;
        }
    }
    if (s.exchanging_) {
        start_receive(s);
    } else {
        ended(s, slot, 0);
    }
}

void epoll_backend::start_receive(stream& s) noexcept {
    // Without an event since the last EAGAIN there is nothing to be had: the reply is still to
    // come.
    if (watch(s, s.in_) && s.readable_) {
        receive_on(s);
    }
}

void epoll_backend::receive_on(stream& s) noexcept {
    const bool chose = s.choosing_;
    if (chose && !s.choose()) {
        ended(s, s.in_, -ENOMEM);
        return;
    }
    for (;;) {
        const std::size_t wanted = s.in_size_ - s.in_done_;
        ++core_.statistics().submissions;
        const auto n = ::recv(s.fd_, s.in_data_ + s.in_done_, wanted, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            s.readable_ = false;
            if (chose) {  // who waits holds no buffer
                s.chosen_.reset();
                s.choosing_ = true;
            }
            return;
        }
        if (n < 0) {
            ended(s, s.in_, -errno);
            return;
        }
        s.in_done_ += static_cast<std::size_t>(n);
        // A short read has emptied the socket, and what comes next is a new edge; but the end of
        // the stream may have come in the same edge as these bytes.
        s.readable_ = s.hangup_ || static_cast<std::size_t>(n) == wanted;
        if (n == 0 || !s.receive_all_ || s.in_done_ == s.in_size_) {
            ended(s, s.in_, static_cast<int>(s.in_done_));
            return;
        }
        if (!s.readable_) {
            return;
        }
    }
}

void epoll_backend::start_connect(stream& s) noexcept {
    ++core_.statistics().submissions;
    const auto* to = reinterpret_cast<const sockaddr*>(&s.peer_);
    if (::connect(s.fd_, to, s.peer_size_) == 0) {
        ended(s, s.out_, 0);
    } else if (errno == EINPROGRESS || errno == EINTR) {
        static_cast<void>(watch(s, s.out_));
    } else {
        ended(s, s.out_, -errno);
    }
}

void epoll_backend::handle(stream& s, std::uint32_t events) noexcept {
    constexpr std::uint32_t gone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    s.hangup_ = s.hangup_ || (events & gone) != 0;
    s.readable_ = s.readable_ || (events & (EPOLLIN | gone)) != 0;
    const bool sending = s.out_.active && !s.out_.queued && !(s.exchanging_ && s.in_.queued);
    if (sending && s.connecting_) {
        if ((events & (EPOLLOUT | gone)) != 0) {
            int failure = 0;
            socklen_t size = sizeof failure;
            static_cast<void>(::getsockopt(s.fd_, SOL_SOCKET, SO_ERROR, &failure, &size));
            // Before it was connected it was hung up; the peer may have sent all it had since.
            s.hangup_ = failure != 0 || (events & EPOLLRDHUP) != 0;
            ended(s, s.out_, -failure);
        }
        return;
    }
    const bool still_sending = sending && s.queue_.left() != 0;
    if (still_sending && (events & (EPOLLOUT | gone)) != 0) {
        send_on(s);  // goes on to receive when it is an exchange
        if (s.exchanging_) {
            return;
        }
    }
    const bool receiving = s.in_.active && !s.in_.queued && !(s.exchanging_ && still_sending);
    if (receiving && s.readable_) {
        receive_on(s);
    }
}

void epoll_backend::cancel(stream& s) noexcept {
    if (s.out_.active && !s.exchanging_ && !s.out_.queued) {
        ended(s, s.out_, -ECANCELED);
    }
    if (s.in_.active && !s.in_.queued) {
        ended(s, s.in_, -ECANCELED);
    }
}

void epoll_backend::forget(stream& s) noexcept {
    if (s.registered_) {
        s.registered_ = false;
        static_cast<void>(::epoll_ctl(set_, EPOLL_CTL_DEL, s.fd_, nullptr));
    }
    for (auto* slot : {&s.out_, &s.in_}) {
        if (slot->queued) {
            ready_list::remove(*slot);
        }
    }
}

// --- other operations ---------------------------------------------------------------------------

void epoll_backend::ended(kernel_operation& op, int result) noexcept {
    op.result = result;
    op.known = true;
    op.run = [](ready_node& n) noexcept {
        auto& done = static_cast<kernel_operation&>(n);
        done.finish(done.result);
    };
    ended_.push_back(op);
}

void epoll_backend::start(kernel_operation& op) noexcept {
    op.done = 0;
    op.known = false;
    if (op.type != kernel_operation::kind::poll) {
        files_.push_back(op);
        return;
    }
    // A duplicate, since the set holds a descriptor once and two may wait for the same one.
    op.watched = ::fcntl(op.fd, F_DUPFD_CLOEXEC, 0);
    if (op.watched < 0) {
        ended(op, -errno);
        return;
    }
    epoll_event e = event_of(op.mask | EPOLLONESHOT, tag::of_operation, &op);
    if (::epoll_ctl(set_, EPOLL_CTL_ADD, op.watched, &e) < 0) {
        const int r = errno;
        ::close(std::exchange(op.watched, -1));
        // A regular file is always ready.
        ended(op, r == EPERM ? static_cast<int>(op.mask & (POLLIN | POLLOUT)) : -r);
    }
}

void epoll_backend::unwatch(kernel_operation& op) noexcept {
    if (op.watched >= 0) {
        static_cast<void>(::epoll_ctl(set_, EPOLL_CTL_DEL, op.watched, nullptr));
        ::close(std::exchange(op.watched, -1));
    }
}

void epoll_backend::cancel(kernel_operation& op) noexcept {
    if (op.known) {
        return;  // too late: what it opened or closed must be told
    }
    unwatch(op);
    if (op.queued) {
        ready_list::remove(op);
    }
    ended(op, -ECANCELED);
}

void epoll_backend::file_chunk(kernel_operation& op) noexcept {
    // Synchronous: small enough that the sockets do not wait long behind a cold disk.
    constexpr std::size_t chunk = std::size_t{128} << 10;
    ++core_.statistics().submissions;
    ssize_t n = 0;
    if (op.type == kernel_operation::kind::open) {
        n = ::open(op.path.c_str(), op.flags, op.mode);
    } else if (op.type == kernel_operation::kind::close) {
        n = ::close(op.fd);
    } else {
        auto* at = op.data.data() + op.begin_at + op.done;
        const std::size_t size = std::min(op.size - op.done, chunk);
        const auto offset = static_cast<off_t>(op.offset + op.done);
        n = op.type == kernel_operation::kind::read ? ::pread(op.fd, at, size, offset)
                                                    : ::pwrite(op.fd, at, size, offset);
        if (n > 0) {
            op.done += static_cast<std::size_t>(n);
        }
        if ((n < 0 && errno == EINTR) || (n > 0 && op.done < op.size)) {
            files_.push_back(op);
            return;
        }
        if (op.done > 0) {
            n = static_cast<ssize_t>(
                op.done);  // an error after the first chunk shows at the next call
        }
    }
    ended(op, n < 0 ? -errno : static_cast<int>(n));
}

void epoll_backend::arm_timeout(std::chrono::steady_clock::time_point when) noexcept {
    const auto since = std::max(when.time_since_epoch(), std::chrono::steady_clock::duration(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    itimerspec spec{};
    spec.it_value.tv_sec = seconds.count();
    spec.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    static_cast<void>(::timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &spec, nullptr));
}

// --- the loop -----------------------------------------------------------------------------------

std::size_t epoll_backend::turn(wait w) noexcept {
    const bool sleep = w == wait::yes && ended_.empty() && files_.empty();
    std::array<epoll_event, 128> events;
    ++core_.statistics().enters;
    const int n =
        ::epoll_wait(set_, events.data(), static_cast<int>(events.size()), sleep ? -1 : 0);
    if (n < 0 && errno != EINTR) [[unlikely]] {
        core_.lost_backend(-errno);
    }
    for (int i = 0; i < n; ++i) {
        const auto data = events[static_cast<std::size_t>(i)].data.u64;
        const auto happened = events[static_cast<std::size_t>(i)].events;
        std::uint64_t count = 0;
        switch (static_cast<tag>(data & tag_bits)) {
            case tag::of_stream:
                handle(*reinterpret_cast<stream*>(data), happened);
                break;
            case tag::of_operation: {
                auto& op = *reinterpret_cast<kernel_operation*>(data & ~tag_bits);
                unwatch(op);
                ended(op, static_cast<int>(happened & ~EPOLLONESHOT));
                break;
            }
            case tag::of_wake:
                static_cast<void>(!::read(wake_fd_, &count, sizeof count));
                break;
            case tag::of_timer:
                static_cast<void>(!::read(timer_fd_, &count, sizeof count));
                core_.timers_due();
                break;
        }
    }
    std::size_t total = 0;
    // One chunk each: what wants another one has gone to the back of the list.
    calling_.splice(files_);
    while (!calling_.empty()) {
        file_chunk(static_cast<kernel_operation&>(calling_.pop_front()));
        ++total;
    }
    calling_.splice(ended_);
    while (!calling_.empty()) {
        ready_node& node = calling_.pop_front();
        node.run(node);
        ++total;
        if (core_.forked()) [[unlikely]] {
            break;  // it forked, and the rest is the parent's
        }
    }
    return total;
}

void epoll_backend::wake() noexcept {
    const int saved = errno;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_fd_, &one, sizeof one));
    errno = saved;  // it may be a signal handler that wakes us
}

}  // namespace mongoro::io
