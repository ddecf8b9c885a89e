#include "bytes.hpp"

#include <mongoro/bson/build.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace mongoro;
using namespace mongoro::bson::test;

namespace {

/// The message of the error that reading gives; empty if it gives none.
template <typename T>
std::string message_of(const bson::value_view& v) {
    const auto r = v.try_get<T>();
    return std::string(r.error().message());
}

}  // namespace

TEST_CASE("the message of an error shows a key without its control characters, and not whole") {
    const auto long_key = "a\n" + std::string(1'000, 'k');
    const auto doc = document().append(long_key, 1);
    const auto read = doc[long_key].try_get<std::string>();
    REQUIRE_FALSE(read);
    CHECK(read.error().message().starts_with("a\\x0akkk"));
    CHECK(read.error().message().size() < 300);
    CHECK(doc[long_key].path() == long_key);
}

TEST_CASE("an error names the path and both types") {
    const document d{{"name", "Ada"},
                     {"address", {{"zip", 12345}, {"lines", {"a", 2}}}},
                     {"people", {{{"name", "x"}}, {{"name", 7}}}}};
    CHECK(message_of<std::string>(d["address"]["zip"]) ==
          "address.zip: expected string, got int32");
    CHECK(message_of<int>(d["name"]) == "name: expected int32, got string");
    CHECK(message_of<std::string>(d["address"]["street"]) == "address.street: key not found");
    CHECK(message_of<std::string>(d["nothing"]) == "nothing: key not found");
    CHECK(message_of<std::string>(d["nothing"]["below"]) == "nothing: key not found");
    CHECK(message_of<std::string>(d["name"]["first"]) == "name: expected document, got string");
    CHECK(message_of<std::string>(d["address"]["lines"].at(1)) ==
          "address.lines.1: expected string, got int32");
    CHECK(message_of<std::string>(d["people"].at(1)["name"]) ==
          "people.1.name: expected string, got int32");
    CHECK(message_of<int>(d["people"].at(1)["age"]) == "people.1.age: key not found");
    CHECK(d["name"]["first"].try_get<int>().error() == errc::wrong_type);
    CHECK(d["nothing"].try_get<int>().error() == errc::key_not_found);
    CHECK(d["name"].try_get<int>().error() == errc::wrong_type);
}

TEST_CASE("values met in a walk know the whole path") {
    const document d{{"list", {{{"n", 1}}, {{"n", "two"}}}}};
    std::string messages;
    for (const auto& item : d["list"]) {
        messages += message_of<std::string>(item.value()["n"]) + ";";
    }
    CHECK(messages == "list.0.n: expected string, got int32;;");
    CHECK(d["list"][0]["n"].get<int>() == 1);
    CHECK(d["list"][1]["n"].get<std::string>() == "two");
    CHECK_FALSE(d["list"][2].exists());
    CHECK_FALSE(d["list"][-1].exists());
    CHECK(d["list"].at(1)["n"].path() == "list.1.n");
}

TEST_CASE("get throws the error that try_get returns") {
    const document d{{"zip", 5}};
    try {
        (void)d["zip"].get<std::string>();
        FAIL("it must throw");
    } catch (const exception& e) {
        CHECK(e.error() == errc::wrong_type);
        CHECK(e.error().message() == "zip: expected string, got int32");
    }
    CHECK_THROWS_AS((void)d["zap"].get<int>(), exception);
    CHECK(d["zap"].get_or<int>(9) == 9);
    CHECK(d["zip"].get_or<int>(9) == 5);
    CHECK(d["zip"].get_or<std::string>("x") == "x");
}

TEST_CASE("numbers convert where nothing is lost") {
    constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
    const document d{{"i", 7},           {"l", std::int64_t{3000000000}},
                     {"max", int64_max}, {"two53", (std::int64_t{1} << 53) + 1},
                     {"whole", 4.0},     {"half", 4.5},
                     {"huge", 1e300},    {"nan", std::nan("")},
                     {"negative", -1},   {"edge", 0x1p63},
                     {"low", -0x1p63}};
    CHECK(d["i"].get<std::int64_t>() == 7);
    CHECK(d["i"].get<double>() == 7.0);
    CHECK(d["i"].get<unsigned char>() == 7);
    CHECK(d["l"].get<double>() == 3e9);
    CHECK(d["l"].get<std::uint32_t>() == 3000000000U);
    CHECK(d["whole"].get<int>() == 4);
    CHECK(d["low"].get<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
    CHECK(d["half"].get<float>() == 4.5F);
    CHECK(std::isnan(d["nan"].get<float>()));

    CHECK(d["l"].try_get<int>().error() == errc::out_of_range);
    CHECK(message_of<int>(d["l"]) == "l: int64 does not fit int32");
    CHECK(d["max"].try_get<double>().error() == errc::out_of_range);
    CHECK(d["two53"].try_get<double>().error() == errc::out_of_range);
    CHECK(d["half"].try_get<int>().error() == errc::out_of_range);
    CHECK(d["huge"].try_get<std::int64_t>().error() == errc::out_of_range);
    CHECK(d["huge"].try_get<float>().error() == errc::out_of_range);
    CHECK(d["nan"].try_get<std::int64_t>().error() == errc::out_of_range);
    CHECK(d["edge"].try_get<std::int64_t>().error() == errc::out_of_range);
    CHECK(d["negative"].try_get<std::uint64_t>().error() == errc::out_of_range);
    CHECK(d["negative"].try_get<std::uint32_t>().error() == errc::out_of_range);
}

TEST_CASE("nothing but a number is a number, and nothing but a boolean a boolean") {
    const document d{{"s", "1"}, {"b", true}, {"i", 1}, {"n", nullptr}, {"d", decimal128{}}};
    for (const auto key : {"s", "b", "n", "d"}) {
        CHECK(d[key].try_get<int>().error() == errc::wrong_type);
        CHECK(d[key].try_get<double>().error() == errc::wrong_type);
    }
    CHECK(d["i"].try_get<bool>().error() == errc::wrong_type);
    CHECK(d["n"].try_get<bool>().error() == errc::wrong_type);
    CHECK(d["b"].get<bool>());
}

TEST_CASE("every type comes back as it went in") {
    const auto id = object_id::generate();
    const auto uuid = bson::uuid::generate();
    const bson::binary blob(bson::binary_subtype::user_defined, std::vector<std::uint8_t>{9, 8});
    const bson::binary old(bson::binary_subtype::binary_old, std::vector<std::uint8_t>{7});
    const bson::date when{std::chrono::milliseconds{-62135596800001}};
    const document d{{"id", id},
                     {"uuid", uuid},
                     {"blob", blob},
                     {"old", old},
                     {"when", when},
                     {"decimal", *decimal128::from_string("-1.5E+7")},
                     {"regex", bson::regex("^a", "i")},
                     {"code", bson::code("f()")},
                     {"symbol", bson::symbol("sym")},
                     {"pointer", bson::db_pointer("db.c", id)},
                     {"scoped", bson::code_with_scope("g()", document{{"x", 1}})},
                     {"time", bson::timestamp{4000000000U, 5}},
                     {"min", bson::min_key{}},
                     {"max", bson::max_key{}},
                     {"undefined", bson::undefined{}},
                     {"null", bson::null{}},
                     {"doc", document{{"y", 2}}},
                     {"list", arr(1, "2")}};
    CHECK(d["id"].get<object_id>() == id);
    CHECK(d["uuid"].get<bson::uuid>() == uuid);
    CHECK(d["blob"].get<bson::binary>() == blob);
    CHECK(d["old"].get<bson::binary>() == old);
    CHECK(d["when"].get<bson::date>() == when);
    CHECK(d["decimal"].get<decimal128>().to_string() == "-1.5E+7");
    CHECK(d["regex"].get<bson::regex>() == bson::regex("^a", "i"));
    CHECK(d["code"].get<bson::code>().text() == "f()");
    CHECK(d["symbol"].get<bson::symbol>().text() == "sym");
    CHECK(d["pointer"].get<bson::db_pointer>() == bson::db_pointer("db.c", id));
    CHECK(d["scoped"].get<bson::code_with_scope>() ==
          bson::code_with_scope("g()", document{{"x", 1}}));
    CHECK(d["time"].get<bson::timestamp>() == bson::timestamp{4000000000U, 5});
    CHECK(d["min"].try_get<bson::min_key>());
    CHECK(d["max"].try_get<bson::max_key>());
    CHECK(d["undefined"].try_get<bson::undefined>());
    CHECK(d["null"].is_null());
    CHECK(d["doc"].get<document>() == document{{"y", 2}});
    CHECK(d["list"].get<array>() == arr(1, "2"));
    CHECK(message_of<bson::uuid>(d["blob"]) == "blob: binary of another subtype than asked for");
}

TEST_CASE("an optional is empty for null and for a missing key, and strict otherwise") {
    const document d{{"null", nullptr}, {"i", 4}, {"s", "x"}};
    CHECK_FALSE(d["null"].get<std::optional<int>>().has_value());
    CHECK_FALSE(d["missing"].get<std::optional<int>>().has_value());
    CHECK(d["i"].get<std::optional<int>>() == 4);
    CHECK(d["s"].try_get<std::optional<int>>().error() == errc::wrong_type);
    CHECK(d["s"]["below"].try_get<std::optional<int>>().error() == errc::wrong_type);
}

TEST_CASE("dates of other resolutions are exact or out of range") {
    using namespace std::chrono;
    const document d{{"near", bson::date{milliseconds{1500}}},
                     {"before", bson::date{milliseconds{-1}}},
                     {"far", bson::date{milliseconds::max()}}};
    CHECK(d["near"].get<sys_seconds>() == sys_seconds{seconds{1}});
    CHECK(d["before"].get<sys_seconds>() == sys_seconds{seconds{-1}});
    CHECK(d["near"].get<sys_time<nanoseconds>>().time_since_epoch().count() == 1500000000);
    CHECK(d["far"].try_get<sys_time<nanoseconds>>().error() == errc::out_of_range);
    CHECK(d["far"].try_get<sys_time<microseconds>>().error() == errc::out_of_range);
}

TEST_CASE("values whose inner lengths are wrong are malformed") {
    struct row {
        const char* what;
        const char* bytes;
    };
    for (const row& r :
         {row{"a string without its NUL", "0e000000 02 6100 02000000 6262 00"},
          row{"a boolean of 2", "09000000 08 6100 02 00"},
          row{"old binary, inner length", "13000000 05 7800 06000000 02 03000000 ffff 00"},
          row{"old binary, too short", "0f000000 05 7800 02000000 02 0000 00"},
          row{"a pointer without its NUL",
              "1a000000 0c 6100 02000000 6262 56e1fc72e0c917e9c4714161 00"}}) {
        CAPTURE(r.what);
        const auto bytes = hex(r.bytes);
        const auto v = view_of(bytes).begin()->value();
        REQUIRE(v.exists());
        errc e{};
        switch (v.type()) {
            case bson::type::string: {
                std::string_view s;
                e = v.read(s);
                break;
            }
            case bson::type::boolean: {
                bool b = false;
                e = v.read(b);
                break;
            }
            case bson::type::binary: {
                bson::binary_view b;
                e = v.read(b);
                break;
            }
            default: {
                bson::db_pointer_view p;
                e = v.read(p);
            }
        }
        CHECK(e == errc::malformed_bson);
    }
}

TEST_CASE("code with scope is read only if its parts fill it") {
    const bson::code_with_scope code("abcd", document{{"x", 1}});
    const auto good = bytes_of(document{{"a", code}});
    bson::code_with_scope_view out;
    REQUIRE(view_of(good)["a"].read(out) == errc{});
    CHECK(out.code == "abcd");
    CHECK(out.scope["x"].get<int>() == 1);
    // The text's length is at offset 11.
    for (const int length : {0, 1, 4, 6, 17, 18, 19, 255}) {
        auto bad = good;
        bad[11] = static_cast<std::uint8_t>(length);
        CAPTURE(length);
        CHECK(view_of(bad)["a"].read(out) == errc::malformed_bson);
    }
    auto negative = good;
    negative[14] = 0xFF;
    CHECK(view_of(negative)["a"].read(out) == errc::malformed_bson);
}

TEST_CASE("a value that is not there is false, and has no type") {
    const bson::value_view none;
    CHECK_FALSE(none);
    CHECK_FALSE(none.exists());
    CHECK_FALSE(none.malformed());
    CHECK(none.type() == bson::type{});
    CHECK(none.path().empty());
    CHECK(none.begin() == none.end());
    CHECK(none.try_get<int>().error() == errc::key_not_found);
    CHECK(none.try_get<int>().error().message() == "key not found");
}

TEST_CASE("a key that is asked for is a whole key, whatever its characters") {
    document d;
    d.append("", 1).append("a", 2).append("ab", 3).append("a_long_key_of_some_words", 4);
    d.append("a_long_key_of_some_word", 5).append("b", "x");
    const document_view v = d;
    CHECK(v[""].get<int>() == 1);
    CHECK(v["a"].get<int>() == 2);
    CHECK(v["ab"].get<int>() == 3);
    CHECK(v["a_long_key_of_some_words"].get<int>() == 4);
    CHECK(v["a_long_key_of_some_word"].get<int>() == 5);
    for (const std::string_view none : {"abc", "A", "a_long_key_of_some_wor", "x"}) {
        CHECK_FALSE(v[none].exists());
    }
    // The bytes of "a", its end, its value and the next element's type are no key.
    CHECK_FALSE(v[std::string_view("a\0\2\0\0\0\20ab", 9)].exists());
    CHECK_FALSE(v[std::string_view("a\0", 2)].exists());
}
