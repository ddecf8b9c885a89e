#include "monitoring_support.hpp"

#include "monitoring/redaction.hpp"

#include <algorithm>
#include <cctype>

using namespace mongoro;
using monitoring::is_sensitive;

namespace {

constexpr std::string_view sensitive[] = {"authenticate",   "saslStart",       "saslContinue",
                                          "getnonce",       "createUser",      "updateUser",
                                          "copydbgetnonce", "copydbsaslstart", "copydb"};

std::string in_case(std::string_view name, int (*change)(int)) {
    std::string text(name);
    std::transform(text.begin(), text.end(), text.begin(),
                   [change](char c) { return static_cast<char>(change(c)); });
    return text;
}

}  // namespace

TEST_CASE("each sensitive command is known, in whatever case") {
    for (const auto name : sensitive) {
        CAPTURE(name);
        CHECK(is_sensitive(name, {}));
        CHECK(is_sensitive(in_case(name, std::tolower), {}));
        CHECK(is_sensitive(in_case(name, std::toupper), {}));
        CHECK_FALSE(is_sensitive(std::string(name) + "x", {}));
        CHECK_FALSE(is_sensitive(name.substr(1), {}));
    }
    for (const auto* const name : {"", "find", "insert", "dropUser", "ping", "usersInfo"}) {
        CHECK_FALSE(is_sensitive(name, {}));
    }
}

TEST_CASE("a hello is sensitive if it logs in") {
    const document login{{"hello", 1}, {"speculativeAuthenticate", doc({"saslStart", 1})}};
    const document plain{{"hello", 1}};
    for (const auto* const name : {"hello", "HELLO", "ismaster", "isMaster", "ISMASTER"}) {
        CHECK(is_sensitive(name, login));
        CHECK_FALSE(is_sensitive(name, plain));
    }
    CHECK_FALSE(is_sensitive("find", login));
}

TEST_CASE(
    "of a redacted error only the code, its name, the labels and the driver's text are left") {
    error::details d;
    d.code = make_error_code(errc::command_failed);
    d.message = "the driver's";
    d.server_code = 18;
    d.server_code_name = "AuthenticationFailed";
    d.server_message = "secret";
    d.labels = {"HandshakeError"};
    d.raw_reply = {5, 0, 0, 0, 0};
    d.write_errors.push_back({.index = 0, .code = 1, .message = "secret", .raw = {}});
    d.write_concern = std::make_unique<write_concern_error>();
    const error inner(std::move(d));
    const error outer(make_error_code(errc::authentication_failed), "h:1", inner);
    for (const auto& e : {monitoring::redacted(inner), *monitoring::redacted(outer).cause()}) {
        CHECK(e == errc::command_failed);
        CHECK(e.message() == "the driver's");
        CHECK(e.server_code() == 18);
        CHECK(e.server_code_name() == "AuthenticationFailed");
        CHECK(e.has_label("HandshakeError"));
        CHECK(e.server_message() == "");
        CHECK(e.raw_reply().empty());
        CHECK(e.write_errors().empty());
        CHECK(e.write_concern() == nullptr);
    }
    CHECK(monitoring::redacted(outer) == errc::authentication_failed);
    CHECK(monitoring::redacted(outer).message() == "h:1");
}
