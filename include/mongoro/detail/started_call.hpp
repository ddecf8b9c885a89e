#pragma once

#include <mongoro/detail/context.hpp>
#include <mongoro/detail/frame.hpp>
#include <mongoro/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mongoro::detail {

/// The started calls of one reactor, which owns them through it.
class call_registry;

/// An operation that was started with a callback: a node of its reactor, no coroutine of its own.
/// The operation's end schedules the node, so the callback never runs inside of the call that
/// started it.
struct started_call : ready_node {
    call_registry* registry = nullptr;
    reactor_core* core = nullptr;
    std::uint64_t id = 0;
    bool cancelled = false;
    /// Starts the operation. On the reactor's thread, from `run()` or `poll()`.
    void (*begin)(started_call&) noexcept = nullptr;
    /// Destroys the suspended operation, which cancels what it waits for.
    void (*abandon)(started_call&) noexcept = nullptr;
    void (*destroy)(started_call&) noexcept = nullptr;
    started_call* later = nullptr;   // in the registry's list of calls
    started_call** place = nullptr;  // what points at this one there
};

[[nodiscard]] call_registry& registry_of(reactor_core& core);
/// Takes `call` over and starts it: here and now inside of the reactor, else through its queue.
/// From any thread. Returns the call's id.
std::uint64_t begin_call(call_registry& registry, started_call& call);
/// Takes a call that is about to deliver out of the registry.
void end_call(started_call& call) noexcept;
/// Asks for the end of a call, if it still is under way. From any thread.
void cancel_call(call_registry& registry, std::uint64_t id);
[[nodiscard]] error to_error(const std::system_error& e);

template <typename T>
struct callback_value {
    using type = std::optional<T>;
};
template <typename T>
struct callback_value<std::optional<T>> {
    using type = std::optional<T>;
};

/// `(value or nothing, error)`
template <typename F, typename T>
concept pair_callback =
    !std::is_void_v<T> && std::invocable<F&, typename callback_value<T>::type, const error&>;
/// `(error)`, of an operation without a value
template <typename F, typename T>
concept error_callback = std::is_void_v<T> && std::invocable<F&, const error&>;
/// `(result<T>)`
template <typename F, typename T>
concept result_callback = std::invocable<F&, result<T>>;

/// What a callback of an operation that gives `T` may look like.
template <typename F, typename T>
concept callback_of = pair_callback<F, T> || error_callback<F, T> || result_callback<F, T>;

template <typename T, callback_of<T> F>
void deliver(F& callback, result<T>&& r) {
    if constexpr (error_callback<F, T>) {
        callback(r.error());
    } else if constexpr (pair_callback<F, T>) {
        // Two calls: g++ 12 takes what a conditional expression makes for uninitialised, and a
        // variable to be moved from costs 12 more instructions, of the 195 that a callback adds.
        using value = typename callback_value<T>::type;
        if (r) [[likely]] {
            const error none;
            callback(value(*std::move(r)), none);
        } else {
            const error failed = r.error();
            callback(value(), failed);
        }
    } else {
        callback(std::move(r));
    }
}

/// `Task` is a `task<U>`, where U is `T` or `result<T>`.
template <typename T, typename Task, callback_of<T> F>
struct call final : started_call {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* p, std::size_t size) noexcept { free_frame(p, size); }

    call(reactor_core& owner, Task&& o, F&& f) : operation(std::move(o)), callback(std::move(f)) {
        core = &owner;
        run = &call::finish;
        begin = [](started_call& base) noexcept {
            call& self = static_cast<call&>(base);
            auto& promise = self.operation.handle().promise();
            promise.set_context(&root_context(*self.core));
            promise.set_hop(self.core, &self);
            self.operation.handle().resume();
        };
        abandon = [](started_call& base) noexcept { static_cast<call&>(base).operation = Task(); };
        destroy = [](started_call& base) noexcept { delete static_cast<call*>(&base); };
    }

    static void finish(ready_node& node) noexcept {
        std::unique_ptr<call> self(static_cast<call*>(&node));
        reactor_core& owner = *self->core;
        end_call(*self);
        try {
            result<T> r = self->take();
            F function = std::move(self->callback);
            // All of the operation is gone before the callback runs, whatever the callback does.
            self.reset();
            deliver<T>(function, std::move(r));
        } catch (...) {
            self.reset();
            escape(owner, std::current_exception());
        }
    }

    result<T> take() {
        if (cancelled) {
            return errc::operation_cancelled;
        }
        auto& promise = operation.handle().promise();
        if constexpr (std::same_as<typename Task::value_type, result<T>>) {
            return promise.take();
        } else {
            try {
                if constexpr (std::is_void_v<T>) {
                    promise.take();
                    return {};
                } else {
                    return promise.take();
                }
            } catch (const exception& e) {
                return e.error();
            } catch (const std::system_error& e) {
                return to_error(e);
            }
        }
    }

    Task operation;
    F callback;
};

}  // namespace mongoro::detail
