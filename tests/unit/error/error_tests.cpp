#include <mongoro/error.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

using mongoro::errc;
using mongoro::error;
using mongoro::exception;

TEST_CASE("what an exception says is the error's one line, with nothing said twice") {
    const error refused(mongoro::make_error_code(errc::connect_failed), "connecting to 127.0.0.1:1",
                        error(std::error_code(ECONNREFUSED, std::system_category())));
    const exception thrown(refused);
    CHECK(std::string(thrown.what()) ==
          "connect failed: connecting to 127.0.0.1:1: Connection refused");
    CHECK(refused.to_string() == thrown.what());

    const exception copy = thrown;
    CHECK(std::string(copy.what()) == thrown.what());
    CHECK(copy.code() == errc::connect_failed);
}

TEST_CASE("an exception that was moved from still says something") {
    exception thrown{error{errc::client_closed}};
    const exception taken = std::move(thrown);
    CHECK(std::string(taken.what()) == "the client or cursor is closed");
    CHECK(thrown.what() != nullptr);  // NOLINT(bugprone-use-after-move): that is the point
}

TEST_CASE("a copy of an error shares what is known of it, and outlives the first") {
    error copy;
    {
        const error first(mongoro::make_error_code(errc::wrong_type), "address.zip",
                          error(errc::malformed_bson));
        copy = first;
        CHECK(copy.cause() == first.cause());
    }
    const error& self = copy;
    copy = self;
    CHECK(copy == errc::wrong_type);
    CHECK(copy.message() == "address.zip");
    REQUIRE(copy.cause() != nullptr);
    CHECK(*copy.cause() == errc::malformed_bson);
}

TEST_CASE("an error that is moved to has all of the other, and the other none of its text") {
    error to(mongoro::make_error_code(errc::wrong_type), "the old text");
    error from(mongoro::make_error_code(errc::key_not_found), "the new text");
    to = std::move(from);
    CHECK(to == errc::key_not_found);
    CHECK(to.message() == "the new text");
    CHECK(from.message().empty());  // NOLINT(bugprone-use-after-move): that is the point
    to = error();
    CHECK(!to);
    CHECK(to.code() == std::error_code());
    CHECK(to.message().empty());
}

TEST_CASE("an exception of a bare code says what the code means") {
    CHECK(std::string(exception(errc::client_closed).what()) == "the client or cursor is closed");
}

TEST_CASE("a message that ends with what its code means says it once") {
    CHECK(error(mongoro::make_error_code(errc::key_not_found), "address.zip: key not found")
              .to_string() == "address.zip: key not found");
    CHECK(error(mongoro::make_error_code(errc::malformed_message), "localhost:22",
                error(mongoro::make_error_code(errc::malformed_message), "x: malformed message"))
              .to_string() == "malformed message: localhost:22: x: malformed message");
}

TEST_CASE("a code that an error shares with its cause is said once") {
    const error inner(mongoro::make_error_code(errc::malformed_message), "unknown opcode 8");
    const error outer(inner.code(), "localhost:22", inner);
    CHECK(outer.to_string() == "malformed message: localhost:22: unknown opcode 8");
    CHECK(error(inner.code(), "localhost:22", error(errc::malformed_message)).to_string() ==
          "malformed message: localhost:22");
    CHECK(error(mongoro::make_error_code(errc::handshake_failed), "localhost:22", inner)
              .to_string() ==
          "handshake failed: localhost:22: malformed message: unknown opcode 8");
}
