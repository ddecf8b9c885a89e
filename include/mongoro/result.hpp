#pragma once

#include <mongoro/error.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace mongoro {

namespace detail {
[[noreturn]] void throw_error(const error& e);
}

/// A value or an `error`. `co_await as_result(op)` gives one; nothing of it throws but `value()`.
///
/// As a condition it is true when it holds a value. `*r` and `r->` need one; `error()` of a value
/// is the empty error.
template <typename T>
class [[nodiscard]] result {
 public:
    using value_type = T;

    result()
        requires std::is_default_constructible_v<T>
        : state_(std::in_place_index<0>) {}
    template <typename U = T>
        requires(std::is_constructible_v<T, U &&> &&
                 !std::is_same_v<std::remove_cvref_t<U>, result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, mongoro::error> &&
                 !std::is_same_v<std::remove_cvref_t<U>, errc>)
    result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}        // NOLINT
    result(mongoro::error e) noexcept : state_(std::in_place_index<1>, std::move(e)) {}  // NOLINT
    result(errc e) noexcept : state_(std::in_place_index<1>, e) {}                       // NOLINT

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    T& operator*() & noexcept { return *std::get_if<0>(&state_); }
    const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
    T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    T* operator->() noexcept { return std::get_if<0>(&state_); }
    const T* operator->() const noexcept { return std::get_if<0>(&state_); }

    /// The value; throws `mongoro::exception` if there is none.
    T& value() & {
        check();
        return **this;
    }
    const T& value() const& {
        check();
        return **this;
    }
    T&& value() && {
        check();
        return std::move(**this);
    }
    template <typename U>
    T value_or(U&& other) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(other));
    }

    [[nodiscard]] mongoro::error error() const noexcept {
        const auto* e = std::get_if<1>(&state_);
        return e ? *e : mongoro::error{};
    }

 private:
    void check() const {
        if (const auto* e = std::get_if<1>(&state_)) {
            detail::throw_error(*e);
        }
    }

    std::variant<T, mongoro::error> state_;
};

template <>
class [[nodiscard]] result<void> {
 public:
    using value_type = void;

    result() noexcept = default;
    result(mongoro::error e) noexcept : error_(std::move(e)) {}  // NOLINT
    result(errc e) noexcept : error_(e) {}                       // NOLINT

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
    void value() const {
        if (error_) {
            detail::throw_error(error_);
        }
    }
    [[nodiscard]] const mongoro::error& error() const noexcept { return error_; }

 private:
    mongoro::error error_;
};

}  // namespace mongoro
