#include "io/reactor_core.hpp"

#include "io/interrupt.hpp"
#include "io/kernel_operation.hpp"
#include "io/stream.hpp"
#include "io/uring_backend.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace mongoro::io {

namespace {

error system_error_of(int negated_errno) {
    return std::error_code(-negated_errno, std::system_category());
}

/// What `MONGORO_BACKEND` makes of an automatic choice.
result<reactor_backend> wanted_backend(reactor_backend asked) {
    if (asked != reactor_backend::automatic) {
        return asked;
    }
    const char* value = std::getenv("MONGORO_BACKEND");
    const std::string_view name = value != nullptr ? value : "";
    if (name.empty()) {
        return asked;
    }
    if (name == "epoll") {
        return reactor_backend::epoll;
    }
    if (name == "io_uring") {
        return reactor_backend::io_uring;
    }
    return error(errc::invalid_argument,
                 "MONGORO_BACKEND is neither epoll nor io_uring: " + std::string(name));
}

}  // namespace

// --- making and destroying ----------------------------------------------------------------------

reactor_core::reactor_core(const reactor_options& options) : buffers_(options.warm_buffer_bytes) {
    root_.core = this;
    background_scope_ = std::make_unique<detail::scope>(*this, detail::scope::on_failure::escape);
}

result<std::unique_ptr<reactor_core>> reactor_core::create(const reactor_options& options) {
    const auto wanted = wanted_backend(options.backend);
    if (!wanted) {
        return wanted.error();
    }
    std::unique_ptr<reactor_core> self(new reactor_core(options));
    int refused = 0;
    if (*wanted != reactor_backend::epoll) {
        self->backend_ = uring_backend::create(*self, options.entries, refused);
        if (self->backend_ == nullptr && *wanted == reactor_backend::io_uring) {
            return error(errc::not_supported, "io_uring is refused here", system_error_of(refused));
        }
        if (self->backend_ == nullptr && options.log != nullptr) {
            options.log(options.log_data, "mongoro: io_uring is refused here (" +
                                              system_error_of(refused).code().message() +
                                              "): using epoll");
        }
    }
    if (self->backend_ == nullptr) {
        self->kind_ = reactor_backend::epoll;
        self->backend_ = make_epoll_backend(*self, refused);
        if (self->backend_ == nullptr) {
            return error(errc::not_supported, "epoll is refused here", system_error_of(refused));
        }
    }
    return self;
}

reactor_core::~reactor_core() {
    // In a child process the visiting threads are not there.
    while (visitors_.load(std::memory_order_acquire) != 0 && !forked()) {
        std::this_thread::yield();
    }
    *alive_ = false;
    if (backend_ == nullptr) {
        return;
    }
    forget_parts();
    delete attachment_.exchange(nullptr, std::memory_order_acquire);
    background_scope_.reset();
    closing_ = true;
    while (interrupts_ != nullptr) {
        interrupts_->detach();
    }
    // What is dropped may, as its last act, post or start something: that is dropped then, too.
    for (bool more = true; more;) {
        drop_ready();
        detail::attachment* const late = attachment_.exchange(nullptr, std::memory_order_acquire);
        more = late != nullptr;
        delete late;
    }
    const bool let_go = drain_kernel();
    while (streams_ != nullptr) {
        stream& s = *streams_;
        s.leaked_ = !let_go && (!s.idle() || s.cancels_ != 0);
        s.detach();
    }
    while (operations_ != nullptr) {
        kernel_operation& op = *operations_;
        remove(op);
        op.close_descriptors();
        op.core = nullptr;
        if (op.queued) {
            ready_list::remove(op);
        }
        op.active = !let_go;
        if (let_go && op.released) {
            delete &op;
        }
    }
    if (!let_go) {
        backend_->leak();
    }
    backend_.reset();
}

/// Takes out all that has nothing to be dropped. What it is a part of, a client for one, may end
/// with something that is dropped, and without a reactor it does not take its parts out itself.
void reactor_core::forget_parts() noexcept {
    take_posts();
    ready_.splice(current_);  // there is something in a child that was made in the middle of a turn
    ready_list kept;
    while (!ready_.empty()) {
        ready_node& node = ready_.pop_front();
        if (node.drop != nullptr) {
            kept.push_back(node);
        }
    }
    ready_.splice(kept);
}

/// Destroys what was posted and did not run.
void reactor_core::drop_ready() noexcept {
    take_posts();
    while (!ready_.empty()) {
        ready_node& node = ready_.pop_front();
        if (node.drop != nullptr) {
            node.drop(node);
        }
        take_posts();
    }
}

/// Waits until the kernel has let go of every buffer. False: it cannot be waited for, on a foreign
/// thread while our own lives. What is in flight is left to the kernel for good then.
bool reactor_core::drain_kernel() noexcept {
    if (forked()) {
        return true;  // what it uses is the parent's memory, and a shutdown would be the parent's
    }
    for (stream* s = streams_; s != nullptr; s = s->next_) {
        s->in_.waiter = s->out_.waiter = nullptr;
        if (!s->idle()) {
            static_cast<void>(::shutdown(s->fd_, SHUT_RDWR));
        }
    }
    for (kernel_operation* op = operations_; op != nullptr; op = op->next_operation) {
        op->waiter = nullptr;
    }
    if (kind_ == reactor_backend::epoll || in_flight_ == 0) {
        return true;  // the kernel holds nothing of ours
    }
    if (!claim()) {
        // A thread that ends takes its requests with it: the kernel cancels them and waits.
        return owner_has_ended();
    }
    if (back().bind() < 0) {
        return false;
    }
    running_ = true;
    for (stream* s = streams_; s != nullptr; s = s->next_) {
        s->cancel();
    }
    for (kernel_operation* op = operations_; op != nullptr; op = op->next_operation) {
        op->cancel();
    }
    // A turn that waited and brought nothing was interrupted by a signal. Where all of them bring
    // nothing there is no ring any more: the program closed its descriptor.
    constexpr int most = 10'000;
    for (int nothing = 0; in_flight_ != 0 && nothing < most;) {
        nothing += back().turn(backend::wait::yes) == 0 ? 1 : 0;
    }
    return in_flight_ == 0;
}

// --- the loop -----------------------------------------------------------------------------------

namespace {

class running_guard {
 public:
    explicit running_guard(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    running_guard(const running_guard&) = delete;
    running_guard& operator=(const running_guard&) = delete;
    ~running_guard() { flag_ = false; }

 private:
    bool& flag_;
};

}  // namespace

/// However `run()` or `sync_wait` ends, it leaves what it did not get to, and timers that the
/// kernel does not know of yet.
class reactor_core::loop_guard {
 public:
    explicit loop_guard(reactor_core& core) noexcept : core_(core) { core_.running_ = true; }
    loop_guard(const loop_guard&) = delete;
    loop_guard& operator=(const loop_guard&) = delete;
    ~loop_guard() {
        core_.running_ = false;
        core_.started_outside();
    }

 private:
    reactor_core& core_;
};

bool reactor_core::claim() noexcept {
    thread_id owner = no_thread;
    const thread_id here = name_this_thread();
    if (!owner_.compare_exchange_strong(owner, here, std::memory_order_relaxed)) {
        return owner == here;
    }
    buffers_.bind();
    try {
        owner_flag_ = this_thread_ended();
        owner_ended_.store(owner_flag_.get(), std::memory_order_release);
    } catch (const std::bad_alloc&) {  // then nobody hears of its end
    }
    return true;
}

void reactor_core::enter() {
    if (forked()) {
        throw exception(errc::used_after_fork);
    }
    if (!claim()) {
        throw exception(errc::wrong_thread);
    }
    if (running_) {
        throw exception(errc::inside_reactor);
    }
    if (const int r = back().bind(); r < 0) {
        throw exception(
            error(errc::not_supported, "the ring cannot be enabled", system_error_of(r)));
    }
}

/// Whether `stop()` was called since this was asked last. Exchanges, here and there: whoever
/// `run()` returns to sees what each of the callers wrote before, since nothing else comes of their
/// calls.
[[gnu::hot]] bool reactor_core::take_stop() noexcept {
    return stop_.load(std::memory_order_relaxed) &&
           stop_.exchange(false, std::memory_order_acquire);
}

[[gnu::hot]] bool reactor_core::loop(const bool* done) {
    enter();
    const loop_guard guard(*this);
    for (;;) {
        if (take_stop()) [[unlikely]] {
            static_cast<void>(back().submit());
            return false;
        }
        run_ready();
        if (escaped_ != nullptr) [[unlikely]] {
            throw_escaped();
        }
        if (done != nullptr ? *done : !outstanding()) {
            static_cast<void>(back().submit());
            if (done == nullptr) {
                static_cast<void>(take_stop());  // done; a sync_wait with a value leaves it
            }
            return true;
        }
        if (forked()) [[unlikely]] {
            throw exception(errc::used_after_fork);
        }
        step(backend::wait::yes);
    }
}

void reactor_core::run() {
    static_cast<void>(loop(nullptr));
}

bool reactor_core::run_until(const bool& done) {
    return loop(&done);
}

std::size_t reactor_core::poll() {
    enter();
    const running_guard guard(running_);
    // So many turns, then the foreign loop gets its own; the handle stays readable if work is left.
    constexpr int most = 16;
    std::size_t total = 0;
    int turns = 0;
    for (bool more = true; more && turns < most && escaped_ == nullptr; ++turns) {
        std::size_t n = run_ready();
        n += step(backend::wait::no);
        total += n;
        // A turn that counted nothing may have taken the signal of a post, or of a timer that has
        // been disarmed since: nothing would make the handle readable any more.
        more = n != 0 || pending();
    }
    const bool submitted = back().submit();
    if ((turns == most || !submitted || pending() || escaped_ != nullptr) && has_handle_) {
        back().wake();
    }
    if (escaped_ != nullptr) {
        throw_escaped();
    }
    return total;
}

/// One turn of the backend, and the timers that it made due.
[[gnu::hot]] std::size_t reactor_core::step(backend::wait w) noexcept {
    if (timers_.earliest() < armed_) {
        armed_ = timers_.earliest();
        back().arm_timeout(armed_);
    }
    if (!ready_.empty() || posts_.load(std::memory_order_relaxed) != nullptr) {
        w = backend::wait::no;
    }
    std::size_t n = back().turn(w);
    if (timers_due_) {
        timers_due_ = false;
        n += timers_.expire(timer::clock::now());
    }
    return n;
}

void reactor_core::take_posts() noexcept {
    ready_node* node = posts_.exchange(nullptr, std::memory_order_acquire);
    ready_node* oldest = nullptr;
    while (node != nullptr) {
        ready_node* next = node->next;
        node->next = oldest;
        oldest = node;
        node = next;
    }
    while (oldest != nullptr) {
        ready_node* next = oldest->next;
        ready_.push_back(*oldest);
        oldest = next;
    }
}

[[gnu::hot]] std::size_t reactor_core::run_ready() noexcept {
    if (posts_.load(std::memory_order_relaxed) != nullptr) {
        take_posts();
    }
    if (ready_.empty()) {
        return 0;
    }
    // What is scheduled from now on waits for the next turn, so that nobody keeps the sockets
    // waiting.
    current_.splice(ready_);
    std::size_t n = 0;
    // What forks goes on in both processes; the others are the parent's alone.
    while (!current_.empty() && !forked()) {
        ready_node& node = current_.pop_front();
        node.run(node);
        ++n;
    }
    return n;
}

bool reactor_core::outstanding() const noexcept {
    return in_flight_ > background_ || timers_.keeping() != 0 || work_ != 0 || timers_due_ ||
           !ready_.empty() || posts_.load(std::memory_order_relaxed) != nullptr;
}

void reactor_core::throw_escaped() {
    static_cast<void>(back().submit());
    const std::exception_ptr e = std::exchange(escaped_, nullptr);
    if (!escaped_later_.empty()) {
        escaped_ = std::move(escaped_later_.front());
        escaped_later_.erase(escaped_later_.begin());
    }
    std::rethrow_exception(e);
}

void reactor_core::escape(std::exception_ptr e) noexcept {
    if (escaped_ == nullptr) {
        escaped_ = std::move(e);
        return;
    }
    try {
        escaped_later_.push_back(std::move(e));
    } catch (const std::bad_alloc&) {
        return;  // the first one says enough
    }
}

[[gnu::cold]] void reactor_core::lost_backend(int negated_errno) noexcept {
    if (closing_ || escaped_ != nullptr) {
        return;  // nobody is to be told, or somebody is already
    }
    try {
        escape(std::make_exception_ptr(
            exception(error(errc::reactor_stopped, "something closed the reactor's descriptor",
                            system_error_of(negated_errno)))));
    } catch (const std::bad_alloc&) {
        escape(std::current_exception());
    }
}

void reactor_core::stop() noexcept {
    static_cast<void>(stop_.exchange(true, std::memory_order_acq_rel));
    back().wake();
}

int reactor_core::native_handle() {
    if (forked()) {
        throw exception(errc::used_after_fork);
    }
    if (owner_.load(std::memory_order_relaxed) != no_thread && !in_thread()) {
        throw exception(errc::wrong_thread);
    }
    const int fd = back().native_handle();
    if (fd < 0) {
        throw exception(error(system_error_of(fd)));
    }
    if (!has_handle_) {
        has_handle_ = true;
        back().wake();  // for what was prepared, and not shown, before there was a handle
    }
    return fd;
}

// --- scheduling ---------------------------------------------------------------------------------

void reactor_core::schedule(ready_node& node) noexcept {
    if (inside()) {
        ready_.push_back(node);
        return;
    }
    // What the node resumes may destroy this reactor while we are still about to wake it.
    visitors_.fetch_add(1, std::memory_order_relaxed);
    node.queued = true;
    node.prev = nullptr;
    ready_node* top = posts_.load(std::memory_order_relaxed);
    do {
        node.next = top;
    } while (!posts_.compare_exchange_weak(top, &node, std::memory_order_release,
                                           std::memory_order_relaxed));
    // From here on the node is the reactor's.
    if (top == nullptr) {
        back().wake();
    }
    visitors_.fetch_sub(1, std::memory_order_release);
}

void reactor_core::unschedule(ready_node& node) noexcept {
    if (!node.queued) {
        return;
    }
    if (node.prev == nullptr) {
        take_posts();
    }
    ready_list::remove(node);
}

void reactor_core::await_schedule(ready_node& node) noexcept {
    // Until it is found the node is the other thread's: it is not looked into.
    while (!forked()) {  // there the other thread is missing
        take_posts();
        if (ready_.contains(node) || current_.contains(node)) {
            ready_list::remove(node);
            return;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
}

// --- lists --------------------------------------------------------------------------------------

void reactor_core::add(interrupt& i) noexcept {
    i.prev_ = nullptr;
    i.next_ = interrupts_;
    if (interrupts_ != nullptr) {
        interrupts_->prev_ = &i;
    }
    interrupts_ = &i;
}

void reactor_core::remove(interrupt& i) noexcept {
    (i.prev_ != nullptr ? i.prev_->next_ : interrupts_) = i.next_;
    if (i.next_ != nullptr) {
        i.next_->prev_ = i.prev_;
    }
}

void reactor_core::add(stream& s) noexcept {
    s.prev_ = nullptr;
    s.next_ = streams_;
    if (streams_ != nullptr) {
        streams_->prev_ = &s;
    }
    streams_ = &s;
}

void reactor_core::remove(stream& s) noexcept {
    (s.prev_ != nullptr ? s.prev_->next_ : streams_) = s.next_;
    if (s.next_ != nullptr) {
        s.next_->prev_ = s.prev_;
    }
}

void reactor_core::add(kernel_operation& op) noexcept {
    op.prev_operation = nullptr;
    op.next_operation = operations_;
    if (operations_ != nullptr) {
        operations_->prev_operation = &op;
    }
    operations_ = &op;
}

void reactor_core::remove(kernel_operation& op) noexcept {
    (op.prev_operation != nullptr ? op.prev_operation->next_operation : operations_) =
        op.next_operation;
    if (op.next_operation != nullptr) {
        op.next_operation->prev_operation = op.prev_operation;
    }
}

}  // namespace mongoro::io
