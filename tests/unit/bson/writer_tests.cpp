#include "bytes.hpp"

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/writer.hpp>

#include <bson/bson.h>
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace mongoro;
using namespace mongoro::bson::test;
using bson::byte_buffer;
using bson::writer;

namespace {

/// What libbson makes, as bytes.
struct reference {
    reference() { bson_init(&doc); }
    ~reference() { bson_destroy(&doc); }
    reference(const reference&) = delete;
    reference& operator=(const reference&) = delete;
    [[nodiscard]] std::vector<std::uint8_t> bytes() const {
        return {bson_get_data(&doc), bson_get_data(&doc) + doc.len};
    }
    bson_t doc;
};

template <typename Write>
std::vector<std::uint8_t> written(Write&& write) {
    byte_buffer buffer;
    writer w(buffer);
    w.begin_document();
    write(w);
    w.end();
    CHECK(w.ok());
    CHECK(w.depth() == 0);
    return bytes_of(w.view());
}

template <typename Write>
errc failure_of(Write&& write) {
    byte_buffer buffer;
    writer w(buffer);
    w.begin_document();
    write(w);
    w.end();
    return w.code();
}

}  // namespace

TEST_CASE("the writer makes the bytes that libbson makes, for every type") {
    const auto id = *object_id::from_string("56e1fc72e0c917e9c4714161");
    const std::vector<std::uint8_t> blob{1, 2, 3};
    const auto scope = written([](writer& w) { w.append("x", 1); });

    reference r;
    bson_oid_t oid;
    std::memcpy(oid.bytes, id.bytes().data(), 12);
    bson_t scope_doc;
    REQUIRE(bson_init_static(&scope_doc, scope.data(), scope.size()));
    bson_decimal128_t decimal;
    REQUIRE(bson_decimal128_from_string("1.5", &decimal));
    BSON_APPEND_DOUBLE(&r.doc, "double", 1.5);
    BSON_APPEND_UTF8(&r.doc, "string", "text");
    BSON_APPEND_DOCUMENT(&r.doc, "document", &scope_doc);
    bson_t child;
    BSON_APPEND_ARRAY_BEGIN(&r.doc, "array", &child);
    BSON_APPEND_INT32(&child, "0", 7);
    bson_append_array_end(&r.doc, &child);
    BSON_APPEND_BINARY(&r.doc, "binary", BSON_SUBTYPE_BINARY, blob.data(), 3);
    BSON_APPEND_BINARY(&r.doc, "old", BSON_SUBTYPE_BINARY_DEPRECATED, blob.data(), 3);
    BSON_APPEND_UNDEFINED(&r.doc, "undefined");
    BSON_APPEND_OID(&r.doc, "object_id", &oid);
    BSON_APPEND_BOOL(&r.doc, "true", true);
    BSON_APPEND_BOOL(&r.doc, "false", false);
    BSON_APPEND_DATE_TIME(&r.doc, "date", -1234567890123);
    BSON_APPEND_NULL(&r.doc, "null");
    BSON_APPEND_REGEX(&r.doc, "regex", "^a", "xim");
    BSON_APPEND_DBPOINTER(&r.doc, "db_pointer", "db.c", &oid);
    BSON_APPEND_CODE(&r.doc, "code", "f()");
    BSON_APPEND_SYMBOL(&r.doc, "symbol", "s");
    BSON_APPEND_CODE_WITH_SCOPE(&r.doc, "code_with_scope", "g()", &scope_doc);
    BSON_APPEND_INT32(&r.doc, "int32", -5);
    BSON_APPEND_TIMESTAMP(&r.doc, "timestamp", 4000000000U, 7);
    BSON_APPEND_INT64(&r.doc, "int64", std::numeric_limits<std::int64_t>::min());
    BSON_APPEND_DECIMAL128(&r.doc, "decimal128", &decimal);
    BSON_APPEND_MINKEY(&r.doc, "min_key");
    BSON_APPEND_MAXKEY(&r.doc, "max_key");

    const auto ours = written([&](writer& w) {
        w.append("double", 1.5);
        w.append("string", "text");
        w.append("document", view_of(scope));
        w.append("array", std::vector<int>{7});
        w.append("binary", bson::binary(blob));
        w.append("old", bson::binary_view{bson::binary_subtype::binary_old, blob});
        w.append("undefined", bson::undefined{});
        w.append("object_id", id);
        w.append("true", true);
        w.append("false", false);
        w.append("date", bson::date{std::chrono::milliseconds{-1234567890123}});
        w.append("null", nullptr);
        w.append("regex", bson::regex("^a", "xim"));
        w.append("db_pointer", bson::db_pointer("db.c", id));
        w.append("code", bson::code("f()"));
        w.append("symbol", bson::symbol("s"));
        w.append("code_with_scope", bson::code_with_scope_view{"g()", view_of(scope)});
        w.append("int32", -5);
        w.append("timestamp", bson::timestamp{4000000000U, 7});
        w.append("int64", std::numeric_limits<std::int64_t>::min());
        w.append("decimal128", *decimal128::from_string("1.5"));
        w.append("min_key", bson::min_key{});
        w.append("max_key", bson::max_key{});
    });
    CHECK(ours == r.bytes());
    CHECK(validate(view_of(ours)));
}

TEST_CASE("keys of every length are copied whole") {
    std::string key;
    for (int n = 0; n < 70; ++n) {
        reference r;
        REQUIRE(bson_append_int32(&r.doc, key.data(), static_cast<int>(key.size()), n));
        CHECK(written([&](writer& w) { w.append(key, n); }) == r.bytes());
        key += static_cast<char>('!' + n);
    }
}

TEST_CASE("a NUL at any place of a key is an error") {
    for (std::size_t size = 1; size < 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string key(size, 'k');
            key[at] = '\0';
            REQUIRE(failure_of([&](writer& w) { w.append(key, 1); }) == errc::embedded_nul);
        }
    }
}

TEST_CASE("a key that is not UTF-8 is an error wherever the bad byte is") {
    for (std::size_t size = 1; size < 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string key(size, '\x01');
            key[at] = '\x80';
            REQUIRE(failure_of([&](writer& w) { w.append(key, 1); }) == errc::invalid_utf8);
        }
    }
    CHECK(failure_of([](writer& w) { w.append("\xED\xA0\x80", 1); }) == errc::invalid_utf8);
    CHECK(failure_of([](writer& w) { w.append("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80", 1); }) ==
          errc{});
}

TEST_CASE("after an error nothing more is written and the error stays") {
    byte_buffer buffer;
    buffer.append("head", 4);
    writer w(buffer);
    w.begin_document();
    w.append("good", 1);
    w.append(std::string_view("b\0d", 3), 1);
    const auto size = buffer.size();
    w.append("more", 2);
    w.begin_document("nested");
    w.append_string("s", "text");
    w.end();
    w.end();
    CHECK(buffer.size() == size);
    CHECK(w.error() == errc::embedded_nul);
    w.rollback();
    CHECK(w.ok());
    CHECK(buffer.size() == 4);
    w.begin_document();
    w.end();
    CHECK(w.view() == bson::document_view{});
    CHECK(std::memcmp(buffer.data(), "head", 4) == 0);
}

TEST_CASE("documents follow each other in one buffer") {
    byte_buffer buffer;
    writer w(buffer);
    for (int i = 0; i < 3; ++i) {
        w.begin_document();
        w.append("i", i);
        w.end();
    }
    REQUIRE(w.ok());
    REQUIRE(buffer.size() == 36);
    for (int i = 0; i < 3; ++i) {
        const auto one = bson::document_view::from_bytes(
            buffer.bytes().subspan(static_cast<std::size_t>(i) * 12, 12));
        REQUIRE(one);
        CHECK((*one)["i"].get<int>() == i);
    }
}

TEST_CASE("levels nest to the limit and not beyond") {
    const auto nest = [](std::uint32_t levels) {
        return failure_of([levels](writer& w) {
            for (std::uint32_t i = 1; i < levels; ++i) {
                i % 2 == 0 ? w.begin_array("0") : w.begin_document("0");
            }
            w.append("x", 1);
            for (std::uint32_t i = 1; i < levels; ++i) {
                w.end();
            }
        });
    };
    CHECK(nest(writer::max_depth) == errc{});
    CHECK(nest(writer::max_depth + 1) == errc::too_deep);
}

TEST_CASE("each level gets its own length, whatever is around it") {
    const auto bytes = written([](writer& w) {
        w.begin_document("a");
        w.begin_array("b");
        w.append("0", 1);
        w.end();
        w.append("c", std::string(300, 'x'));
        w.begin_document("d");
        w.end();
        w.end();
        w.append("e", 2);
    });
    const auto view = view_of(bytes);
    CHECK(validate(view));
    CHECK(view["a"]["b"].at(0).get<int>() == 1);
    CHECK(view["a"]["c"].get<std::string_view>().size() == 300);
    CHECK(view["a"]["d"].get<bson::document_view>().empty());
    CHECK(view["e"].get<int>() == 2);
}

TEST_CASE("integers take the BSON type of their C++ type") {
    const auto type_of = [](auto value) {
        const std::vector<std::uint8_t> bytes = written([&](writer& w) { w.append("v", value); });
        return view_of(bytes)["v"].type();
    };
    using bson::type;
    CHECK(type_of(static_cast<std::int8_t>(1)) == type::int32);
    CHECK(type_of(static_cast<unsigned short>(1)) == type::int32);
    CHECK(type_of(1) == type::int32);
    CHECK(type_of(1U) == type::int64);
    CHECK(type_of(1L) == type::int64);
    CHECK(type_of(1LL) == type::int64);
    CHECK(type_of(std::size_t{1}) == type::int64);
    CHECK(type_of(1.0F) == type::double_);
    CHECK(type_of(true) == type::boolean);
    CHECK(failure_of([](writer& w) { w.append("v", std::uint64_t{1} << 63); }) ==
          errc::out_of_range);
    CHECK(failure_of([](writer& w) { w.append("v", (std::uint64_t{1} << 63) - 1); }) == errc{});
}

TEST_CASE("C strings end at their NUL, and a null pointer is null") {
    char buffer[16] = "abc";
    const char full[3] = {'x', 'y', 'z'};
    const char* none = nullptr;
    const auto bytes = written([&](writer& w) {
        w.append("buffer", buffer);
        w.append("full", full);
        w.append("pointer", static_cast<const char*>(buffer));
        w.append("none", none);
        w.append("empty", "");
        w.append("nul", std::string_view("a\0b", 3));
    });
    const auto v = view_of(bytes);
    CHECK(v["buffer"].get<std::string>() == "abc");
    CHECK(v["full"].get<std::string>() == "xyz");
    CHECK(v["pointer"].get<std::string>() == "abc");
    CHECK(v["none"].is_null());
    CHECK(v["empty"].get<std::string>().empty());
    CHECK(v["nul"].get<std::string>() == std::string("a\0b", 3));
}

TEST_CASE("optionals and containers become null and arrays") {
    const auto bytes = written([](writer& w) {
        w.append("none", std::optional<int>{});
        w.append("some", std::optional<int>{4});
        w.append("strings", std::vector<std::string>{"a", "b"});
        w.append("flags", std::vector<bool>{true, false});
        w.append("nested", std::vector<std::vector<int>>{{1}, {}, {2, 3}});
        w.append("twelve", std::vector<int>(12, 5));
    });
    const auto v = view_of(bytes);
    CHECK(validate(v, {.array_keys = true}));
    CHECK(v["none"].is_null());
    CHECK(v["some"].get<int>() == 4);
    CHECK(v["strings"].at(1).get<std::string>() == "b");
    CHECK(v["flags"].at(0).get<bool>());
    CHECK_FALSE(v["flags"].at(1).get<bool>());
    CHECK(v["nested"].at(1).get<bson::array_view>().empty());
    CHECK(v["nested"].at(2).at(1).get<int>() == 3);
    CHECK(v["twelve"].get<bson::array_view>().count() == 12);
}

TEST_CASE("dates finer or coarser than a millisecond round down, and do not overflow") {
    using namespace std::chrono;
    const auto ms_of = [](auto when) {
        const std::vector<std::uint8_t> bytes = written([&](writer& w) { w.append("d", when); });
        return view_of(bytes)["d"].get<bson::date>().time_since_epoch().count();
    };
    CHECK(ms_of(sys_time<microseconds>{microseconds{1999}}) == 1);
    CHECK(ms_of(sys_time<microseconds>{microseconds{-1}}) == -1);
    CHECK(ms_of(sys_days{1970y / 1 / 2}) == 86400000);
    CHECK(ms_of(sys_seconds{seconds{-5}}) == -5000);
    CHECK(failure_of([](writer& w) { w.append("d", sys_seconds::max()); }) == errc::out_of_range);
    CHECK(failure_of([](writer& w) { w.append("d", sys_seconds::min()); }) == errc::out_of_range);
}

TEST_CASE("a NUL in a regular expression is an error, and its options are sorted") {
    CHECK(failure_of([](writer& w) { w.append_regex("r", std::string_view("a\0b", 3), ""); }) ==
          errc::embedded_nul);
    CHECK(failure_of([](writer& w) { w.append_regex("r", "a", std::string_view("\0", 1)); }) ==
          errc::embedded_nul);
    const auto bytes = written([](writer& w) { w.append_regex("r", "a", "xmi"); });
    CHECK(view_of(bytes)["r"].get<bson::regex_view>().options == "imx");
}

TEST_CASE("a value is copied from one document to another, and a missing one is an error") {
    const auto from = written([](writer& w) { w.append("a", std::vector<int>{1, 2}); });
    const auto v = view_of(from);
    const auto bytes = written([&](writer& w) {
        w.append("b", v["a"]);
        w.append_elements(v);
    });
    CHECK(view_of(bytes)["b"] == v["a"]);
    CHECK(view_of(bytes)["a"] == v["a"]);
    CHECK(failure_of([&](writer& w) { w.append("b", v["nothing"]); }) == errc::key_not_found);
}

TEST_CASE("a document beyond 2 GiB is refused before it is copied") {
    // The pointer is never read: the size is refused first.
    const char byte = 'x';
    const std::string_view huge(&byte, std::size_t{1} << 31);
    CHECK(failure_of([&](writer& w) { w.append("v", huge); }) == errc::document_too_large);
    CHECK(failure_of([&](writer& w) { w.append(huge, 1); }) == errc::document_too_large);
}

TEST_CASE("array keys count in decimal") {
    bson::index_key key;
    for (int i = 0; i < 1200; ++i, ++key) {
        REQUIRE(std::string(key.view()) == std::to_string(i));
    }
}
