#pragma once

#include <mongoro/when_all.hpp>

#include <utility>
#include <variant>
#include <vector>

namespace mongoro {

namespace detail {

template <std::size_t I, typename Variant, typename Outcomes>
Variant take_at(std::size_t winner, Outcomes& from) {
    if constexpr (I + 1 < std::tuple_size_v<Outcomes>) {
        if (winner != I) {
            return take_at<I + 1, Variant>(winner, from);
        }
    }
    return Variant(std::in_place_index<I>, std::get<I>(from).take());
}

}  // namespace detail

/// Runs all of them side by side until one has ended, with a value or by throwing; requests the
/// stop of the others and waits until they have ended too. Gives a variant whose `index()` is the
/// winner's place and whose value is the winner's, `std::monostate` if it has none; or throws what
/// the winner threw. What the others came to is dropped.
///
/// Starts in order, each up to its first wait; one that ends there keeps the ones behind it from
/// starting.
template <detail::awaitable_like... A>
    requires(sizeof...(A) > 0)
[[nodiscard]] task<std::variant<detail::element_t<detail::await_value_t<A>>...>> when_any(
    A... work) {
    std::tuple<detail::outcome<detail::await_value_t<A>>...> to;
    const auto branches = detail::branches_of(to, std::index_sequence_for<A...>(), work...);
    const std::size_t winner = co_await detail::join_any(branches);
    co_return detail::take_at<0, std::variant<detail::element_t<detail::await_value_t<A>>...>>(
        winner, to);
}

/// The same for any number of one kind, at least one: gives the winner's index and value. Throws
/// `mongoro::exception` with `errc::invalid_argument` for an empty vector.
template <detail::awaitable_like A>
[[nodiscard]] task<std::pair<std::size_t, detail::element_t<detail::await_value_t<A>>>> when_any(
    std::vector<A> work) {
    if (work.empty()) {
        throw exception(errc::invalid_argument);
    }
    std::vector<detail::outcome<detail::await_value_t<A>>> to(work.size());
    const auto branches = detail::branches_of(work, to);
    const std::size_t winner = co_await detail::join_any(branches);
    co_return std::pair<std::size_t, detail::element_t<detail::await_value_t<A>>>(
        winner, to[winner].take());
}

}  // namespace mongoro
