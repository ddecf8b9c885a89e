#include "tls/session_cache.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <ctime>
#include <string>

using namespace mongoro::tls;

namespace {

session_ptr session(int version, long age = 0) {
    session_ptr made(SSL_SESSION_new());
    static unsigned char id = 0;
    ++id;
    SSL_SESSION_set1_id(made.get(), &id, 1);
    SSL_SESSION_set_protocol_version(made.get(), version);
    SSL_SESSION_set_time(made.get(), static_cast<long>(std::time(nullptr)) - age);
    SSL_SESSION_set_timeout(made.get(), 300);
    return made;
}

const auto now = session_cache::clock::now();

cached_session verified_now(session_ptr made) {
    return {std::move(made), now};
}

}  // namespace

TEST_CASE("a session is given for its server only, and the newest first") {
    session_cache cache;
    CHECK(cache.take("a:1", now).session == nullptr);
    auto old = session(TLS1_3_VERSION);
    auto young = session(TLS1_3_VERSION);
    const auto* const old_one = old.get();
    const auto* const young_one = young.get();
    cache.add("a:1", verified_now(std::move(old)));
    cache.add("a:1", verified_now(std::move(young)));
    CHECK(cache.take("a:2", now).session == nullptr);
    CHECK(cache.take("a:1", now).session.get() == young_one);
    CHECK(cache.take("a:1", now).session.get() == old_one);
    CHECK(cache.take("a:1", now).session == nullptr);
}

TEST_CASE("a session of TLS 1.2 stays, one of TLS 1.3 is used once") {
    session_cache cache;
    cache.add("a:1", verified_now(session(TLS1_2_VERSION)));
    const auto first = cache.take("a:1", now).session;
    CHECK(first != nullptr);
    CHECK(cache.take("a:1", now).session == first);
    cache.remove("a:1");
    CHECK(cache.take("a:1", now).session == nullptr);
}

TEST_CASE("a session that is too old is not given") {
    session_cache cache;
    cache.add("a:1", verified_now(session(TLS1_2_VERSION, 301)));
    CHECK(cache.take("a:1", now).session == nullptr);
    CHECK(cache.size() == 0);
}

TEST_CASE("a session is not given when its server was verified too long ago") {
    using namespace std::chrono_literals;
    session_cache cache;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto age = session_cache::longest;
        cache.add("a:1", {session(version), now - age});
        CHECK(!cache.take("a:1", now));
        CHECK(cache.size() == 0);
        cache.add("a:1", {session(version), now - age + 1ms});
        const auto taken = cache.take("a:1", now);
        REQUIRE(taken);
        CHECK(taken.verified == now - age + 1ms);
        cache.remove("a:1");
    }
}

TEST_CASE("there are never more sessions than there may be, and the oldest goes first") {
    session_cache cache;
    cache.add("first", verified_now(session(TLS1_3_VERSION)));
    for (std::size_t i = 0; i < 2 * session_cache::most_of_one; ++i) {
        cache.add("a:1", verified_now(session(TLS1_3_VERSION)));
    }
    CHECK(cache.size() == 1 + session_cache::most_of_one);
    for (std::size_t i = 0; i < 2 * session_cache::most; ++i) {
        cache.add("b:" + std::to_string(i), verified_now(session(TLS1_3_VERSION)));
    }
    CHECK(cache.size() == session_cache::most);
    CHECK(cache.take("first", now).session == nullptr);
    CHECK(cache.take("b:127", now).session != nullptr);
}
