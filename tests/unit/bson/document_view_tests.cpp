#include "bytes.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/validate.hpp>

#include <bson/bson.h>
#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace mongoro;
using namespace mongoro::bson::test;

namespace {

/// Walks everything and reads every value in every way; the sum keeps the reads alive.
std::size_t touch_all(bson::document_view view, int depth = 0) {
    std::size_t sum = view.count();
    std::size_t steps = 0;
    for (const auto& [key, value] : view) {
        REQUIRE(++steps <= view.size() + 1);
        sum += key.size() + value.raw().size() + value.path().size();
        sum += value.try_get<std::string>().value_or("").size();
        sum += static_cast<std::size_t>(value.get_or<bool>(false));
        sum += static_cast<std::size_t>(value.get_or<std::int64_t>(0) & 1);
        sum += value.get_or<double>(0) > 1;
        sum += value.get_or(bson::binary_view{}).bytes.size();
        sum += value.get_or(bson::regex_view{}).options.size();
        sum += value.get_or(bson::code_view{}).code.size();
        sum += value.get_or(bson::db_pointer_view{}).collection.size();
        sum += view[key].raw().size();
        const auto scope = value.get_or(bson::code_with_scope_view{});
        sum += scope.code.size();
        if (depth < 20) {
            sum += touch_all(scope.scope, depth + 1);
            sum += touch_all(value.get_or(bson::document_view{}), depth + 1);
            sum += touch_all(value.get_or(bson::array_view{}).as_document(), depth + 1);
        }
    }
    sum += static_cast<std::size_t>(compare(view, view) == 0);
    return sum;
}

document everything() {
    return document{{"double", 1.5},
                    {"string", "text"},
                    {"document", {{"a", 1}, {"b", {{"c", "d"}}}}},
                    {"array", {1, 2, {3}}},
                    {"binary", bson::binary(std::vector<std::uint8_t>{1, 2})},
                    {"old", bson::binary_view{bson::binary_subtype::binary_old, {}}},
                    {"object_id", object_id{}},
                    {"boolean", true},
                    {"date", bson::date{}},
                    {"null", nullptr},
                    {"regex", bson::regex("a", "i")},
                    {"db_pointer", bson::db_pointer("c", {})},
                    {"code", bson::code("f")},
                    {"scope", bson::code_with_scope("f", document{{"x", 1}})},
                    {"int32", 1},
                    {"timestamp", bson::timestamp{1, 2}},
                    {"int64", 1L},
                    {"decimal", decimal128{}},
                    {"min", bson::min_key{}},
                    {"max", bson::max_key{}}};
}

}  // namespace

TEST_CASE("a default view is the empty document") {
    const bson::document_view v;
    CHECK(v.empty());
    CHECK(v.size() == 5);
    CHECK(v.count() == 0);
    CHECK(v.begin() == v.end());
    CHECK_FALSE(v["x"].exists());
    CHECK(bytes_of(v) == hex("05000000 00"));
    CHECK(bson::array_view{}.empty());
}

TEST_CASE("a walk gives keys, types and values in their order") {
    const document d{{"a", 1}, {"b", "two"}, {"c", {3}}};
    std::string keys;
    std::vector<bson::type> types;
    for (const auto& [key, value] : d) {
        keys += key;
        types.push_back(value.type());
    }
    CHECK(keys == "abc");
    CHECK(types == std::vector{bson::type::int32, bson::type::string, bson::type::array});
    auto it = d.begin();
    const auto first = it++;
    CHECK(first->key() == "a");
    CHECK(it->key() == "b");
    CHECK(it->value().get<std::string_view>() == "two");
}

TEST_CASE("a key is found by its whole name") {
    const document d{{"ab", 1}, {"a", 2}, {"abc", 3}, {"", 4}, {"a", 5}};
    CHECK(d["a"].get<int>() == 2);
    CHECK(d["ab"].get<int>() == 1);
    CHECK(d["abc"].get<int>() == 3);
    CHECK(d[""].get<int>() == 4);
    CHECK_FALSE(d["abcd"].exists());
    CHECK_FALSE(d["b"].exists());
    CHECK(d.contains("abc"));
    CHECK_FALSE(d.contains(std::string_view("a\0b", 3)));
    CHECK_FALSE(d.contains(std::string(1000, 'a')));
}

TEST_CASE("bytes become a view only if their frame is right") {
    const auto good = hex("0c000000 10 6900 01000000 00");
    REQUIRE(bson::document_view::from_bytes(good));
    CHECK((*bson::document_view::from_bytes(good))["i"].get<int>() == 1);
    for (const std::string_view bad :
         {"", "05", "0500000000 00", "04000000", "0500000001", "06000000 00", "ffffffff 00",
          "0c000000 10 6900 010000 00", "00000000 00"}) {
        CAPTURE(bad);
        const auto bytes = hex(bad);
        CHECK(bson::document_view::from_bytes(bytes).error() == errc::malformed_bson);
        CHECK(bson::array_view::from_bytes(bytes).error() == errc::malformed_bson);
        CHECK(document::from_bytes(bytes).error() == errc::malformed_bson);
    }
}

TEST_CASE("malformed bytes end a walk with one malformed element") {
    // An int32 a, then an element whose string is said to be longer than the document.
    const auto bytes = hex("16000000 10 6100 01000000 02 6200 ff000000 6162 00 00");
    const auto v = view_of(bytes);
    int seen = 0;
    bool malformed = false;
    for (const auto& e : v) {
        ++seen;
        malformed = e.malformed();
    }
    CHECK(seen == 2);
    CHECK(malformed);
    CHECK(v.count() == 1);
    CHECK(v["a"].get<int>() == 1);
    CHECK(v["b"].malformed());
    CHECK(v["zzz"].malformed());
    CHECK(v["b"].try_get<std::string>().error() == errc::malformed_bson);
    CHECK(v["b"].try_get<std::string>().error().message() == "b: malformed BSON");
}

TEST_CASE("a document that does not end with a NUL is malformed to its walk") {
    const auto bytes = hex("0c000000 10 6900 01000000 07");
    const auto v = view_of(bytes);
    CHECK(v["i"].get<int>() == 1);
    CHECK(v["other"].malformed());
    bool malformed = false;
    for (const auto& e : v) {
        malformed = e.malformed();
    }
    CHECK(malformed);
}

TEST_CASE("views of fewer bytes than a frame are malformed, never read") {
    for (const std::string_view text : {"", "05", "0500", "05000000"}) {
        const auto bytes = hex(text);
        const auto v = view_of(bytes);
        CHECK(v["x"].malformed());
        REQUIRE(v.begin() != v.end());
        CHECK(v.begin()->malformed());
        CHECK(v.count() == 0);
    }
}

TEST_CASE("every truncation of a document is an error to validate, and safe to read") {
    const auto whole = bytes_of(everything());
    REQUIRE(validate(view_of(whole)));
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const std::vector<std::uint8_t> cut(whole.begin(),
                                            whole.begin() + static_cast<std::ptrdiff_t>(n));
        REQUIRE_FALSE(validate(view_of(cut)));
        touch_all(view_of(cut));
    }
}

TEST_CASE("any byte may be changed to any of a few values, and reading stays within bounds") {
    const auto whole = bytes_of(everything());
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (std::size_t at = 4; at < whole.size(); ++at) {
        for (const int value : {0x00, 0x01, 0x02, 0x03, 0x05, 0x0B, 0x0F, 0x7F, 0x80, 0xFF}) {
            auto bytes = whole;
            bytes[at] = static_cast<std::uint8_t>(value);
            touch_all(view_of(bytes));
            (validate(view_of(bytes)) ? accepted : refused)++;
        }
    }
    CHECK(refused > accepted / 4);
}

TEST_CASE("random changes are read within bounds, and what validate accepts libbson accepts") {
    const auto whole = bytes_of(everything());
    std::mt19937 random(20240607);
    int accepted = 0;
    for (int round = 0; round < 3000; ++round) {
        auto bytes = whole;
        for (auto n = 1 + random() % 3; n != 0; --n) {
            bytes[4 + random() % (bytes.size() - 4)] = static_cast<std::uint8_t>(random());
        }
        touch_all(view_of(bytes));
        if (validate(view_of(bytes))) {
            ++accepted;
            for (const auto& e : view_of(bytes)) {
                REQUIRE_FALSE(e.malformed());
            }
            bson_t reference;
            REQUIRE(bson_init_static(&reference, bytes.data(), bytes.size()));
            CHECK(bson_validate(&reference, BSON_VALIDATE_NONE, nullptr));
        }
    }
    CHECK(accepted > 100);
}

TEST_CASE("our walk sees what libbson's iterator sees") {
    const auto bytes = bytes_of(everything());
    bson_t reference;
    REQUIRE(bson_init_static(&reference, bytes.data(), bytes.size()));
    bson_iter_t iter;
    REQUIRE(bson_iter_init(&iter, &reference));
    for (const auto& [key, value] : view_of(bytes)) {
        REQUIRE(bson_iter_next(&iter));
        CHECK(key == bson_iter_key(&iter));
        CHECK(static_cast<int>(value.type()) == static_cast<int>(bson_iter_type(&iter)));
    }
    CHECK_FALSE(bson_iter_next(&iter));
}

TEST_CASE("an array is read by place, whatever its keys say") {
    const auto bytes = hex("13000000 10 3500 01000000 10 3500 02000000 00");
    const bson::array_view a(view_of(bytes));
    CHECK(a.count() == 2);
    CHECK(a[0].get<int>() == 1);
    CHECK(a.at(1).get<int>() == 2);
    CHECK_FALSE(a.at(2).exists());
    CHECK_FALSE(a.at(static_cast<std::size_t>(-1)).exists());
    int sum = 0;
    for (const auto& e : a) {
        sum += e.value().get<int>();
    }
    CHECK(sum == 3);
}

TEST_CASE("views are equal if their bytes are") {
    const document a{{"x", 1}, {"y", 2}};
    const document b{{"x", 1}, {"y", 2}};
    const document c{{"y", 2}, {"x", 1}};
    const document d{{"x", 1L}, {"y", 2}};
    CHECK(a.view() == b.view());
    CHECK(a == b);
    CHECK(a != c);
    CHECK(a != d);
    CHECK(arr(1, 2) == arr(1, 2));
    CHECK(arr(1, 2) != arr(2, 1));
}

TEST_CASE("an empty key is looked up like any other, even one that points at nothing") {
    const document with{{"x", 1}, {"", 2}};
    const document without{{"x", 1}};
    CHECK(with[std::string_view()].get<int>() == 2);
    CHECK_FALSE(without[std::string_view()].exists());
}
