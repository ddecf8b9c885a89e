#pragma once

#include <mongoro/detail/join.hpp>
#include <mongoro/task.hpp>

#include <array>
#include <tuple>
#include <utility>
#include <vector>

namespace mongoro {

namespace detail {

template <typename Outcomes, std::size_t... I, typename... A>
std::array<branch, sizeof...(A)> branches_of(Outcomes& to, std::index_sequence<I...>, A&... a) {
    return {branch_of(std::move(a), &std::get<I>(to))...};
}

template <typename... T>
std::tuple<element_t<T>...> take_all(std::tuple<outcome<T>...>& from) {
    return std::apply([](auto&... o) { return std::tuple<element_t<T>...>{o.take()...}; }, from);
}

template <typename A, typename T>
std::vector<branch> branches_of(std::vector<A>& work, std::vector<outcome<T>>& to) {
    std::vector<branch> made;
    made.reserve(work.size());
    for (std::size_t i = 0; i < work.size(); ++i) {
        made.push_back(branch_of(std::move(work[i]), &to[i]));
    }
    return made;
}

template <typename T>
auto take_all(std::vector<outcome<T>>& from) {
    if constexpr (std::is_void_v<T>) {
        for (auto& o : from) {
            static_cast<void>(o.take());
        }
    } else {
        std::vector<T> values;
        values.reserve(from.size());
        for (auto& o : from) {
            values.push_back(o.take());
        }
        return values;
    }
}

}  // namespace detail

/// Runs all of them side by side and waits until every one has ended, also when one has failed.
/// Gives their values in order, `std::monostate` for one without a value; throws what the first one
/// in that order threw. The others are not stopped: use a `task_scope` for that, or `as_result` to
/// see each one's error.
///
/// Starts in order, each up to its first wait. Stop token and deadline are the awaiting task's; it
/// resumes where the last one ended, for tasks of a reactor on that reactor's thread.
template <detail::awaitable_like... A>
    requires(sizeof...(A) > 0)
[[nodiscard]] task<std::tuple<detail::element_t<detail::await_value_t<A>>...>> when_all(A... work) {
    std::tuple<detail::outcome<detail::await_value_t<A>>...> to;
    const auto branches = detail::branches_of(to, std::index_sequence_for<A...>(), work...);
    co_await detail::join_all(branches);
    co_return detail::take_all(to);
}

/// The same for any number of one kind: gives a vector of the values, or nothing if they have none.
template <detail::awaitable_like A>
[[nodiscard]] auto when_all(std::vector<A> work) -> task<decltype(detail::take_all(
    std::declval<std::vector<detail::outcome<detail::await_value_t<A>>>&>()))> {
    std::vector<detail::outcome<detail::await_value_t<A>>> to(work.size());
    const auto branches = detail::branches_of(work, to);
    co_await detail::join_all(branches);
    co_return detail::take_all(to);
}

}  // namespace mongoro
