#pragma once

#include <mongoro/detail/context.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace mongoro {

/// What a reactor waits with.
enum class reactor_backend : std::uint8_t {
    automatic,  ///< io_uring, or epoll where io_uring is refused
    io_uring,
    epoll,
};

/// All of a reactor's settings.
struct reactor_options {
    /// Which backend. The environment's `MONGORO_BACKEND=epoll|io_uring` goes before `automatic`.
    reactor_backend backend = reactor_backend::automatic;
    /// Entries of the submission queue; rounded up to a power of two, 2 to 32,768. A full queue is
    /// submitted early, so this bounds nothing. Default 256.
    unsigned entries = 256;
    /// Bytes of receive buffers that are kept warm when nobody uses them; 0 keeps none. Default 64
    /// MiB. A ring has besides them 128 KiB to choose from, up to 4 MiB after as many replies came
    /// at once.
    std::size_t warm_buffer_bytes = std::size_t{64} << 20;
    /// Called from the constructor, once, when io_uring was refused and epoll took over. Null:
    /// silence.
    void (*log)(void* log_data, std::string_view line) = nullptr;
    void* log_data = nullptr;
};

/// What a reactor has counted since it was made.
struct reactor_statistics {
    std::uint64_t enters = 0;       ///< io_uring_enter, or epoll_wait, calls
    std::uint64_t submissions = 0;  ///< entries given to the ring; on epoll: socket and file calls
    std::uint64_t completions = 0;  ///< operations that ended
};

/// An event loop of one thread: sockets, timers, files and the coroutines that wait for them.
///
/// It binds to the thread that first calls `run()`, `poll()` or `sync_wait` on it, or that starts
/// more before that than its queue has entries. From other threads only these are allowed:
/// `post()`, `stop()`, awaiting an `awaitable` of this reactor, `start()` of one with a callback,
/// `call_handle::cancel()`, `task_scope::cancel()` and whatever else requests a stop; `run()`,
/// `poll()`, `sync_wait` and `native_handle()` there throw `mongoro::exception` with
/// `errc::wrong_thread`. Destroy it on its thread, or after that thread has ended. One that is
/// destroyed on another thread while its own still lives cannot wait for the kernel: it then leaks
/// the buffers that the kernel still holds.
///
/// It must outlive every call that another thread makes of it: `run()` may return while `stop()` is
/// still under way there. Make it where it is destroyed, run it on a thread, join that thread.
///
/// After fork() it is the parent's: in the child `run()`, `poll()` and `sync_wait` throw
/// `errc::used_after_fork`, operations of its clients end with it, and destroying it there closes
/// the child's descriptors and touches nothing else. A child makes its own. (A child of vfork() or
/// clone(2) is not recognised.)
///
/// Destroying it closes every socket, waits for what the kernel still does, drops what was posted,
/// and resumes nobody: a coroutine that still waits stays suspended until its owner destroys it.
///
/// An exception that leaves a posted function or a callback leaves `run()` or `poll()`, after the
/// current turn; the reactor stays usable. It does not where something else in the process has
/// closed its descriptor: then `run()`, `poll()` and `sync_wait` throw `errc::reactor_stopped`,
/// with the system's error as its cause.
class reactor {
 public:
    /// Throws `mongoro::exception`, with the system's error as its cause, when the backend that was
    /// asked for is refused: `errc::not_supported`; `errc::invalid_argument` for a bad
    /// `MONGORO_BACKEND`.
    explicit reactor(const reactor_options& options = {});
    /// The same without an exception.
    [[nodiscard]] static result<std::unique_ptr<reactor>> create(
        const reactor_options& options = {});

    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;
    ~reactor();

    /// Runs until `stop()`, or until nothing is outstanding: no operation in flight (but those in
    /// the background), no timer, nothing posted. Throws `errc::inside_reactor` when called from
    /// inside.
    void run();

    /// Runs what is ready, never waits, and submits all that was prepared. Returns how many
    /// completions and posted functions ran. Call it when `native_handle()` is readable, or at any
    /// time.
    std::size_t poll();

    /// A descriptor that is readable, until `poll()` is called, when that has something to do, and
    /// now and then when it has not: add it to any event loop, for reading. It belongs to the
    /// reactor; never read it. Posts, timers, and what `run()`, `sync_wait` or an exception left
    /// behind make it readable, too. Made on the first call; throws `errc::wrong_thread`, or the
    /// system's error when no descriptor is left.
    [[nodiscard]] int native_handle();

    /// Makes `run()` return after the current turn, and `sync_wait` throw; without one, the next
    /// one ends at once. It does so once: a `run()` that returns in that turn anyway, for want of
    /// work, has used it up. It is left for the next one where it could not be seen: a `sync_wait`
    /// has its value in that turn, or an exception leaves. Several calls may count as one. What the
    /// caller wrote before is seen after the `run()` that it ended. From any thread, and from a
    /// signal handler.
    void stop() noexcept;

    /// Runs `f()` from `run()` or `poll()`, in the order of the posts of one thread. From any
    /// thread. One allocation; a function that is still queued when the reactor is destroyed is
    /// destroyed unrun.
    template <typename F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void post(F&& f) {
        detail::schedule(*core_, *new posted<std::decay_t<F>>(*core_, std::forward<F>(f)));
    }

    /// The backend in use: never `automatic`.
    [[nodiscard]] reactor_backend backend() const noexcept;
    /// True on the thread that it is bound to.
    [[nodiscard]] bool in_reactor_thread() const noexcept;
    /// Operations that the kernel, or the epoll set, has not finished. On the reactor's thread.
    [[nodiscard]] std::size_t in_flight() const noexcept;
    [[nodiscard]] reactor_statistics statistics() const noexcept;

    /// For the library's own layers.
    [[nodiscard]] detail::reactor_core& core() noexcept { return *core_; }

 private:
    template <typename F>
    struct posted final : detail::ready_node {
        template <typename G>
        posted(detail::reactor_core& owner, G&& g) : core(&owner), function(std::forward<G>(g)) {
            run = [](detail::ready_node& node) noexcept {
                std::unique_ptr<posted> self(static_cast<posted*>(&node));
                try {
                    self->function();
                } catch (...) {
                    detail::escape(*self->core, std::current_exception());
                }
            };
            drop = [](detail::ready_node& node) noexcept { delete static_cast<posted*>(&node); };
        }
        detail::reactor_core* core;
        F function;
    };
    explicit reactor(std::unique_ptr<detail::reactor_core> core) noexcept;

    std::unique_ptr<detail::reactor_core> core_;
};

}  // namespace mongoro
