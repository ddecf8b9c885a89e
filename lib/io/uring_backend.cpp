#include "io/uring_backend.hpp"

#include "io/kernel_operation.hpp"
#include "io/reactor_core.hpp"
#include "io/stream.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

namespace mongoro::io {

namespace {

/// For the completions of requests whose outcome shows elsewhere.
completion ignored{[](completion&, int) noexcept {}};

/// Counts rings made and let go of. The kernel may give a ring the addresses of one that another
/// thread has just unmapped, and orders the two; but liburing maps by system calls of its own, so
/// that ThreadSanitizer sees no order and calls it a race. This is an order that it sees.
std::atomic<unsigned> mappings{0};

/// After the prep function, which clears the entry. Every user_data is a completion's address.
void set_data(io_uring_sqe* e, completion& c) noexcept {
    io_uring_sqe_set_data(e, &c);
}

stream& owner_of(completion& c) noexcept {
    return *static_cast<impl::stream_slot&>(c).owner;
}

__kernel_timespec timespec_of(std::chrono::steady_clock::time_point when) noexcept {
    // The kernel refuses a time before its clock's zero, and takes that for nothing at all.
    const auto since = std::max(when.time_since_epoch(), std::chrono::steady_clock::duration(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    return {
        .tv_sec = seconds.count(),
        .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count()};
}

}  // namespace

uring_backend::uring_backend(reactor_core& core) : core_(core) {
    ring_.ring_fd = -1;
    wake_read_.owner = timeout_done_.owner = this;
    wake_read_.fn = [](completion& c, int res) noexcept {
        if (res != -ECANCELED) {
            static_cast<internal&>(c).owner->read_wake();
        }
    };
    timeout_done_.fn = [](completion& c, int) noexcept {
        auto& self = *static_cast<internal&>(c).owner;
        self.timeout_in_flight_ = false;
        self.core_.timers_due();
    };
}

std::unique_ptr<uring_backend> uring_backend::create(reactor_core& core, unsigned entries,
                                                     int& refused) {
    constexpr unsigned common = IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE |
                                IORING_SETUP_SUBMIT_ALL;
    // From the newest kernel to the oldest; each refuses flags that it does not know with EINVAL.
    constexpr std::array<unsigned, 3> tries{
        common | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        common | IORING_SETUP_COOP_TASKRUN,
        IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE,
    };
    constexpr unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL | IORING_FEAT_CQE_SKIP;

    std::unique_ptr<uring_backend> self(new uring_backend(core));
    int r = -EINVAL;
    io_uring_params params{};
    for (const unsigned flags : tries) {
        params = {};
        params.flags = flags;
        params.cq_entries = std::max(4096U, std::min(entries, 32768U) * 2);
        r = io_uring_queue_init_params(std::max(entries, 2U), &self->ring_, &params);
        if (r != -EINVAL) {
            break;
        }
    }
    if (r == 0 && (params.features & needed) != needed) {
        io_uring_queue_exit(&self->ring_);
        r = -ENOSYS;
    }
    if (r < 0) {
        self->ring_.ring_fd = -1;
        refused = r;
        return nullptr;
    }
    mappings.fetch_add(1, std::memory_order_acq_rel);
    self->wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
    if (self->wake_fd_ < 0) {
        refused = -errno;
        return nullptr;
    }
    return self;
}

uring_backend::~uring_backend() {
    if (ring_.ring_fd >= 0) {
        mappings.fetch_add(1, std::memory_order_acq_rel);
        io_uring_queue_exit(&ring_);
    }
    for (const int fd : {wake_fd_, handle_.load()}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

int uring_backend::bind() noexcept {
    if (bound_) {
        return 0;
    }
    // Not io_uring_enable_rings(): liburing 2.3 declares it but its shared library does not export
    // it.
    const int r = io_uring_register(static_cast<unsigned>(ring_.ring_fd),
                                    IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    if (r < 0) {
        return r;
    }
    bound_ = true;
    provided_.open(ring_, core_.buffers());
    read_wake();
    return 0;
}

// --- entries ------------------------------------------------------------------------------------

namespace {

/// Whether a submission that failed so can never succeed: from a thread that is not the ring's, or
/// without a ring, whose number may be another descriptor's by now.
bool for_good(int negated_errno) noexcept {
    return negated_errno == -EEXIST || negated_errno == -EBADF || negated_errno == -EBADFD ||
           negated_errno == -EOPNOTSUPP;
}

}  // namespace

/// The ring is another thread's, which may have ended: nothing can be submitted from here.
bool uring_backend::others() const noexcept {
    return bound_ && !core_.in_thread();
}

/// False: the kernel takes no entries any more.
bool uring_backend::flush() noexcept {
    if (!bound_) {
        // More was started before the first run() than the queue holds: this thread becomes the
        // one.
        if (!core_.claim() || bind() < 0) {
            return false;
        }
    }
    ++core_.statistics().enters;
    if (const int r = io_uring_submit(&ring_); r < 0) {
        if (for_good(r)) {
            return false;
        }
        // Short of memory, or the completion queue has overflowed: let the kernel move on, then try
        // again.
        static_cast<void>(io_uring_get_events(&ring_));
        ::sched_yield();
    }
    return true;
}

/// Makes room for `count` entries that must go in together: a link does not reach over a
/// submission.
[[gnu::hot]] void uring_backend::reserve(unsigned count) noexcept {
    while (io_uring_sq_space_left(&ring_) < count) [[unlikely]] {
        if (!flush()) {
            return;
        }
    }
}

[[gnu::hot]] io_uring_sqe* uring_backend::entry() noexcept {
    io_uring_sqe* e = io_uring_get_sqe(&ring_);
    while (e == nullptr) [[unlikely]] {
        if (!flush()) {
            return nowhere_.get();
        }
        e = io_uring_get_sqe(&ring_);
    }
    ++core_.statistics().submissions;
    return e;
}

// --- streams ------------------------------------------------------------------------------------

/// While there are few at work each receive brings a buffer, the one used last: the ring would take
/// its own in turn, one that has left the cache, and has to look for it (0.95 to 0.99 of the cycles
/// in the kernel, one at a time). Many that wait hold none.
[[gnu::hot]] bool uring_backend::chooses_buffers() const noexcept {
    constexpr std::size_t few = 8;
    return core_.in_flight() >= few && provided_.is_open();
}

[[gnu::hot]] void uring_backend::prepare_send(stream& s, bool linked) noexcept {
    constexpr int flags = MSG_NOSIGNAL | MSG_WAITALL;
    s.out_.fn = &on_out;
    const auto chunk = s.queue_.chunk();
    io_uring_sqe* e = entry();
    if (chunk.size() == 1) {
        io_uring_prep_send(e, s.fd_, chunk[0].iov_base, chunk[0].iov_len, flags);
    } else {
        s.message_.msg_iov = chunk.data();
        s.message_.msg_iovlen = chunk.size();
        io_uring_prep_sendmsg(e, s.fd_, &s.message_, flags);
    }
    set_data(e, s.out_);
    if (linked) {
        // Without CQE_SKIP the send's own completion would satisfy the wait, and the reply would
        // cost a second enter. A send that fails or falls short does complete, and then its receive
        // never does.
        e->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
    }
}

[[gnu::hot]] io_uring_sqe* uring_backend::prepare_receive(stream& s) noexcept {
    s.in_.fn = &on_in;
    io_uring_sqe* e = entry();
    if (s.choosing_) {
        io_uring_prep_recv(e, s.fd_, nullptr, 0, 0);
        e->flags |= IOSQE_BUFFER_SELECT;
        e->buf_group = provided_buffers::group;
    } else {
        io_uring_prep_recv(e, s.fd_, s.in_data_ + s.in_done_, s.in_size_ - s.in_done_,
                           s.receive_all_ ? MSG_WAITALL : 0);
    }
    set_data(e, s.in_);
    return e;
}

void uring_backend::start_send(stream& s) noexcept {
    prepare_send(s, false);
}

void uring_backend::start_receive(stream& s) noexcept {
    prepare_receive(s);
}

[[gnu::hot]] void uring_backend::start_exchange(stream& s) noexcept {
    if (!s.queue_.last_chunk()) [[unlikely]] {
        prepare_send(s, false);
        return;
    }
    reserve(2);
    prepare_send(s, true);
    io_uring_sqe* const receive = prepare_receive(s);
    if (provided_.is_open()) {  // Linux 5.19 has both
        // What is only now sent has no reply yet: the kernel need not look for one before it waits
        // (0.97 of the processor's time, one at a time).
        receive->ioprio |= IORING_RECVSEND_POLL_FIRST;
    }
}

void uring_backend::start_connect(stream& s) noexcept {
    s.out_.fn = &on_out;
    io_uring_sqe* e = entry();
    io_uring_prep_connect(e, s.fd_, reinterpret_cast<const sockaddr*>(&s.peer_), s.peer_size_);
    set_data(e, s.out_);
}

void uring_backend::on_out(completion& c, int res) noexcept {
    stream& s = owner_of(c);
    if (s.connecting_ || res < 0) {
        s.finish(s.exchanging_ ? s.in_ : s.out_, res);
        return;
    }
    s.queue_.advance(static_cast<std::size_t>(res));
    if (s.queue_.left() == 0) {
        s.finish(s.exchanging_ ? s.in_ : s.out_, 0);
    } else if (s.orphaned_ || res == 0) {
        s.finish(s.exchanging_ ? s.in_ : s.out_, -EPIPE);
    } else if (s.cancelling_out_) {
        s.finish(s.exchanging_ ? s.in_ : s.out_, -ECANCELED);  // it had gone out in part
    } else if (s.exchanging_) {
        s.core_->back().start_exchange(s);
    } else {
        s.core_->back().start_send(s);
    }
}

[[gnu::hot]] void uring_backend::on_in(completion& c, int res) noexcept {
    stream& s = owner_of(c);
    if (s.choosing_) {
        auto& self = static_cast<uring_backend&>(s.core_->back());
        if (self.chosen_ != none) {
            s.chosen_ = self.provided_.take(static_cast<unsigned>(self.chosen_));
            s.choosing_ = false;
        } else if (res == -ENOBUFS) {
            // More receives at once than there were buffers: this one brings its own.
            ++self.missing_;
            if (s.choose()) {
                self.start_receive(s);
                return;
            }
            res = -ENOMEM;
        }
    }
    if (res > 0) {
        s.in_done_ += static_cast<std::size_t>(res);
        if (s.receive_all_ && s.in_done_ < s.in_size_ && !s.orphaned_ && !s.cancelling_in_) {
            s.core_->back().start_receive(s);
            return;
        }
    }
    s.finish(s.in_, res < 0 ? res : static_cast<int>(s.in_done_));
}

void uring_backend::cancel(stream& s) noexcept {
    if (others()) {
        return;  // a thread that ended has taken its requests with it
    }
    // What has moved a part of its bytes ends with that part: it must not go on.
    if (s.out_.active && !std::exchange(s.cancelling_out_, true)) {
        ask_cancel(s, s.out_, s.cancel_out_);
    }
    if (s.in_.active && !std::exchange(s.cancelling_in_, true)) {
        ask_cancel(s, s.in_, s.cancel_in_);
    }
}

void uring_backend::ask_cancel(stream& s, completion& what, completion& mine) noexcept {
    mine.fn = &on_cancel;
    ++s.cancels_;
    io_uring_sqe* e = entry();
    io_uring_prep_cancel(e, &what, 0);
    set_data(e, mine);
}

/// A cancel that finds nothing may have come in the moment between the two halves of a link: while
/// the operation that it was for is still in flight, it is asked again.
void uring_backend::on_cancel(completion& c, int res) noexcept {
    stream& s = owner_of(c);
    --s.cancels_;
    const bool out = s.out_.active && s.cancelling_out_;
    const bool in = s.in_.active && s.cancelling_in_;
    const bool mine = &c == static_cast<completion*>(&s.cancel_out_) ? out : in;
    if (res == -ENOENT && mine && s.cancels_ == 0) {
        auto& self = static_cast<uring_backend&>(s.core_->back());
        if (out) {
            self.ask_cancel(s, s.out_, s.cancel_out_);
        }
        if (in) {
            self.ask_cancel(s, s.in_, s.cancel_in_);
        }
    }
    s.settle();
}

// --- other operations ---------------------------------------------------------------------------

void uring_backend::start(kernel_operation& op) noexcept {
    op.fn = [](completion& c, int res) noexcept { static_cast<kernel_operation&>(c).finish(res); };
    io_uring_sqe* e = entry();
    switch (op.type) {
        case kernel_operation::kind::poll:
            io_uring_prep_poll_add(e, op.fd, op.mask);
            break;
        case kernel_operation::kind::open:
            io_uring_prep_openat(e, AT_FDCWD, op.path.c_str(), op.flags, op.mode);
            break;
        case kernel_operation::kind::read:
            io_uring_prep_read(e, op.fd, op.data.data() + op.begin_at,
                               static_cast<unsigned>(op.size), op.offset);
            break;
        case kernel_operation::kind::write:
            io_uring_prep_write(e, op.fd, op.data.data() + op.begin_at,
                                static_cast<unsigned>(op.size), op.offset);
            break;
        case kernel_operation::kind::close:
            io_uring_prep_close(e, op.fd);
            break;
    }
    set_data(e, op);
}

void uring_backend::cancel(kernel_operation& op) noexcept {
    if (others()) {
        return;
    }
    io_uring_sqe* e = entry();
    io_uring_prep_cancel(e, static_cast<completion*>(&op), 0);
    set_data(e, ignored);
}

void uring_backend::arm_timeout(std::chrono::steady_clock::time_point when) noexcept {
    timeout_ = timespec_of(when);
    io_uring_sqe* e = entry();
    if (timeout_in_flight_) {
        // It may just have gone off: then this one fails, and its own completion makes the timers
        // due.
        const auto target =
            reinterpret_cast<std::uint64_t>(static_cast<completion*>(&timeout_done_));
        io_uring_prep_timeout_update(e, &timeout_, target, IORING_TIMEOUT_ABS);
        set_data(e, ignored);
    } else {
        io_uring_prep_timeout(e, &timeout_, 0, IORING_TIMEOUT_ABS);
        set_data(e, timeout_done_);
        timeout_in_flight_ = true;
    }
}

// --- the loop -----------------------------------------------------------------------------------

[[gnu::hot]] std::size_t uring_backend::turn(wait w) noexcept {
    ++core_.statistics().enters;
    int r = 0;
    if (w == wait::yes) {
        r = io_uring_submit_and_wait(&ring_, 1);
    } else {
        if (const int fd = handle_.load(std::memory_order_relaxed); fd >= 0) {
            // First drained, then looked: what comes after the drain makes it readable again.
            std::uint64_t count = 0;
            static_cast<void>(!::read(fd, &count, sizeof count));
        }
        r = io_uring_submit_and_get_events(&ring_);
    }

    std::size_t count = 0;
    unsigned head = *ring_.cq.khead;
    const unsigned tail = io_uring_smp_load_acquire(ring_.cq.ktail);
    // EINTR is a signal handler that ran. Any other error leaves the entries queued for the next
    // turn, which would go on like that without an end where there is no ring any more. Only looked
    // at where nothing came: that is found out in any case.
    if (head == tail && for_good(r)) [[unlikely]] {
        core_.lost_backend(r);
    }
    while (head != tail) {
        const io_uring_cqe& e = ring_.cq.cqes[head & ring_.cq.ring_mask];
        auto* c = reinterpret_cast<completion*>(e.user_data);
        const int res = e.res;
        chosen_ = (e.flags & IORING_CQE_F_BUFFER) != 0
                      ? static_cast<int>(e.flags >> IORING_CQE_BUFFER_SHIFT)
                      : none;
        // Given back before the call: what runs in it may submit, and needs room for what that
        // completes.
        ++head;
        io_uring_smp_store_release(ring_.cq.khead, head);
        c->fn(*c, res);
        ++count;
        if (core_.forked()) [[unlikely]] {
            return count;  // it forked, and the rest of the queue is the parent's
        }
    }
    if (missing_ != 0) [[unlikely]] {
        provided_.grow(std::exchange(missing_, 0));
    }
    return count;
}

bool uring_backend::submit() noexcept {
    if (bound_ && io_uring_sq_ready(&ring_) != 0) {
        ++core_.statistics().enters;
        static_cast<void>(io_uring_submit(&ring_));
    }
    return io_uring_sq_ready(&ring_) == 0;
}

void uring_backend::read_wake() noexcept {
    io_uring_sqe* e = entry();
    io_uring_prep_read(e, wake_fd_, &wake_count_, sizeof wake_count_, 0);
    set_data(e, wake_read_);
}

void uring_backend::wake() noexcept {
    const int saved = errno;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_fd_, &one, sizeof one));
    // The ring's completion of that read does not reach the handle: the kernel signals no eventfd
    // from inside of another one's wake-up (it puts it off, and Linux 6.18 does so only once).
    if (const int fd = handle_.load(std::memory_order_relaxed); fd >= 0) {
        static_cast<void>(!::write(fd, &one, sizeof one));
    }
    errno = saved;  // it may be a signal handler that wakes us
}

int uring_backend::native_handle() noexcept {
    if (handle_ < 0) {
        // The ring's own descriptor does not wake epoll or poll(2) with DEFER_TASKRUN; an eventfd
        // does.
        const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0) {
            return -errno;
        }
        if (const int r = io_uring_register_eventfd(&ring_, fd); r < 0) {
            ::close(fd);
            return r;
        }
        handle_ = fd;
    }
    return handle_;
}

}  // namespace mongoro::io
