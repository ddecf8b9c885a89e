#include "auth/gssapi.hpp"

#include "auth/sasl.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace mongoro;
using namespace mongoro::auth;

namespace {

std::string text_of(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

/// Needs two of the server's tokens; wraps by putting brackets around.
struct fake_context final : gss_context {
    explicit fake_context(int rounds) : left(rounds) {}

    result<bytes> step(std::span<const std::uint8_t> token) override {
        if (text_of(token) == "bad") {
            return login_error("a bad token");
        }
        return as_bytes("token" + std::to_string(left--) + "<" + text_of(token) + ">");
    }
    [[nodiscard]] bool established() const noexcept override { return left < 0; }
    result<bytes> unwrap(std::span<const std::uint8_t> message) override {
        const auto text = text_of(message);
        if (!text.starts_with('[') || !text.ends_with(']')) {
            return login_error("not wrapped");
        }
        return as_bytes(text.substr(1, text.size() - 2));
    }
    result<bytes> wrap(std::span<const std::uint8_t> message) override {
        return as_bytes("[" + text_of(message) + "]");
    }
    static bytes as_bytes(std::string_view text) { return {text.begin(), text.end()}; }

    int left;
};

document answer(std::string_view payload, bool done = false) {
    return {{"conversationId", 5},
            {"done", done},
            {"payload", bson::binary(bson::binary_subtype::generic, bytes_of(payload))},
            {"ok", 1.0}};
}

struct talk {
    std::unique_ptr<conversation> with;
    document sent;
    error failure;
    bool over = false;

    explicit talk(int rounds = 1)
        : with(make_gssapi({.username = "ada@REALM", .source = "$external"},
                           [rounds]() -> result<std::unique_ptr<gss_context>> {
                               return std::unique_ptr<gss_context>(
                                   std::make_unique<fake_context>(rounds));
                           })) {
        write([&](bson::writer& to) { REQUIRE(with->start(to)); });
    }
    void write(const std::function<void(bson::writer&)>& fill) {
        bson::byte_buffer bytes;
        bson::writer to(bytes);
        to.begin_document();
        fill(to);
        to.end();
        sent = document(document_view(bytes.data(), bytes.size()));
    }
    std::string step(const document& reply) {
        write([&](bson::writer& to) {
            const auto got = with->step(reply, to);
            failure = got ? error() : got.error();
            over = got && *got;
        });
        const auto payload = sent["payload"].get_or<bson::binary_view>({});
        return text_of(payload.bytes);
    }
};

constexpr std::string_view any_layer("[\x07\0\x10\0]", 6);

}  // namespace

TEST_CASE("the tokens of a context are exchanged, then no security layer is chosen") {
    talk t;
    CHECK_FALSE(t.with->speculative());
    CHECK(t.with->blocks());
    CHECK(t.with->database() == "$external");
    CHECK(t.sent["mechanism"].get<std::string_view>() == "GSSAPI");
    CHECK(t.sent["autoAuthorize"].get<int>() == 1);
    CHECK(text_of(t.sent["payload"].get<bson::binary_view>().bytes) == "token1<>");
    CHECK(t.step(answer("server1")) == "token0<server1>");
    CHECK_FALSE(t.with->blocks());
    CHECK(t.sent["conversationId"].get<int>() == 5);
    CHECK(t.step(answer(any_layer)) == std::string("[\x01\0\0\0ada@REALM]", 15));
    t.step(answer("", true));
    CHECK(t.over);
}

TEST_CASE("a server that does not keep to the mechanism is refused") {
    talk early;
    early.step(answer("server1", true));
    CHECK(early.failure == errc::authentication_failed);

    talk bad_token;
    bad_token.step(answer("bad"));
    CHECK(bad_token.failure.message() == "a bad token");

    talk endless(1000);
    for (int i = 0; i < 20 && !endless.failure; ++i) {
        endless.step(answer("more"));
    }
    CHECK(endless.failure == errc::authentication_failed);

    for (const std::string_view offer :
         {std::string_view("[\x06\0\x10\0]", 6), std::string_view("[\x07\0\0]", 5),
          std::string_view("[\x07\0\0\0\0]", 7), std::string_view("[]"), std::string_view("x")}) {
        talk t;
        t.step(answer("server1"));
        t.step(answer(offer));
        CHECK(t.failure == errc::authentication_failed);
    }
    talk goes_on;
    goes_on.step(answer("server1"));
    goes_on.step(answer(any_layer));
    goes_on.step(answer("", false));
    CHECK(goes_on.failure == errc::authentication_failed);
}

TEST_CASE("the service is named as the credential's properties say") {
    credential c{.username = "ada", .source = "$external"};
    auto p = service_principal_of(c, "db.example.com");
    CHECK(p.name == "mongodb/db.example.com");
    CHECK_FALSE(p.host_based);
    c.properties = {{"SERVICE_NAME", "other"}, {"SERVICE_REALM", "R"}, {"SERVICE_HOST", "h"}};
    p = service_principal_of(c, "db.example.com");
    CHECK(p.name == "other/h@R");
    c.properties.emplace_back("CANONICALIZE_HOST_NAME", "forward");
    p = service_principal_of(c, "db.example.com");
    CHECK(p.name == "other@h");
    CHECK(p.host_based);
    CHECK(p.realm == "R");
    c.properties.back().second = "none";
    CHECK_FALSE(service_principal_of(c, "x").host_based);
}

TEST_CASE(
    "without the build's option a context cannot be had, and with it an unknown user has none") {
    const credential c{.username = "nobody@NOWHERE.INVALID", .source = "$external"};
    const auto got = make_kerberos_context(c, "localhost");
    REQUIRE_FALSE(got);
    CHECK(got.error() == (has_gssapi() ? errc::authentication_failed : errc::not_supported));
    CHECK(!got.error().message().empty());
}
