#include "auth/oidc_conversation.hpp"

#include "bson/json_scalar.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace mongoro;
using namespace mongoro::auth;

namespace {

std::vector<std::uint8_t> bytes_of_base64(std::string_view text) {
    std::vector<std::uint8_t> out;
    REQUIRE(bson::detail::decode_base64(text, out));
    return out;
}

// The payloads of the specification's examples.
constexpr std::string_view jwt_payload = "FwAAAAJqd3QACQAAAGFiY2QxMjM0AAA=";
constexpr std::string_view principal_payload = "EgAAAAJuAAYAAABteWlkcAAA";
constexpr std::string_view idp_payload =
    "WQAAAAJpc3N1ZXIADwAAAGh0dHBzOi8vaXNzdWVyAAJjbGllbnRJZAAFAAAAYWJjZAAEcmVxdWVzdFNjb3BlcwAXAAAA"
    "AjAAAgAAAGEAAjEAAgAAAGIAAAA=";

template <typename Write>
document written(Write write) {
    bson::byte_buffer bytes;
    bson::writer w(bytes);
    w.begin_document();
    write(w);
    w.end();
    REQUIRE(w.ok());
    return document(w.view());
}

document answer(std::span<const std::uint8_t> payload, bool done) {
    return {{"conversationId", 9},
            {"payload", bson::binary_view{bson::binary_subtype::generic, payload}},
            {"done", done},
            {"ok", 1.0}};
}

bool payload_is(const document& command, std::string_view base64) {
    return std::ranges::equal(command["payload"].get<bson::binary_view>().bytes,
                              bytes_of_base64(base64));
}

oidc_token token() {
    return std::make_shared<const secret>("abcd1234");
}

result<bool> stepped(document_view reply) {
    oidc_one_step c(token());
    result<bool> done{false};
    static_cast<void>(written([&](bson::writer& w) { done = c.step(reply, w); }));
    return done;
}

result<oidc_idp_info> info_of(const document& payload, bool done = false) {
    oidc_two_step c;
    return c.idp_info(answer(payload.bytes(), done));
}

}  // namespace

TEST_CASE("one step sends the token as the specification's example does") {
    oidc_one_step c(token());
    CHECK(c.database() == "$external");
    CHECK(c.speculative());
    const auto command = written([&](bson::writer& w) { REQUIRE(c.start(w)); });
    CHECK(command.count() == 3);
    CHECK(command["saslStart"].get<int>() == 1);
    CHECK(command["mechanism"].get<std::string>() == "MONGODB-OIDC");
    CHECK(payload_is(command, jwt_payload));
    CHECK(stepped(answer({}, true)).value());
}

TEST_CASE("one step is all there is: a server that wants more, or says nothing, is refused") {
    CHECK(stepped(answer({}, false)).error() == errc::authentication_failed);
    CHECK(stepped(document{{"ok", 1.0}}).error() == errc::authentication_failed);
}

TEST_CASE("two steps send the user's name, read the provider and send the token") {
    oidc_two_step c;
    const auto first = written([&](bson::writer& w) { c.start("myidp", w); });
    CHECK(first["mechanism"].get<std::string>() == "MONGODB-OIDC");
    CHECK(payload_is(first, principal_payload));

    const auto info = c.idp_info(answer(bytes_of_base64(idp_payload), false));
    REQUIRE(info);
    CHECK(info->issuer == "https://issuer");
    CHECK(info->client_id == "abcd");
    CHECK(info->request_scopes == std::vector<std::string>{"a", "b"});

    const auto second = written([&](bson::writer& w) { c.proceed(*token(), w); });
    CHECK(second["saslContinue"].get<int>() == 1);
    CHECK(second["conversationId"].get<int>() == 9);
    CHECK(payload_is(second, jwt_payload));
    CHECK(oidc_two_step::finish(answer({}, true)));
    CHECK(oidc_two_step::finish(answer({}, false)).error() == errc::authentication_failed);
}

TEST_CASE("two steps without a user name leave the field out") {
    oidc_two_step c;
    const auto first = written([&](bson::writer& w) { c.start(std::nullopt, w); });
    const auto payload = first["payload"].get<bson::binary_view>();
    CHECK(bson::document_view::from_bytes(payload.bytes).value().empty());
}

TEST_CASE("a provider needs an issuer and nothing else") {
    const auto least = info_of({{"issuer", "https://i"}});
    REQUIRE(least);
    CHECK(!least->client_id);
    CHECK(least->request_scopes.empty());
    CHECK(info_of({{"clientId", "c"}}).error() == errc::authentication_failed);
    CHECK(info_of({{"issuer", ""}}).error() == errc::authentication_failed);
    CHECK(info_of({{"issuer", "i"}, {"requestScopes", bson::arr(1)}}).error() ==
          errc::authentication_failed);
    CHECK(info_of({{"issuer", "i"}}, true).error() == errc::authentication_failed);
}

TEST_CASE("a host is allowed by its name, or by the domain that it is below") {
    const auto standard = default_allowed_hosts();
    for (const auto* const good :
         {"localhost", "LOCALHOST", "127.0.0.1", "::1", "a.mongodb.net", "a.b.MongoDB.net",
          "x.mongo.com", "a.mongodb-qa.net", "a.mongodb-dev.net", "a.mongodbgov.net"}) {
        CAPTURE(good);
        CHECK(is_allowed_host(good, standard));
    }
    for (const auto* const bad : {"mongodb.net", "evilmongodb.net", "mongodb.net.evil.com", "",
                                  ".mongodb.net.", "localhost.evil.com", "127.0.0.11"}) {
        CAPTURE(bad);
        CHECK(!is_allowed_host(bad, standard));
    }
    CHECK(!is_allowed_host("localhost", {}));
    CHECK(is_allowed_host("example.com", {"example.com"}));
    CHECK(!is_allowed_host("a.example.com", {"example.com"}));
    CHECK(!is_allowed_host("anything", {"*"}));
}
