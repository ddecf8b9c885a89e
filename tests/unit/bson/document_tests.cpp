#include "bytes.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/validate.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace mongoro;
using namespace mongoro::bson::test;

TEST_CASE("a document grows by appending, and is whole after each step") {
    document d;
    CHECK(d.empty());
    CHECK(d.size() == 5);
    for (int i = 0; i < 200; ++i) {
        d.append(std::to_string(i), i);
        REQUIRE(validate(d));
    }
    CHECK(d.count() == 200);
    CHECK(d["199"].get<int>() == 199);
    d.append("text", "x").append("last", true);
    CHECK(d["last"].get<bool>());
}

TEST_CASE("appending to a document of braces goes on where it ended") {
    document d{{"a", 1}};
    d.append("b", 2);
    CHECK(d == document{{"a", 1}, {"b", 2}});
    d.append_elements(document{{"c", 3}, {"d", 4}});
    CHECK(d == document{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}});
    d.append_elements(document{});
    CHECK(d.count() == 4);
}

TEST_CASE("an append that fails leaves the document as it was") {
    document d{{"a", 1}};
    const document before = d;
    CHECK_THROWS_AS(d.append(std::string_view("b\0d", 3), 1), exception);
    CHECK(d == before);
    CHECK(validate(d));
    CHECK_THROWS_AS(d.append("list", std::vector<std::uint64_t>{1, ~std::uint64_t{0}}), exception);
    CHECK(d == before);
    CHECK(validate(d));
    d.append("b", 2);
    CHECK(d == document{{"a", 1}, {"b", 2}});

    document none;
    CHECK_THROWS_AS(none.append("\xFF", 1), exception);
    CHECK(none.empty());
    CHECK(none == document{});
    none.append("x", 1);
    CHECK(none == document{{"x", 1}});
}

TEST_CASE("a copy is independent, and a moved-from document is empty") {
    document a{{"x", 1}};
    document b = a;
    b.append("y", 2);
    CHECK(a.count() == 1);
    CHECK(b.count() == 2);
    const document c = std::move(b);
    CHECK(b.empty());  // NOLINT: what a moved-from document is, is promised
    CHECK(c.count() == 2);
    b = c;
    CHECK(b == c);
    const document& self = b;
    b = self;
    CHECK(b == c);
    a = document{};
    CHECK(a.empty());
    b.clear();
    CHECK(b.empty());
    b.append("z", 1);
    CHECK(b == document{{"z", 1}});
}

TEST_CASE("bytes go into a document and out of it without a copy") {
    bson::byte_buffer buffer;
    bson::writer w(buffer);
    w.begin_document();
    w.append("i", 1);
    w.end();
    const auto* const where = buffer.data();
    document d(std::move(buffer));
    CHECK(d.data() == where);
    CHECK(d["i"].get<int>() == 1);
    const auto out = d.release();
    CHECK(out.data() == where);
    CHECK(d.empty());
    CHECK(document{}.release().size() == 5);
}

TEST_CASE("an array counts its keys, also after bytes that came from elsewhere") {
    array a;
    for (int i = 0; i < 12; ++i) {
        a.append(i);
    }
    CHECK(a.count() == 12);
    CHECK(validate(a.view().as_document(), {.array_keys = true}));
    array b(a.view());
    b.append("next");
    CHECK(b.count() == 13);
    CHECK(b[12].get<std::string>() == "next");
    CHECK(validate(b.view().as_document(), {.array_keys = true}));
    CHECK_THROWS_AS(a.append(~std::uint64_t{0}), exception);
    a.append(12);
    CHECK(a.count() == 13);
    CHECK(validate(a.view().as_document(), {.array_keys = true}));
    array from_braces = arr(1, 2);
    from_braces.append(3);
    CHECK(from_braces == arr(1, 2, 3));
    from_braces.clear();
    from_braces.append("x");
    CHECK(from_braces == arr("x"));
}

TEST_CASE("a moved-from array is empty and counts from 0 again") {
    const auto two = [] {
        array a;
        a.append(1);
        a.append(2);
        return a;
    };
    array a = two();
    array b = std::move(a);
    CHECK(a.empty());  // NOLINT: what a moved-from array is, is promised
    a.append(7);
    CHECK(a == arr(7));
    CHECK(a.begin()->key() == "0");
    CHECK(b == arr(1, 2));
    b.append(3);
    CHECK(b == arr(1, 2, 3));

    a = std::move(b);
    CHECK(b.empty());  // NOLINT
    b.append(8);
    CHECK(b == arr(8));
    a.append(4);
    CHECK(a == arr(1, 2, 3, 4));

    array& same = a;
    a = std::move(same);
    a.append(5);
    CHECK(a == arr(1, 2, 3, 4, 5));

    // An array that has not counted yet.
    array uncounted(arr(1, 2).view());
    array taker = std::move(uncounted);
    taker.append(3);
    CHECK(taker == arr(1, 2, 3));
    uncounted.append(9);  // NOLINT
    CHECK(uncounted == arr(9));

    array c = arr(1);
    (void)c.release();
    c.append(8);
    CHECK(c == arr(8));
}
