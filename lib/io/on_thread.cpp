#include "io/on_thread.hpp"

#include "io/readiness.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

namespace mongoro::io::impl {

namespace {

class descriptor {
 public:
    explicit descriptor(int number) noexcept : fd_(number) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&&) = delete;
    ~descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

 private:
    int fd_;
};

/// Signals are for the program's own threads, but for a fault of this one.
class without_signals {
 public:
    without_signals() noexcept {
        sigset_t blocked{};
        ::sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
            ::sigdelset(&blocked, fault);
        }
        ::pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    without_signals(const without_signals&) = delete;
    without_signals& operator=(const without_signals&) = delete;
    ~without_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
    sigset_t before_{};
};

/// Writes to `end` when the job is done: the reactor may be gone by then, a pipe is not. That it
/// closes would not do: a process that was forked meanwhile has it as well.
error start(std::shared_ptr<thread_job> job, descriptor end) {
    const without_signals inherited;
    try {
        std::thread([job = std::move(job), end = std::move(end)]() mutable {
            job->run();
            job->done.store(true, std::memory_order_release);
            job.reset();
            const char any = 0;
            static_cast<void>(!::write(end.get(), &any, 1));  // nobody may read it any more
        }).detach();
        return {};
    } catch (const std::system_error& e) {
        return {e.code(), "starting a thread"};
    }
}

}  // namespace

task<error> run_on_thread(reactor_core& core, std::shared_ptr<thread_job> job) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        co_return error(std::error_code(errno, std::system_category()), "making a pipe");
    }
    const descriptor here(ends[0]);
    if (auto failed = start(job, descriptor(ends[1]))) {
        co_return failed;
    }
    while (!job->done.load(std::memory_order_acquire)) {
        auto written = poll(core, here.get(), POLLIN);
        const auto seen = co_await std::move(written);
        if (!seen) {
            co_return seen.error();
        }
    }
    co_return error();
}

}  // namespace mongoro::io::impl
