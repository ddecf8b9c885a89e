#include <mongoro/bson/json.hpp>
#include <mongoro/bson/validate.hpp>

#include <bson/bson.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "random_document.hpp"

using namespace mongoro;

TEST_CASE("any document is the same after canonical JSON, on one line and on many") {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        CAPTURE(seed);
        const auto document = test::random_document(seed).make();
        REQUIRE(bson::validate(document));
        const auto text = to_json(document, json_mode::canonical);
        const auto read = from_json(text);
        CAPTURE(text);
        REQUIRE(read);
        REQUIRE(*read == document);
        const auto pretty =
            to_json(document, bson::json_options{.mode = json_mode::canonical, .indent = 3});
        REQUIRE(from_json(pretty).value() == document);
    }
}

TEST_CASE("relaxed JSON is the same text after it was read") {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        CAPTURE(seed);
        const auto text = to_json(test::random_document(seed).make());
        const auto read = from_json(text);
        CAPTURE(text);
        REQUIRE(read);
        REQUIRE(to_json(*read) == text);
    }
}

TEST_CASE("options of a regular expression that are no letters of ASCII stay whole") {
    const std::string text =
        R"({"v": {"$regularExpression": {"pattern": "a", "options": "z\u00e9\u1615"}}})";
    const auto read = from_json(text);
    REQUIRE(read);
    CHECK(bson::validate(*read));
    CHECK((*read)["v"].get<bson::regex_view>().options == "z\u00e9\u1615");
    CHECK(from_json(to_json(*read)).value() == *read);
    // As another program may have written them.
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    constexpr std::string_view raw("a\0\xC3\xA9 \0", 6);
    to.append_raw(bson::type::regex, "v",
                  {reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
    to.end();
    CHECK(bson::validate(to.view()));
    CHECK(bson::try_to_json(to.view()).value() ==
          "{\"v\": {\"$regularExpression\": {\"pattern\": \"a\", \"options\": \"\u00e9 \"}}}");
}

namespace {

std::string written_by_libbson(document_view document) {
    bson_t theirs;
    REQUIRE(bson_init_static(&theirs, document.data(), document.size()));
    std::size_t length = 0;
    char* const text = bson_as_canonical_extended_json(&theirs, &length);
    REQUIRE(text != nullptr);
    const std::string copy(text, length);
    bson_free(text);
    return copy;
}

/// Whether libbson reads `text` as that document.
bool libbson_reads(const std::string& text, document_view document) {
    bson_error_t why;
    bson_t read;
    if (!bson_init_from_json(&read, text.data(), static_cast<ssize_t>(text.size()), &why)) {
        return false;
    }
    const bool same = read.len == document.size() &&
                      std::memcmp(bson_get_data(&read), document.data(), read.len) == 0;
    bson_destroy(&read);
    return same;
}

}  // namespace

TEST_CASE("libbson and we read each other's canonical JSON as the same document") {
    std::size_t read_by_both = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        CAPTURE(seed);
        // libbson 1.23 refuses a NUL in code.
        const auto document = test::random_document(seed, false).make();
        const auto theirs = written_by_libbson(document);
        CAPTURE(theirs);
        const auto read = from_json(theirs);
        REQUIRE(read);
        REQUIRE(*read == document);

        // libbson 1.23 decides by memory that it never wrote whether it reads code or a DBPointer.
        if (theirs.find("\"$code\"") == std::string::npos &&
            theirs.find("\"$dbPointer\"") == std::string::npos) {
            const auto ours = to_json(document, json_mode::canonical);
            CAPTURE(ours);
            REQUIRE(libbson_reads(theirs, document));
            REQUIRE(libbson_reads(ours, document));
            ++read_by_both;
        }
    }
    CHECK(read_by_both > 500);
}
