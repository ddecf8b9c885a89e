#pragma once

#include <chrono>
#include <compare>

namespace mongoro {

/// The latest moment at which an operation may still be under way.
///
/// A point of `std::chrono::steady_clock`, or never. A regular value: copy it, compare it, read it
/// from any thread. Scopes nest by `earlier_of`: an inner deadline can only shorten an outer one
/// (client-side-operations-timeout specification).
class deadline {
 public:
    using clock = std::chrono::steady_clock;

    /// Never passes.
    constexpr deadline() noexcept = default;
    /// Passes at `when`; `time_point::max()` is never.
    constexpr explicit deadline(clock::time_point when) noexcept : when_(when) {}

    [[nodiscard]] static constexpr deadline never() noexcept { return deadline{}; }

    /// Passes `span` from now. Zero or negative: already passed. A span too long for the clock is
    /// never, or, a negative one, the clock's first moment.
    template <typename Rep, typename Period>
    [[nodiscard]] static deadline after(std::chrono::duration<Rep, Period> span) {
        const auto now = clock::now();
        // Compared in floating point: a span such as hours::max() overflows the clock's own ticks.
        using seconds = std::chrono::duration<double>;
        const seconds most = clock::time_point::max() - now;
        if (seconds(span) >= most) {
            return never();
        }
        if (seconds(span) <= -most) {
            return deadline{clock::time_point::min()};
        }
        return deadline{now + std::chrono::ceil<clock::duration>(span)};
    }

    [[nodiscard]] static constexpr deadline earlier_of(deadline a, deadline b) noexcept {
        return a.when_ < b.when_ ? a : b;
    }

    [[nodiscard]] constexpr bool is_never() const noexcept {
        return when_ == clock::time_point::max();
    }
    [[nodiscard]] bool expired() const noexcept { return !is_never() && clock::now() >= when_; }
    [[nodiscard]] constexpr clock::time_point when() const noexcept { return when_; }
    /// What is left: zero when it has passed, `duration::max()` for never.
    [[nodiscard]] clock::duration remaining() const noexcept {
        if (is_never()) {
            return clock::duration::max();
        }
        const auto now = clock::now();
        return now >= when_ ? clock::duration::zero() : when_ - now;
    }

    friend constexpr auto operator<=>(deadline, deadline) noexcept = default;

 private:
    clock::time_point when_ = clock::time_point::max();
};

}  // namespace mongoro
