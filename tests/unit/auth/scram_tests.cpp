#include "auth/scram.hpp"

#include "auth/sasl.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

using namespace mongoro;
using namespace mongoro::auth;

namespace {

struct example {
    auth_mechanism mechanism;
    std::string_view nonce;
    std::string_view client_first;
    std::string_view server_first;
    std::string_view client_last;
    std::string_view server_last;
};

// auth.md, "Conversation" of each.
const example examples[] = {
    {auth_mechanism::scram_sha_1, "fyko+d2lbbFgONRv9qkxdawL",
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/"
     "9SraGMHEE,s=rQ9ZY3MntBeuP3E1TDVC4w==,i=10000",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,"
     "p=MC2T8BvbmWRckDw8oWl5IVghwCY=",
     "v=UMWeI25JD1yNYZRMpZ4VHvhZ9e0="},
    {auth_mechanism::scram_sha_256, "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

const example& sha_256 = examples[1];

credential who(std::string user = "user", std::string password = "pencil") {
    credential c;
    c.username = std::move(user);
    c.password = std::move(password);
    c.source = "users";
    return c;
}

document answer(std::string_view payload, bool done, int id = 1) {
    return {{"conversationId", id},
            {"done", done},
            {"payload", bson::binary(bson::binary_subtype::generic, bytes_of(payload))},
            {"ok", 1.0}};
}

std::string payload_of(document_view command) {
    const auto bytes = command["payload"].get<bson::binary_view>();
    CHECK(bytes.subtype == bson::binary_subtype::generic);
    return {reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()};
}

/// A conversation, and what it sent last.
struct talk {
    scram_cache cache;
    std::unique_ptr<conversation> with;
    document sent;

    explicit talk(const example& e = sha_256, const credential& c = who())
        : with(make_scram(c, e.mechanism, cache, std::string(e.nonce)).value()) {
        write([&](bson::writer& to) { return with->start(to).has_value(); });
    }
    template <typename Write>
    bool write(Write write) {
        bson::byte_buffer bytes;
        bson::writer to(bytes);
        to.begin_document();
        const bool out = write(to);
        to.end();
        REQUIRE(to.ok());
        sent = document(document_view(bytes.data(), bytes.size()));
        return out;
    }
    result<bool> step(document_view reply) {
        result<bool> got(false);
        write([&](bson::writer& to) {
            got = with->step(reply, to);
            return true;
        });
        return got;
    }
};

error refused(const result<bool>& got) {
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::authentication_failed);
    CHECK(got.error().to_string().find("pencil") == std::string::npos);
    return got.error();
}

}  // namespace

TEST_CASE("the conversations of the auth specification are held word for word") {
    for (const auto& e : examples) {
        talk t(e);
        CHECK(t.with->database() == "users");
        CHECK(t.with->speculative());
        CHECK(t.sent["saslStart"].get<int>() == 1);
        CHECK(t.sent["mechanism"].get<std::string_view>() == to_string(e.mechanism));
        CHECK(t.sent["options"]["skipEmptyExchange"].get<bool>());
        CHECK(payload_of(t.sent) == e.client_first);

        CHECK(t.step(answer(e.server_first, false)).value() == false);
        CHECK(t.sent["saslContinue"].get<int>() == 1);
        CHECK(t.sent["conversationId"].get<int>() == 1);
        CHECK(payload_of(t.sent) == e.client_last);

        CHECK(t.step(answer(e.server_last, true)).value() == true);
        CHECK(t.sent.count() == 0);
    }
}

TEST_CASE("a server that does not skip the empty exchange gets one") {
    talk t;
    CHECK_FALSE(t.step(answer(sha_256.server_first, false)).value());
    CHECK_FALSE(t.step(answer(sha_256.server_last, false)).value());
    CHECK(t.sent["saslContinue"].get<int>() == 1);
    CHECK(payload_of(t.sent) == "");
    SUBCASE("and ends then") {
        CHECK(t.step(answer("", true)).value());
    }
    SUBCASE("or is refused") {
        refused(t.step(answer("", false)));
    }
}

TEST_CASE("a user name is escaped and not prepared, a password is prepared for SHA-256 alone") {
    talk t(sha_256, who("a=b,c\xE2\x85\xA8"));
    CHECK(payload_of(t.sent) == "n,,n=a=3Db=2Cc\xE2\x85\xA8,r=rOprNGfwEbeRWgbNEkqO");

    const auto proof = [](const example& e, std::string_view password) {
        talk made(e, who("user", std::string(password)));
        REQUIRE(made.step(answer(e.server_first, false)));
        return payload_of(made.sent);
    };
    CHECK(proof(sha_256,
                "pen\xC2\xAD"
                "cil") == sha_256.client_last);
    CHECK(proof(examples[0],
                "pen\xC2\xAD"
                "cil") != examples[0].client_last);

    scram_cache cache;
    CHECK(make_scram(who("user", "\x07"), auth_mechanism::scram_sha_256, cache, "n").error() ==
          errc::authentication_failed);
    CHECK(make_scram(who("user", "\x07"), auth_mechanism::scram_sha_1, cache, "n"));
}

TEST_CASE("a second connection finds the keys") {
    talk a;
    REQUIRE(a.step(answer(sha_256.server_first, false)));
    CHECK(a.cache.derived() == 1);
    const auto b =
        make_scram(who(), auth_mechanism::scram_sha_256, a.cache, std::string(sha_256.nonce))
            .value();
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    REQUIRE(b->step(answer(sha_256.server_first, false), to));
    CHECK(a.cache.derived() == 1);
}

TEST_CASE("a first message that is not what SCRAM says is refused") {
    const std::string r = "r=rOprNGfwEbeRWgbNEkqO%hv,";
    const std::string s = "s=W22ZaJ0SNY7soEsUEjb6gQ==,";
    for (const std::string& bad : {
             std::string(),
             std::string("r"),
             std::string("\0\0", 2),
             "x=1," + r + s + "i=4096",
             "m=x," + r + s + "i=4096",
             s + r + "i=4096",
             r + s,
             r + s + "i=",
             r + s + "i=4096,",
             r + s + "i=4096,=",
             r + s + "i=4096,1=x",
             r + s + "i=4096,m=x",
             r + s + "i=4096x",
             r + s + "i= 4096",
             r + s + "i=+4096",
             r + s + "i=-4096",
             r + s + "i=4095",
             r + s + "i=0",
             r + s + "i=2000001",
             r + s + "i=4294967296",
             r + s + "i=99999999999999999999999",
             r + "s=,i=4096",
             r + "s=W22ZaJ0SNY7soEsUEjb6gQ=,i=4096",
             r + "s=W22ZaJ0SNY7soEsUEjb6g*==,i=4096",
             r + "s=" + std::string(2000, 'A') + ",i=4096",
             "r=," + s + "i=4096",
             "r=rOprNGfwEbeRWgbNEkqO," + s + "i=4096",  // nothing of the server's own
             "r=rOprNGfwEbeRWgbNEkqo%hv," + s + "i=4096",
             "r=xrOprNGfwEbeRWgbNEkqO%hv," + s + "i=4096",
             "r=rOprNGfwEbeRWgbNEkqP%hv," + s + "i=4096",
             "r=rOprNGfwEbeRWgbNEkqO%h v," + s + "i=4096",
             "r=rOprNGfwEbeRWgbNEkqO\xC3\xBC," + s + "i=4096",
             "r=rOprNGfwEbeRWgbNEkqO" + std::string(1024, 'x') + "," + s + "i=4096",
         }) {
        CAPTURE(bad);
        talk t;
        refused(t.step(answer(bad, false)));
    }
    // Extensions that need not be understood are passed over.
    talk t;
    CHECK(t.step(answer(r + s + "i=4096,x=y,Z=", false)));
    CHECK(read_server_first(r + s + "i=2000000", sha_256.nonce));
}

TEST_CASE("fewer than 4096 iterations are refused for both mechanisms") {
    for (const auto& e : examples) {
        for (const auto* count : {"4095", "1"}) {
            std::string first(e.server_first);
            first.resize(first.rfind('=') + 1);
            talk t(e);
            refused(t.step(answer(first + count, false)));
        }
        std::string first(e.server_first);
        first.resize(first.rfind('=') + 1);
        talk t(e);
        CHECK(t.step(answer(first + "4096", false)));
    }
}

TEST_CASE("a server that cannot prove that it knows the user is refused") {
    for (const std::string_view bad :
         {"", "v=", "v", "x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", "v=UMWeI25JD1yNYZRMpZ4VHvhZ9e0=",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,", "e=invalid-proof",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=6rriTRBi23WpRR/wtup+mMhUZUn/"}) {
        for (const bool done : {true, false}) {
            CAPTURE(bad);
            talk t;
            REQUIRE(t.step(answer(sha_256.server_first, false)));
            refused(t.step(answer(bad, done)));
        }
    }
}

TEST_CASE("a server that is done before it has proved anything is refused") {
    talk t;
    refused(t.step(answer(sha_256.server_first, true)));
    talk u;
    refused(u.step(answer("", true)));
}

TEST_CASE("the server's own error is kept, apart from the driver's words") {
    talk t;
    CHECK(refused(t.step(answer("e=unknown-user", false))).server_message() == "unknown-user");
    talk u;
    REQUIRE(u.step(answer(sha_256.server_first, false)));
    CHECK(refused(u.step(answer("e=invalid-proof", true))).server_message() == "invalid-proof");
    talk v;
    CHECK(refused(v.step(answer("e=" + std::string(10'000, 'x'), false))).server_message().size() ==
          256);
}

TEST_CASE("an answer that is no SASL reply is refused") {
    const bson::binary payload(bson::binary_subtype::generic, bytes_of(sha_256.server_first));
    const document bad[] = {
        {},
        {{"ok", 1.0}},
        {{"done", false}, {"payload", payload}},
        {{"conversationId", "1"}, {"done", false}, {"payload", payload}},
        {{"conversationId", 1}, {"payload", payload}},
        {{"conversationId", 1}, {"done", 0}, {"payload", payload}},
        {{"conversationId", 1}, {"done", false}},
        {{"conversationId", 1}, {"done", false}, {"payload", "text"}},
        {{"conversationId", 1}, {"done", false}, {"payload", payload}, {"code", 18}},
        {{"conversationId", 1}, {"done", false}, {"payload", payload}, {"code", "x"}},
    };
    for (const auto& reply : bad) {
        talk t;
        refused(t.step(reply));
    }
    talk t;
    REQUIRE(t.step(answer(sha_256.server_first, false, 7)));
    CHECK(t.sent["conversationId"].get<int>() == 7);
    refused(t.step(answer(sha_256.server_last, true, 8)));
}

TEST_CASE("nonces are long and never the same") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto nonce = random_nonce().value();
        CHECK(nonce.size() == 32);
        CHECK(nonce.find(',') == std::string::npos);
        seen.insert(nonce);
    }
    CHECK(seen.size() == 100);
}
