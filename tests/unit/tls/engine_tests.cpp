#include "tls/engine.hpp"

#include "engine_support.hpp"

#include <doctest/doctest.h>

using namespace mongoro;
using namespace mongoro::test;
using want = mongoro::tls::engine::want;

TEST_CASE("an engine and a server agree, whatever pieces their bytes come in") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
            CAPTURE(version);
            CAPTURE(piece);
            tls_server server(serving(version));
            engine_pair pair(server, context_of(trusting()), localhost(), piece);
            REQUIRE(!pair.shake_hands());
            CHECK(pair.version() == version);
            CHECK(pair.server_name() == "localhost");
            const auto text = pattern(50'000);
            REQUIRE(!pair.send(text));
            CHECK(pair.received() == text);
            pair.answer(text);
            CHECK(pair.read(text.size()) == text);
        }
    }
}

TEST_CASE("bytes that are no TLS record are told from a handshake that fails") {
    for (const auto* text : {"HTTP/1.1 400 Bad Request\r\n", "\x24\0\0\0", "\0"}) {
        auto made = tls::engine::make(context_of(trusting()), localhost(), {});
        REQUIRE(made);
        bytes room(16384);
        (*made)->put_into(room);
        REQUIRE(*(*made)->handshake() == want::input);
        const std::string_view sent(text, 4);
        (*made)->give({reinterpret_cast<const std::uint8_t*>(sent.data()), sent.size()});
        const auto next = (*made)->handshake();
        REQUIRE(!next);
        CHECK(next.error() == errc::tls_failed);
        CHECK(says(next.error(), "localhost:27017: the server does not speak TLS"));
    }
}

TEST_CASE("a damaged record is an error, and so is every later call") {
    tls_server server(serving());
    engine_pair pair(server, context_of(trusting()), localhost());
    REQUIRE(!pair.shake_hands());
    pair.answer(pattern(1000));
    auto ciphertext = pair.take_from_server();
    ciphertext.back() ^= 1;
    bytes into(2000);
    pair.engine().give(ciphertext);
    error failed;
    for (int i = 0; i < 10 && !failed; ++i) {
        const auto read = pair.engine().decrypt(into);
        failed = read ? error() : read.error();
    }
    CHECK(failed == errc::tls_failed);
    CHECK(says(failed, "damaged"));
    CHECK(!pair.engine().decrypt(into));
    const std::uint8_t one = 1;
    CHECK(!pair.engine().encrypt({&one, 1}));
}

TEST_CASE("the peer's close_notify is the end, and not an error") {
    tls_server server(serving());
    engine_pair pair(server, context_of(trusting()), localhost());
    REQUIRE(!pair.shake_hands());
    pair.answer(pattern(10));
    pair.server_says_end();
    CHECK(pair.read(10) == pattern(10));
    bytes into(10);
    const auto rest = pair.engine().decrypt(into);
    REQUIRE(rest);
    CHECK(rest->ended);
    CHECK(rest->bytes == 0);
}

TEST_CASE("a key update is answered on the way, even where there is no room at first") {
    tls_server server(serving(TLS1_3_VERSION));
    engine_pair pair(server, context_of(trusting()), localhost());
    REQUIRE(!pair.shake_hands());
    pair.update_keys();
    pair.answer(pattern(100));
    pair.give_from_server();
    pair.engine().put_into({});
    bytes into(1000);
    auto read = pair.engine().decrypt(into);
    REQUIRE(read);
    if (read->bytes == 0) {
        CHECK(read->next == want::output);
        pair.lend_room(1000);
        read = pair.engine().decrypt(into);
        REQUIRE(read);
        CHECK(pair.engine().written() > 0);
        pair.take_room();
    }
    CHECK(read->bytes == 100);
    const auto text = pattern(5000);
    REQUIRE(!pair.send(text));
    CHECK(pair.received() == text);
}

TEST_CASE("an encrypting engine takes what the room allows, and loses nothing") {
    tls_server server(serving());
    engine_pair pair(server, context_of(trusting()), localhost());
    REQUIRE(!pair.shake_hands());
    const auto text = pattern(100'000);
    std::span<const std::uint8_t> rest(text);
    std::size_t stops = 0;
    while (!rest.empty()) {
        pair.lend_room(1000);
        const auto done = pair.engine().encrypt(rest);
        REQUIRE(done);
        rest = rest.subspan(done->bytes);
        stops += done->next == want::output ? 1U : 0U;
        pair.take_room();
    }
    CHECK(stops > 90);
    CHECK(pair.received() == text);
}

TEST_CASE("a record is longer than its plaintext by no more than it says") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_server server(serving(version));
        engine_pair pair(server, context_of(trusting()), localhost());
        REQUIRE(!pair.shake_hands());
        pair.lend_room(100'000);
        const auto text = pattern(tls::engine::record);
        const auto done = pair.engine().encrypt(text);
        REQUIRE(done);
        CHECK(done->bytes == text.size());
        CHECK(pair.engine().written() <= text.size() + tls::engine::most_overhead);
    }
}

TEST_CASE("a second engine of a context resumes what the first one began, and says so") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        tls_server server(serving(version));
        const auto context = context_of(trusting());
        for (int i = 0; i < 4; ++i) {
            engine_pair pair(server, context, localhost());
            REQUIRE(!pair.shake_hands());
            CHECK(pair.engine().resumed() == (i > 0));
            pair.answer(pattern(10));
            CHECK(pair.read(10) == pattern(10));
        }
        // For another server, or another port, there is no session.
        auto other = localhost();
        other.port = 1;
        engine_pair pair(server, context, other);
        REQUIRE(!pair.shake_hands());
        CHECK(!pair.engine().resumed());
    }
}

TEST_CASE("a session whose handshake came to no end is not offered again") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        tls_server server(serving(version));
        const auto context = context_of(trusting());
        {
            engine_pair first(server, context, localhost());
            REQUIRE(!first.shake_hands());
            first.answer(pattern(10));
            CHECK(first.read(10) == pattern(10));
        }
        {
            // One that has not begun has learnt nothing.
            engine_pair idle(server, context, localhost());
        }
        REQUIRE(context->sessions().size() != 0);
        {
            engine_pair cut(server, context, localhost());
            cut.lend_room(16384);
            REQUIRE(cut.engine().handshake());  // its hello, and no answer
        }
        CHECK(context->sessions().size() == 0);
        engine_pair next(server, context, localhost());
        REQUIRE(!next.shake_hands());
        CHECK(!next.engine().resumed());
    }
}

TEST_CASE("a server whose sessions are resumed is verified again after a day") {
    using std::chrono::hours;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        tls_server server(serving(version));
        const auto context = context_of(trusting());
        const auto start = tls::session_cache::clock::now();
        const auto resumes = [&](hours later) {
            engine_pair pair(server, context, localhost(), 16384, start + later);
            REQUIRE(!pair.shake_hands());
            pair.answer(pattern(10));
            CHECK(pair.read(10) == pattern(10));  // and what new session there is
            return pair.engine().resumed();
        };
        CHECK(!resumes(hours(0)));
        CHECK(resumes(hours(12)));
        CHECK(resumes(hours(23)));
        CHECK(!resumes(hours(24)));
        CHECK(resumes(hours(47)));
        CHECK(!resumes(hours(48)));
    }
}

TEST_CASE("a server that does not resume a session is verified then") {
    using std::chrono::hours;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        const auto context = context_of(trusting());
        const auto start = tls::session_cache::clock::now();
        const auto resumes = [&](tls_server& server, hours later) {
            engine_pair pair(server, context, localhost(), 16384, start + later);
            REQUIRE(!pair.shake_hands());
            pair.answer(pattern(10));
            CHECK(pair.read(10) == pattern(10));
            return pair.engine().resumed();
        };
        tls_server before(serving(version));
        tls_server restarted(serving(version));  // with other keys for its tickets
        CHECK(!resumes(before, hours(0)));
        CHECK(!resumes(restarted, hours(20)));
        CHECK(resumes(restarted, hours(30)));
    }
}

TEST_CASE("a session is not resumed when its server's certificate has expired") {
    certificate_options expired;
    expired.until = std::chrono::seconds(-60);
    const auto certificate = test_world::get().authority.issue(expired);
    auto lax = trusting();
    lax.allow_invalid_certificates = true;  // or there would be no session at all
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_server server(serving(certificate, version));
        const auto context = context_of(lax);
        for (int i = 0; i < 2; ++i) {
            engine_pair pair(server, context, localhost());
            REQUIRE(!pair.shake_hands());
            CHECK(!pair.engine().resumed());
            pair.answer(pattern(10));
            CHECK(pair.read(10) == pattern(10));
        }
    }
}

TEST_CASE("the server name is sent for a name, without its dot, and never for an address") {
    const std::pair<std::string, std::string> names[] = {
        {"localhost", "localhost"},
        {"localhost.", "localhost"},
        {"127.0.0.1", ""},
        {"::1", ""},
        {"::1%lo", ""},
    };
    for (const auto& [host, expected] : names) {
        CAPTURE(host);
        tls_server server(serving());
        engine_pair pair(server, context_of(trusting()), {host, 27017});
        const auto failed = pair.shake_hands();
        CHECK_MESSAGE(!failed, failed.to_string());
        CHECK(pair.server_name() == expected);
    }
}

TEST_CASE("a certificate for another name or address is refused, unless names are not verified") {
    const auto& world = test_world::get();
    certificate_options elsewhere;
    elsewhere.alternative = "DNS:elsewhere.example,DNS:*.wild.example,IP:10.0.0.1";
    const auto certificate = world.authority.issue(elsewhere);
    tls_server server(serving(certificate));
    for (const auto* host : {"localhost", "127.0.0.1", "::1", "wild.example", "a.b.wild.example",
                             "elsewhere.example.org", "10.0.0.10"}) {
        CAPTURE(host);
        engine_pair pair(server, context_of(trusting()), {host, 27017});
        const auto e = pair.shake_hands();
        CHECK(e == errc::tls_failed);
        CHECK(says(e, std::string("is not for ") + host));
        auto lax = trusting();
        lax.allow_invalid_hostnames = true;
        CHECK(!engine_pair(server, context_of(lax), {host, 27017}).shake_hands());
    }
    for (const auto* host :
         {"elsewhere.example", "ELSEWHERE.example", "a.wild.example", "10.0.0.1"}) {
        CAPTURE(host);
        CHECK(!engine_pair(server, context_of(trusting()), {host, 27017}).shake_hands());
    }
}

TEST_CASE("a path has no name: it is refused where names are verified, and works where not") {
    tls_server server(serving());
    const host_address path{"/tmp/mongodb.sock", 0};
    const auto made = tls::engine::make(context_of(trusting()), path, {});
    REQUIRE(!made);
    CHECK(made.error() == errc::tls_failed);
    CHECK(says(made.error(), "tlsAllowInvalidHostnames"));
    auto lax = trusting();
    lax.allow_invalid_hostnames = true;
    engine_pair pair(server, context_of(lax), path);
    CHECK(!pair.shake_hands());
    CHECK(pair.server_name() == "");
}

TEST_CASE("a certificate of the wrong authority, or out of its time, is refused for that reason") {
    const auto& world = test_world::get();
    certificate_options expired;
    expired.until = std::chrono::seconds(-60);
    certificate_options early;
    early.from = std::chrono::seconds(3600);
    const auto twin = identity::authority();  // the same name, another key
    const std::pair<identity, std::string> cases[] = {
        {identity::authority("stranger").issue(), "not signed by an authority"},
        {twin.issue(), "not signed by an authority"},
        {identity::self_signed(), "not signed by an authority"},
        {world.authority.issue(expired), "has expired"},
        {world.authority.issue(early), "is not valid yet"},
    };
    for (const auto& [certificate, expected] : cases) {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            CAPTURE(expected);
            tls_server server(serving(certificate, version));
            const auto e = engine_pair(server, context_of(trusting()), localhost()).shake_hands();
            CHECK(e == errc::tls_failed);
            CHECK(says(e, expected));
            for (const bool all : {true, false}) {
                auto lax = trusting();
                (all ? lax.insecure : lax.allow_invalid_certificates) = true;
                CHECK(!engine_pair(server, context_of(lax), {"wrong.example", 1}).shake_hands());
            }
        }
    }
}

TEST_CASE("an authority below another one is enough to trust what it signed") {
    const auto& world = test_world::get();
    certificate_options middle;
    middle.authority = true;
    middle.name = "middle";
    const auto between = world.authority.issue(middle);
    const auto leaf = between.issue();
    auto options = serving(leaf);
    tls_server alone(options);
    options.chain = {between};
    tls_server with_chain(options);
    CHECK(engine_pair(alone, context_of(trusting()), localhost()).shake_hands() ==
          errc::tls_failed);
    CHECK(!engine_pair(with_chain, context_of(trusting()), localhost()).shake_hands());
    temporary_files files;
    tls_options only_middle;
    only_middle.ca_file = files.write("middle.pem", between.certificate_pem());
    CHECK(!engine_pair(alone, context_of(only_middle), localhost()).shake_hands());
}

TEST_CASE("a client shows its certificate, and is told when one is demanded and it has none") {
    const auto& world = test_world::get();
    certificate_options named;
    named.name = "ada";
    const auto ada = world.authority.issue(named);
    temporary_files files;
    auto with = trusting();
    with.certificate_key_file = files.write("ada.pem", ada.certificate_pem() + ada.key_pem("pw"));
    with.certificate_key_file_password = "pw";
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        auto options = serving(version);
        options.client_authority = world.authority;
        tls_server server(options);
        engine_pair good(server, context_of(with), localhost());
        REQUIRE(!good.shake_hands());
        CHECK(good.client_name() == "ada");

        engine_pair none(server, context_of(trusting()), localhost());
        auto e = none.shake_hands();
        if (version == TLS1_3_VERSION) {
            // The client's handshake is over before the server can say so.
            CHECK(!e);
            bytes into(10);
            none.give_from_server();
            const auto read = none.engine().decrypt(into);
            REQUIRE(!read);
            e = read.error();
        }
        CHECK(e == errc::tls_failed);
        CHECK(says(e, "demands a client certificate"));
    }
}

TEST_CASE("a server whose versions of TLS are all too old is refused for that reason") {
    auto options = serving();
    tls_server server(options);
    SSL_CTX_set_security_level(server.context(), 0);
    SSL_CTX_set_cipher_list(server.context(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(server.context(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(server.context(), TLS1_1_VERSION);
    const auto e = engine_pair(server, context_of(trusting()), localhost()).shake_hands();
    CHECK(e == errc::tls_failed);
    CHECK(says(e, "no version of TLS in common"));
}
