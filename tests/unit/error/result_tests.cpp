#include <mongoro/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

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
