#include "auth/simple.hpp"

#include "auth/sasl.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace mongoro;
using namespace mongoro::auth;

namespace {

document started(conversation& with) {
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    REQUIRE(with.start(to));
    to.end();
    return document(document_view(bytes.data(), bytes.size()));
}

result<bool> stepped(conversation& with, const document& reply) {
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    return with.step(reply, to);
}

document answer(bool done) {
    return {{"conversationId", 1},
            {"done", done},
            {"payload", bson::binary(bson::binary_subtype::generic, {})},
            {"ok", 1.0}};
}

}  // namespace

TEST_CASE("PLAIN sends user name and password at once, never with the hello") {
    credential c{.username = "user", .password = "pencil", .source = "$external"};
    const auto with = make_plain(c).value();
    CHECK(with->database() == "$external");
    CHECK_FALSE(with->speculative());
    const auto sent = started(*with);
    CHECK(sent["saslStart"].get<int>() == 1);
    CHECK(sent["mechanism"].get<std::string_view>() == "PLAIN");
    const auto payload = sent["payload"].get<bson::binary_view>();
    CHECK(std::string(payload.bytes.begin(), payload.bytes.end()) ==
          std::string("\0user\0pencil", 12));
    CHECK(stepped(*with, answer(true)).value());

    const auto e = stepped(*make_plain(c).value(), answer(false)).error();
    CHECK(e == errc::authentication_failed);
    CHECK(stepped(*make_plain(c).value(), {{"ok", 1.0}}).error() == errc::authentication_failed);
    c.password = std::string("a\0b", 3);
    CHECK(make_plain(c).error() == errc::authentication_failed);
    c.password = "a";
    c.username = std::string("a\0b", 3);
    CHECK(make_plain(c).error() == errc::authentication_failed);
}

TEST_CASE("MONGODB-X509 names the user only if there is one") {
    credential c{.source = "$external"};
    const auto without = make_x509(c);
    CHECK(without->speculative());
    CHECK(without->database() == "$external");
    CHECK(started(*without) == document{{"authenticate", 1}, {"mechanism", "MONGODB-X509"}});
    c.username = "CN=client,OU=Drivers";
    const auto with = make_x509(c);
    CHECK(started(*with) == document{{"authenticate", 1},
                                     {"mechanism", "MONGODB-X509"},
                                     {"user", "CN=client,OU=Drivers"}});
    CHECK(stepped(*with, {{"dbname", "$external"}, {"user", "x"}, {"ok", 1.0}}).value());
}
