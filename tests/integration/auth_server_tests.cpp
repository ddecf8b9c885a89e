#include "backends.hpp"
#include "real_server.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/client.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

// auth.md, "Test Plan", against a server with access control and the users of
// tests/support/auth_server.py: MONGORO_AUTH_URI is `mongodb://host:port/`.

using namespace mongoro;
using namespace mongoro::test;

namespace {

#define REQUIRE_AUTH_SERVER(name)                                                             \
    const char* const name##_given = std::getenv("MONGORO_AUTH_URI"); /* NOLINT: no setenv */ \
    if (name##_given == nullptr || *name##_given == '\0') {                                   \
        SKIP_CASE("MONGORO_AUTH_URI is not set: no server with access control");              \
    }                                                                                         \
    const std::string name(name##_given)

/// With that user information; `rest` comes behind the slash.
std::string uri_of(const std::string& server, std::string_view user, std::string_view rest = "") {
    constexpr std::string_view scheme = "mongodb://";
    return std::string(scheme) + std::string(user) + "@" + server.substr(scheme.size()) +
           std::string(rest);
}

/// The error of a command that needs a login.
error run(reactor& r, const std::string& uri) {
    const client c(r, uri);
    auto e = error_of(r, c["mongoro_auth"].run_command({{"dbStats", 1}}));
    static_cast<void>(error_of(r, c.close(deadline::after(std::chrono::seconds(10)))));
    return e;
}

std::string by(std::string_view mechanism) {
    return "?authMechanism=" + std::string(mechanism);
}

}  // namespace

TEST_CASE("without a login nothing may be done") {
    REQUIRE_AUTH_SERVER(server);
    on_each_backend([&](reactor& r) {
        const auto e = run(r, server);
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 13);
    });
}

TEST_CASE(
    "steps 1 and 2: each user logs in by each mechanism that it has, and without a word of it") {
    REQUIRE_AUTH_SERVER(server);
    on_each_backend([&](reactor& r) {
        for (const std::string_view rest :
             {"", "?authMechanism=SCRAM-SHA-1", "?authMechanism=SCRAM-SHA-256"}) {
            CHECK(!run(r, uri_of(server, "both:both", rest)));
        }
        CHECK(!run(r, uri_of(server, "sha1:sha1")));
        CHECK(!run(r, uri_of(server, "sha1:sha1", by("SCRAM-SHA-1"))));
        CHECK(!run(r, uri_of(server, "sha256:sha256")));
        CHECK(!run(r, uri_of(server, "sha256:sha256", by("SCRAM-SHA-256"))));
        CHECK(!run(r, uri_of(server, "ada%40shop:p%3Aw%40%25%2F%2C%3D")));
    });
}

TEST_CASE("step 3: another mechanism, another password and another user fail alike, and readably") {
    REQUIRE_AUTH_SERVER(server);
    on_each_backend([&](reactor& r) {
        const std::string refused[] = {
            uri_of(server, "sha1:sha1", by("SCRAM-SHA-256")),
            uri_of(server, "sha256:sha256", by("SCRAM-SHA-1")),
            uri_of(server, "both:s3cret"),
            uri_of(server, "nobody:s3cret"),
            uri_of(server, "elsewhere:elsewhere"),
        };
        for (const auto& uri : refused) {
            CAPTURE(uri);
            const auto e = run(r, uri);
            CHECK(e == errc::authentication_failed);
            CHECK(e.server_code() == 18);
            CHECK(e.to_string().find("s3cret") == std::string::npos);
        }
        const auto e = run(r, uri_of(server, "both:s3cret"));
        CHECK(e.message().starts_with("user both (SCRAM-SHA-256) on admin at 127.0.0.1:"));
    });
}

TEST_CASE("step 4: passwords that SASLprep makes the same are the same") {
    REQUIRE_AUTH_SERVER(server);
    on_each_backend([&](reactor& r) {
        for (const std::string_view user : {"IX:IX", "IX:I%C2%ADX", "%E2%85%A8:IV",
                                            "%E2%85%A8:I%C2%ADV", "%E2%85%A8:%E2%85%A3"}) {
            CHECK(!run(r, uri_of(server, user)));
        }
        CHECK(run(r, uri_of(server, "IX:IV")) == errc::authentication_failed);
    });
}

TEST_CASE("a user is looked for in the database that the connection string names") {
    REQUIRE_AUTH_SERVER(server);
    on_each_backend([&](reactor& r) {
        CHECK(!run(r, uri_of(server, "elsewhere:elsewhere", "users")));
        CHECK(!run(r, uri_of(server, "elsewhere:elsewhere", "?authSource=users")));
        CHECK(!run(r, uri_of(server, "elsewhere:elsewhere", "admin?authSource=users")));
        CHECK(run(r, uri_of(server, "both:both", "users")) == errc::authentication_failed);
    });
}
