#include <mongoro/detail/reflect.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace mongoro::detail;
using names = std::vector<std::string_view>;

template <typename T>
names names_of() {
    return {field_names<T>.begin(), field_names<T>.end()};
}

struct pair {
    int x, y;
};
struct wrapped {
    int only;
};
enum class colour { red };
struct no_default {
    explicit(false) no_default(int) {}
};

struct every_kind {
    bool flag;
    std::string text;
    std::optional<std::string> maybe;
    std::vector<std::map<std::string, int>> deep;
    pair nested;
    wrapped wrap;
    int numbers[3];
    int grid[2][2];
    std::array<int, 3> array;
    char chars[10];
    std::unique_ptr<int> pointer;
    colour c;
    std::optional<std::optional<pair>> twice;
    const int constant = 1;
    pair pairs[2];
    std::function<void()> function;
    double last;
};

struct empty {};
struct one_nested {
    pair p;
};
struct one_optional {
    std::optional<wrapped> o;
};
struct one_array {
    int a[4];
};
struct explicit_default {
    explicit explicit_default() = default;
};
struct has_explicit {
    int a;
    explicit_default e;
    int b;
};
struct made_from_values {
    int a;
    no_default n;
    std::optional<int> o;
    std::string s;
    no_default m;
};
struct initialised {
    int a = 3;
    no_default n = 4;
    std::string b = "x";
};
struct tree {
    int value;
    std::vector<tree> children;
    std::unique_ptr<tree> next;
};

struct derived : pair {
    int z;
};
struct derived_from_empty : empty {
    int z;
};
struct with_private {
    int a;

 private:
    [[maybe_unused]] int b = 0;
};
struct with_reference {
    int a;
    int& r;
};
struct with_const_reference {
    const std::string& r;
};

struct eight {
    int a, b, c, d, e, f, g, h;
};

struct sixty_four {
    // clang-format off
    int a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
    int c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7;
    int e0, e1, e2, e3, e4, e5, e6, e7, f0, f1, f2, f3, f4, f5, f6, f7;
    int g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2, h3, h4, h5, h6, h7;
    // clang-format on
};
struct sixty_five {
    // clang-format off
    int a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
    int c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7;
    int e0, e1, e2, e3, e4, e5, e6, e7, f0, f1, f2, f3, f4, f5, f6, f7;
    int g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2, h3, h4, h5, h6, h7, i0;
    // clang-format on
};

}  // namespace

namespace outer::inner {
struct global {
    int _id;
    std::string under_score;
    double camelCase;
};
}  // namespace outer::inner

TEST_CASE("each kind of member counts as one field, and none is mistaken for several") {
    CHECK(names_of<every_kind>() == names{"flag", "text", "maybe", "deep", "nested", "wrap",
                                          "numbers", "grid", "array", "chars", "pointer", "c",
                                          "twice", "constant", "pairs", "function", "last"});
    CHECK(names_of<one_nested>() == names{"p"});
    CHECK(names_of<one_optional>() == names{"o"});
    CHECK(names_of<one_array>() == names{"a"});
}

TEST_CASE("an empty struct has no fields") {
    CHECK(field_count<empty> == 0);
    CHECK(names_of<empty>().empty());
}

TEST_CASE("names with underscores, of a namespace and of a recursive type are the source's own") {
    CHECK(names_of<outer::inner::global>() == names{"_id", "under_score", "camelCase"});
    CHECK(names_of<tree>() == names{"value", "children", "next"});
}

TEST_CASE("a struct that is local to a function is seen") {
    struct local {
        int first;
        std::string second;
        std::optional<pair> third;
    };
    CHECK(names_of<local>() == names{"first", "second", "third"});

    const auto in_lambda = [](auto value) {
        struct innermost {
            decltype(value) v;
            int other;
        };
        return names_of<innermost>();
    };
    CHECK(in_lambda(1) == names{"v", "other"});
    CHECK(in_lambda(std::string()) == names{"v", "other"});
}

TEST_CASE("members without a default constructor are counted by their values") {
    CHECK(names_of<has_explicit>() == names{"a", "e", "b"});
    CHECK(names_of<made_from_values>() == names{"a", "n", "o", "s", "m"});
    CHECK(names_of<initialised>() == names{"a", "n", "b"});
}

TEST_CASE("64 fields are the most that are seen") {
    CHECK(field_count<sixty_four> == 64);
    CHECK(field_names<sixty_four>.front() == "a0");
    CHECK(field_names<sixty_four>.back() == "h7");
    CHECK(why_not_reflected<sixty_five>() == reflect_failure::too_many);
}

TEST_CASE("a type whose fields cannot be seen says why") {
    CHECK(why_not_reflected<int>() == reflect_failure::not_a_class);
    CHECK(why_not_reflected<with_private>() == reflect_failure::not_an_aggregate);
    CHECK(why_not_reflected<std::string>() == reflect_failure::not_an_aggregate);
    CHECK(why_not_reflected<derived>() == reflect_failure::has_base);
    CHECK(why_not_reflected<derived_from_empty>() == reflect_failure::has_base);
    CHECK(why_not_reflected<with_reference>() == reflect_failure::unclear);
    CHECK(why_not_reflected<with_const_reference>() == reflect_failure::unclear);
    CHECK(why_not_reflected<pair>() == reflect_failure::none);
}

TEST_CASE("a visit gives references to the fields in order") {
    eight e{1, 2, 3, 4, 5, 6, 7, 8};
    visit_fields(e, [](auto&... field) { ((field *= 2), ...); });
    CHECK(e.a == 2);
    CHECK(e.h == 16);
    const eight& c = e;
    CHECK(visit_fields(c, [](const auto&... field) { return (field + ...); }) == 72);
}

TEST_CASE("each name ends with a NUL, so that it can be copied with it") {
    for (std::string_view name : field_names<every_kind>) {
        CHECK(name.data()[name.size()] == '\0');
    }
}
