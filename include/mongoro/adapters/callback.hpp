#pragma once

#include <mongoro/as_result.hpp>
#include <mongoro/awaitable.hpp>
#include <mongoro/cursor.hpp>
#include <mongoro/deadline.hpp>
#include <mongoro/detail/branch.hpp>
#include <mongoro/detail/started_call.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task.hpp>
#include <mongoro/with_deadline.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace mongoro {

/// An operation that was started with a callback: only good for cancelling it.
///
/// A plain value; dropping it does nothing. It must not be used once its reactor is gone.
class call_handle {
 public:
    call_handle() noexcept = default;
    call_handle(detail::call_registry& registry, std::uint64_t id) noexcept
        : registry_(&registry), id_(id) {}

    /// Ends the operation early: its callback runs, from `run()` or `poll()`, with
    /// `errc::operation_cancelled`; an operation that has ended already is left alone. While it
    /// waits for a server or for a connection, nothing is sent. Later the server may have carried
    /// it out: its reply is drained and the connection kept.
    ///
    /// The operation is destroyed where it is suspended. A task that must do something at its end
    /// takes a token instead, by `start(with_stop(...), ...)`; so should one that awaits an
    /// operation of another thread's reactor, whose end this would block the reactor for. From any
    /// thread.
    void cancel() const {
        if (registry_ != nullptr) {
            detail::cancel_call(*registry_, id_);
        }
    }

 private:
    detail::call_registry* registry_ = nullptr;
    std::uint64_t id_ = 0;
};

namespace detail {

template <typename T, typename Task, typename F>
call_handle start_call(reactor_core& core, Task&& operation, F&& callback) {
    call_registry& registry = registry_of(core);
    auto* started = new call<T, std::remove_cvref_t<Task>, std::remove_cvref_t<F>>(
        core, std::forward<Task>(operation), std::forward<F>(callback));
    return call_handle(registry, begin_call(registry, *started));
}

[[noreturn]] void throw_no_reactor();

/// Whether `as_result` knows how to await an `A` without an exception.
template <typename A>
concept has_result = requires(A a) { as_result(std::move(a)); };

template <typename A, typename T = await_value_t<A>>
task<T> as_task(A operation) {
    co_return co_await std::move(operation);
}

template <has_result A, typename T = await_value_t<A>>
task<result<T>> as_result_task(A operation) {
    co_return co_await as_result(std::move(operation));
}

/// How `each` ended, but for an error.
struct each_end {
    enum class kind : std::uint8_t { exhausted, stopped, threw };
    // A constructor: g++ 12 copies an aggregate bitwise in a coroutine.
    explicit each_end(kind k = kind::exhausted, std::exception_ptr e = nullptr) noexcept
        : how(k), thrown(std::move(e)) {}
    kind how;
    std::exception_ptr thrown;
};

template <typename T, typename F>
struct each_callback {
    F function;

    void operator()(const result<each_end>& end) {
        if (!end) {
            static_cast<void>(function(std::optional<T>(), end.error()));
        } else if (end->how == each_end::kind::threw) {
            std::rethrow_exception(end->thrown);
        } else if (end->how == each_end::kind::exhausted) {
            static_cast<void>(function(std::optional<T>(), error()));
        }
    }
};

/// Whether to go on.
template <typename T, typename F>
bool tell_one(F& callback, T&& document) {
    const error none;
    if constexpr (std::same_as<std::invoke_result_t<F&, std::optional<T>, const error&>, bool>) {
        return callback(std::optional<T>(std::move(document)), none);
    } else {
        callback(std::optional<T>(std::move(document)), none);
        return true;
    }
}

/// Says that it has begun: then all that the reactor itself had to refuse is behind it.
template <has_result A, typename T = await_value_t<A>>
task<result<T>> begun_as_result(A operation, bool* begun) {
    *begun = true;
    co_return co_await as_result(std::move(operation));
}

template <typename T, typename F>
task<result<each_end>> each_in(std::shared_ptr<cursor_core> cursor, F& callback) {
    for (;;) {
        while (cursor->has_buffered()) {
            result<T> document = batch<T>::decode(cursor->take(batch<T>::ahead));
            if (!document) {
                co_return document.error();
            }
            // Kept until this coroutine is gone: its state is cleaned up before the exception goes
            // on.
            std::exception_ptr thrown;
            try {
                if (!tell_one<T>(callback, *std::move(document))) {
                    co_return each_end(each_end::kind::stopped);
                }
            } catch (...) {
                thrown = std::current_exception();
            }
            if (thrown) {
                co_return each_end(each_end::kind::threw, std::move(thrown));
            }
        }
        const result<bool> more = co_await cursor->fetch();
        if (!more) {
            co_return more.error();
        }
        if (!*more) {
            co_return each_end();
        }
    }
}

}  // namespace detail

/// Starts an operation and calls `callback` when it has ended.
///
/// * `callback(value, error)`: `value` is a `std::optional`, empty with an error; of an operation
/// that
///   gives an optional itself (`find_one`) also empty when there is nothing. `error` is false
///   without one. An operation that gives nothing calls `callback(error)`. A callback may take one
///   `result<T>` instead.
/// * It is called exactly once, on the reactor's thread, from `run()` or `poll()`: never from
/// inside of
///   `start` itself, and not at all if the reactor is destroyed first.
/// * No exception is thrown on the way to it.
/// * When it is called the operation's state is gone, so it may start the next one, or throw: then
/// the
///   exception leaves `run()` or `poll()` after the current turn, and the reactor stays usable.
///
/// From any thread: inside of its reactor the operation starts here and now, anywhere else when the
/// reactor next runs. A deadline or a token: `start(with_deadline(op, d), callback)`. What a
/// callback keeps alive (`this`, a `shared_ptr`) lives until it was called.
///
/// Costs no allocation once warm, and no coroutine beside the operation's own.
template <typename T, detail::callback_of<T> F>
call_handle start(awaitable<T>&& operation, F callback) {
    detail::reactor_core* core = operation.core();
    if (core == nullptr) {
        detail::throw_no_reactor();
    }
    return detail::start_call<T>(*core, std::move(operation).release(), std::move(callback));
}

template <typename Source, detail::callback_of<typename Source::value_type> F>
call_handle start(buffered_awaitable<Source>&& operation, F callback) {
    return start(awaitable<typename Source::value_type>(std::move(operation)), std::move(callback));
}

/// The same of anything else that can be awaited, on `on`: a task, an operation that is not tied to
/// a reactor, what `with_deadline`, `when_all` and the like give.
///
/// A `mongoro::exception` or a `std::system_error` that leaves it becomes the callback's error. Any
/// other leaves `run()` or `poll()`, and the callback is not called.
template <detail::awaitable_like A, detail::callback_of<detail::await_value_t<A>> F>
call_handle start(reactor& on, A operation, F callback) {
    using value = detail::await_value_t<A>;
    if constexpr (std::same_as<A, task<value>>) {
        return detail::start_call<value>(on.core(), std::move(operation), std::move(callback));
    } else if constexpr (detail::has_result<A>) {
        if constexpr (std::same_as<A, awaitable<value>>) {
            if (operation.core() == nullptr || operation.core() == &on.core()) {
                return detail::start_call<value>(on.core(), std::move(operation).release(),
                                                 std::move(callback));
            }
        }
        return detail::start_call<value>(on.core(), detail::as_result_task(std::move(operation)),
                                         std::move(callback));
    } else {
        return detail::start_call<value>(on.core(), detail::as_task(std::move(operation)),
                                         std::move(callback));
    }
}

/// Calls `callback(document, error)` once a document; then once with neither, at the end, or once
/// with the error. `document` is a `std::optional<T>`.
///
/// A callback that returns `false` stops it: it is not called again, and the cursor can go on with
/// the next document, by another `each`, `next()` or `to_list`. So it can after an error of the
/// codec. A callback that returns nothing never stops it. A tailable cursor ends, here, whenever
/// nothing new is there.
///
/// The documents of a batch are given in one go, without a coroutine for each; a document that is a
/// view is good until the callback returns. `each` keeps what the cursor stands for alive: the
/// cursor itself may be a temporary. Everything else as of `start`.
template <typename T, typename F>
    requires std::invocable<F&, std::optional<T>, const error&>
call_handle each(const cursor<T>& documents, F callback) {
    detail::reactor_core& core = documents.shared_core()->core();
    detail::call_registry& registry = detail::registry_of(core);
    using work = task<result<detail::each_end>>;
    using call = detail::call<detail::each_end, work, detail::each_callback<T, F>>;
    auto* started = new call(core, work(), detail::each_callback<T, F>{std::move(callback)});
    started->operation = detail::each_in<T>(documents.shared_core(), started->callback.function);
    return call_handle(registry, detail::begin_call(registry, *started));
}

/// Calls `callback` once, with up to `n` of the documents that are left in a `std::vector<T>`, or
/// the error.
template <typename T, detail::callback_of<std::vector<T>> F>
call_handle to_list(cursor<T>& documents, std::size_t n, F callback) {
    return start(documents.to_vector(n), std::move(callback));
}
template <typename T, detail::callback_of<std::vector<T>> F>
call_handle to_list(cursor<T>&& documents, std::size_t n, F callback) {
    return start(documents.to_vector(n), std::move(callback));
}

/// Runs `operation` to its end on this thread, for the first connect of a program that has no loop
/// yet: `open_sync(reactor, client.ping(), deadline::after(10s))`. Throws nothing of its own.
///
/// Everything else of the reactor runs meanwhile. Errors, beside the operation's:
/// `errc::deadline_exceeded`, `errc::inside_reactor` from inside of the reactor that it would have
/// to drive, `errc::wrong_thread`, `errc::reactor_stopped`, `errc::used_after_fork` in a child
/// process, `errc::not_supported` (with the system's error as its cause) if the kernel does not let
/// a new ring run. An exception of a callback that runs meanwhile passes through; then the
/// operation is cancelled.
template <detail::awaitable_like A>
[[nodiscard]] result<detail::await_value_t<A>> open_sync(reactor& on, A operation, deadline until) {
    if (detail::inside_reactor(on.core())) {
        return errc::inside_reactor;
    }
    bool begun = false;
    try {
        return sync_wait(
            on, detail::begun_as_result(with_deadline(std::move(operation), until), &begun));
    } catch (const exception& e) {
        // From then on only these two are sync_wait's own; any other is of a callback.
        if (!begun || e.error() == errc::reactor_stopped || e.error() == errc::used_after_fork) {
            return e.error();
        }
        throw;
    }
}

}  // namespace mongoro
