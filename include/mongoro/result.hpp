#pragma once

#include <mongoro/error.hpp>

#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mongoro {

namespace detail {
[[noreturn]] void throw_error(const error& e);
}

/// A value or an `error`. `co_await as_result(op)` gives one; nothing of it throws but `value()`.
///
/// As a condition it is true when it holds a value. `*r` and `r->` need one; `error()` of a value
/// is the empty error. What converts to a T by itself makes a result by itself, and what only an
/// explicit constructor takes has to be named: `result<document>(view)`. A `std::error_code` is an
/// error, unless T is `std::error_code`.
template <typename T>
class [[nodiscard]] result {
 public:
    using value_type = T;

    result()
        requires std::is_default_constructible_v<T>
        : value_(), has_value_(true) {}
    template <typename U = T>
        requires(!std::is_same_v<std::remove_cvref_t<U>, result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, mongoro::error> &&
                 !std::is_same_v<std::remove_cvref_t<U>, errc> &&
                 (std::is_same_v<T, std::error_code> ||
                  !std::is_same_v<std::remove_cvref_t<U>, std::error_code>) &&
                 std::is_constructible_v<T, U &&>)
    explicit(!std::is_convertible_v<U&&, T>) result(U&& value)  // NOLINT
        : value_(std::forward<U>(value)), has_value_(true) {}
    result(mongoro::error e) noexcept : error_(std::move(e)), has_value_(false) {}  // NOLINT
    result(errc e) noexcept : error_(e), has_value_(false) {}                       // NOLINT
    result(std::error_code e) noexcept                                              // NOLINT
        requires(!std::is_same_v<T, std::error_code>)
        : error_(e), has_value_(false) {}

    result(const result& other)
        requires std::is_copy_constructible_v<T>
        : has_value_(other.has_value_) {
        construct(other);
    }
    result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
        : has_value_(other.has_value_) {
        construct(std::move(other));
    }
    result& operator=(const result& other)
        requires std::is_copy_constructible_v<T>
    {
        return *this = result(other);
    }
    result& operator=(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        if (this != &other) {
            destroy();
            has_value_ = other.has_value_;
            if constexpr (std::is_nothrow_move_constructible_v<T>) {
                construct(std::move(other));
            } else {
                try {
                    construct(std::move(other));
                } catch (...) {
                    has_value_ = false;
                    std::construct_at(std::addressof(error_));
                    throw;
                }
            }
        }
        return *this;
    }
    ~result() { destroy(); }

    [[nodiscard]] bool has_value() const noexcept { return has_value_; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    T& operator*() & noexcept { return value_; }
    const T& operator*() const& noexcept { return value_; }
    T&& operator*() && noexcept { return std::move(value_); }
    T* operator->() noexcept { return std::addressof(value_); }
    const T* operator->() const noexcept { return std::addressof(value_); }

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
        return has_value_ ? mongoro::error() : error_;
    }

 private:
    template <typename Other>
    void construct(Other&& other) {
        if (other.has_value_) {
            std::construct_at(std::addressof(value_), std::forward<Other>(other).value_);
        } else {
            std::construct_at(std::addressof(error_), std::forward<Other>(other).error_);
        }
    }
    void destroy() noexcept {
        if (has_value_) {
            std::destroy_at(std::addressof(value_));
        } else {
            std::destroy_at(std::addressof(error_));
        }
    }
    void check() const {
        if (!has_value_) {
            detail::throw_error(error_);
        }
    }

    // A std::variant would do, and take a user's file a sixth longer to compile.
    union {
        T value_;
        mongoro::error error_;
    };
    bool has_value_;
};

template <>
class [[nodiscard]] result<void> {
 public:
    using value_type = void;

    result() noexcept = default;
    result(mongoro::error e) noexcept : error_(std::move(e)) {}  // NOLINT
    result(errc e) noexcept : error_(e) {}                       // NOLINT
    result(std::error_code e) noexcept : error_(e) {}            // NOLINT

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
