#include "monitoring_support.hpp"

#include "bson/json_prefix.hpp"
#include "monitoring/log_text.hpp"

#include <mongoro/bson/validate.hpp>

using namespace mongoro;
using namespace mongoro::test;
using monitoring::shortened;

namespace {

std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) {
        count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("a text is cut after so many characters, and the ellipsis does not count") {
    CHECK(shortened("", 0) == "");
    CHECK(shortened("abc", 3) == "abc");
    CHECK(shortened("abc", 4) == "abc");
    CHECK(shortened("abc", 2) == "ab...");
    CHECK(shortened("abc", 0) == "...");
}

TEST_CASE("no character is cut in its middle") {
    const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";  // a, é, €, a face, z
    CHECK(shortened(text, 1) == "a...");
    CHECK(shortened(text, 2) == "a\xC3\xA9...");
    CHECK(shortened(text, 3) == "a\xC3\xA9\xE2\x82\xAC...");
    CHECK(shortened(text, 4) == "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80...");
    CHECK(shortened(text, 5) == text);
}

TEST_CASE("what is not UTF-8 is replaced") {
    CHECK(shortened("a\xFF\xC3(", 10) == "a\xEF\xBF\xBD\xEF\xBF\xBD(");
    CHECK(shortened("\xE2\x82", 10) == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a document is cut at each length as its whole JSON would be") {
    document d{{"x", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xE2\x82\xAC"},
               {"list", {1, 2.5, {{"deep", true}}}},
               {"id", object_id()},
               {"text", "quotes \" and\nlines"}};
    const std::vector<std::uint8_t> forty(40, 0xA5);
    d.append("bytes", bson::binary_view{bson::binary_subtype::generic, forty});
    const auto whole = to_json(d);
    for (std::size_t length = 0; length <= characters(whole) + 1; ++length) {
        CAPTURE(length);
        REQUIRE(shortened(d.view(), length) == shortened(std::string_view(whole), length));
    }
}

TEST_CASE("only as much of a large document is written as is shown") {
    document large{{"text", std::string(1 << 20, 'x')}};
    document many;
    for (int i = 0; i < 10'000; ++i) {
        many.append("k" + std::to_string(i), i);
    }
    document bytes;
    bytes.append("b", bson::binary_view{bson::binary_subtype::generic, large.bytes()});
    for (const auto* const d : {&large, &many, &bytes}) {
        std::string text;
        REQUIRE(bson::append_json_prefix(text, *d, 100));
        CHECK(text.size() >= 100);
        CHECK(text.size() < 250);
        CHECK(to_json(*d).starts_with(text.substr(0, 100)));
        CHECK(characters(shortened(d->view(), 1000)) == 1003);
    }
}

TEST_CASE("a prefix that is long enough is the whole document, behind what was there") {
    std::string text = "before ";
    REQUIRE(bson::append_json_prefix(text, document{{"a", 1}}, 1000));
    CHECK(text == "before {\"a\": 1}");
    REQUIRE(bson::append_json_prefix(text, document{}, static_cast<std::size_t>(-1)));
    CHECK(text == "before {\"a\": 1}{}");
}

TEST_CASE("a document that is malformed has a text that says so, unless that is beyond the end") {
    document d{{"a", 1}, {"b", true}};
    std::vector<std::uint8_t> bytes(d.bytes().begin(), d.bytes().end());
    bytes[bytes.size() - 2] = 7;  // neither true nor false
    const bson::document_view broken(bytes.data(), bytes.size());
    CHECK(shortened(broken, 1000).starts_with("(a document that cannot be read: "));
    document longer;
    longer.append("text", std::string(100, 'x'));
    longer.append("bad", broken);
    CHECK(shortened(longer.view(), 10) == R"({"text": "...)");
}

TEST_CASE("an error is described with its labels and the server's reply") {
    CHECK(monitoring::describe(error(errc::network_error, "h:1"), 100) == "network error: h:1");
    const auto refused = [](document_view reply) {
        error::details d;
        d.code = make_error_code(errc::command_failed);
        d.server_code = 59;
        d.server_code_name = "CommandNotFound";
        d.server_message = "no such command";
        d.labels = {"One", "Two"};
        if (!reply.empty()) {
            d.raw_reply.assign(reply.bytes().begin(), reply.bytes().end());
        }
        return error(std::move(d));
    };
    CHECK(monitoring::describe(refused({}), 7) ==
          "command failed (server error 59, CommandNotFound). Labels: One, Two. The server: no "
          "such...");
    const document reply{{"ok", 0.0}, {"errmsg", "no such command"}};
    const error above(make_error_code(errc::handshake_failed), "h:1", refused(reply));
    CHECK(monitoring::describe(above, 5) ==
          "handshake failed: h:1: command failed (server error 59, CommandNotFound). Reply: "
          "{\"ok\"...");
}

TEST_CASE("an address is split into host and port") {
    const auto check = [](std::string_view address, std::string_view host,
                          std::optional<std::int32_t> port) {
        const auto got = monitoring::split(address);
        CHECK(got.host == host);
        CHECK(got.port == port);
    };
    check("a.example.com:27017", "a.example.com", 27017);
    check("127.0.0.1:1", "127.0.0.1", 1);
    check("[::1]:27018", "::1", 27018);
    check("/tmp/mongodb-27017.sock", "/tmp/mongodb-27017.sock", std::nullopt);
    check("/tmp/a:1.sock", "/tmp/a:1.sock", std::nullopt);
    check("host", "host", std::nullopt);
    check("host:", "host:", std::nullopt);
    check("", "", std::nullopt);
}
