#include <mongoro/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

using mongoro::errc;
using mongoro::error;
using mongoro::result;

namespace {

/// Counts those that live; moving one throws when it is told to.
struct fragile {
    explicit fragile(int& living, bool throws = false) : living_(&living), throws_(throws) {
        ++*living_;
    }
    fragile(const fragile& other) : living_(other.living_), throws_(other.throws_) { ++*living_; }
    fragile(fragile&& other) : living_(other.living_), throws_(other.throws_) {
        if (throws_) {
            throw std::runtime_error("not moved");
        }
        ++*living_;
    }
    fragile& operator=(const fragile&) = delete;
    ~fragile() { --*living_; }

    int* living_;
    bool throws_;
};

template <typename T>
result<T> timed_out() {
    return std::make_error_code(std::errc::timed_out);
}

}  // namespace

TEST_CASE("a result holds a value or an error") {
    const result<std::string> value = "Ada";
    CHECK(value);
    CHECK(*value == "Ada");
    CHECK(value->size() == 3);
    CHECK(!value.error());
    CHECK(value.value_or("none") == "Ada");

    const result<std::string> failed = errc::connect_failed;
    CHECK(!failed);
    CHECK(failed.error() == errc::connect_failed);
    CHECK(failed.value_or("none") == "none");
    CHECK_THROWS_AS((void)failed.value(), mongoro::exception);

    CHECK(result<int>().has_value());
    CHECK(*result<int>() == 0);
    // Nothing is a value but one, an empty error neither.
    CHECK(!result<int>(error()).has_value());
}

TEST_CASE("an error code is an error, also where a value could be made of it") {
    const std::error_code code = std::make_error_code(std::errc::timed_out);
    const auto truth = timed_out<bool>();
    CHECK(!truth);
    CHECK(truth.error() == code);
    CHECK(timed_out<std::string>().error() == code);
    CHECK(timed_out<void>().error() == code);

    struct takes_all {
        takes_all(const std::error_code& /*code*/) {}  // NOLINT: that is the point
    };
    CHECK(timed_out<takes_all>().error() == code);
    result<bool> assigned = true;
    assigned = code;
    CHECK(assigned.error() == code);

    const auto asked_for = timed_out<std::error_code>();
    CHECK(asked_for.has_value());
    CHECK(*asked_for == code);
    // An error is one whatever T is.
    CHECK(!result<std::error_code>(errc::wrong_type).has_value());
}

TEST_CASE("what only an explicit constructor takes becomes a result only by its name") {
    static_assert(!std::is_convertible_v<int, result<std::vector<int>>>);
    static_assert(!std::is_convertible_v<int*, result<std::unique_ptr<int>>>);
    static_assert(!std::is_convertible_v<std::unique_ptr<int>, result<bool>>);
    static_assert(!std::is_convertible_v<result<int>, result<bool>>);
    static_assert(std::is_convertible_v<const char*, result<std::string>>);
    static_assert(std::is_convertible_v<int, result<double>>);
    static_assert(std::is_convertible_v<std::unique_ptr<int>, result<std::unique_ptr<int>>>);
    CHECK(result<std::vector<int>>(3)->size() == 3);
    CHECK(**result<std::unique_ptr<int>>(new int(7)) == 7);
}

TEST_CASE("a result is copied and moved with what it holds") {
    const error told(errc::network_error, "once");
    result<std::string> a = std::string(100, 'a');
    result<std::string> b = told;

    const auto copy = a;
    CHECK(*copy == *a);
    const auto failed = b;
    CHECK(failed.error().message() == "once");

    SUBCASE("an error over a value") {
        a = b;
        CHECK(!a);
        CHECK(a.error().message() == "once");
        CHECK(b.error().message() == "once");
    }
    SUBCASE("a value over an error") {
        b = a;
        CHECK(*b == std::string(100, 'a'));
        CHECK(*a == *b);
    }
    SUBCASE("a value over a value, an error over an error") {
        a = result<std::string>("b");
        CHECK(*a == "b");
        b = result<std::string>(errc::invalid_uri);
        CHECK(b.error() == errc::invalid_uri);
    }
    SUBCASE("itself") {
        auto& same = a;
        a = std::move(same);
        CHECK(*a == std::string(100, 'a'));
        a = same;
        CHECK(*a == std::string(100, 'a'));
    }
}

TEST_CASE("a result takes what can only be moved") {
    result<std::unique_ptr<int>> a = std::make_unique<int>(7);
    result<std::unique_ptr<int>> b = errc::wrong_type;
    b = std::move(a);
    CHECK(**b == 7);
    const std::unique_ptr<int> taken = std::move(b).value();
    CHECK(*taken == 7);
    static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
    static_assert(!std::is_copy_assignable_v<result<std::unique_ptr<int>>>);
    static_assert(std::is_nothrow_move_assignable_v<result<std::unique_ptr<int>>>);
}

TEST_CASE("a result whose value cannot be moved in is left with an error") {
    int living = 0;
    {
        result<fragile> a = result<fragile>(errc::wrong_type);
        const result<fragile> good = fragile(living);
        CHECK(living == 1);
        a = good;
        CHECK(a.has_value());
        CHECK(living == 2);

        result<fragile> bad = errc::wrong_type;
        const fragile breaks(living, true);
        result<fragile> from(breaks);
        CHECK(living == 4);
        CHECK_THROWS_AS(a = std::move(from), std::runtime_error);
        CHECK(!a.has_value());
        CHECK(from.has_value());
        CHECK(living == 3);
    }
    CHECK(living == 0);
}
