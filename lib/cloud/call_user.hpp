#pragma once

#include <mongoro/error.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace mongoro::cloud {

/// Awaits the `task<result<T>>` that `call` gives, a function of the user's; it outlives the task.
/// An exception of either becomes an error, but for `std::bad_alloc`: the login has nobody whom it
/// could be thrown to.
template <typename Call>
[[nodiscard]] std::invoke_result_t<const Call&> call_user(const Call& call) {
    try {
        auto work = call();
        if (!work) {
            co_return error(errc::invalid_argument, "a callback returned no task");
        }
        co_return co_await std::move(work);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const exception& e) {
        co_return e.error();
    } catch (...) {
        // Its text is the user's: it may be a secret, and an error is logged.
        co_return error(errc::invalid_argument, "a callback threw an exception");
    }
}

}  // namespace mongoro::cloud
