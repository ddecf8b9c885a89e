// Spec: source/connection-string/tests/README.md, and source/uri-options/tests/README.md, whose
// files are of the same format. A null of a file asserts nothing.

#include "area.hpp"
#include "uri_shown.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/uri.hpp>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::spec {

namespace {

using bson::document_view;
using optional_text = std::optional<std::string_view>;

std::string differs(std::string_view what, std::string_view got, std::string_view wanted) {
    return std::string(what) + ": got " + std::string(got) + ", wanted " + std::string(wanted);
}

void check_hosts(const uri& parsed, bson::array_view wanted, checks& made) {
    std::size_t count = 0;
    for (const auto& element : wanted) {
        const auto one = element.value().get<document_view>();
        if (!made.expect(count < parsed.hosts().size(), "a host is missing")) {
            return;
        }
        const auto& host = parsed.hosts()[count++];
        const auto name = one["host"].get<std::string_view>();
        made.expect(host.host == name, differs("host", host.host, name));
        if (const auto port = one["port"].get<std::optional<std::int32_t>>()) {
            made.expect(host.port == *port, "another port");
        }
        if (const auto type = one["type"].get<optional_text>()) {
            made.expect(shown_type(host) == *type, differs("type", shown_type(host), *type));
        }
    }
    made.expect(count == parsed.hosts().size(), "more hosts than there should be");
}

void check_auth(const uri& parsed, document_view wanted, checks& made) {
    if (const auto username = wanted["username"].get<optional_text>()) {
        const auto* const who = parsed.credential();
        if (!made.expect(who != nullptr, "no credential")) {
            return;
        }
        made.expect(who->username == *username, "another user name");
        const auto password = wanted["password"].get<optional_text>();
        made.expect(who->password.has_value() == password.has_value(),
                    "a password too many or too few");
        made.expect(who->password.value_or("") == password.value_or(""), "another password");
        if (password) {
            made.expect(
                parsed.to_string().find(':' + std::string(*password) + '@') == std::string::npos,
                "the password is shown");
        }
    } else {
        made.expect(parsed.credential() == nullptr, "a credential");
    }
    if (const auto database = wanted["db"].get<optional_text>()) {
        made.expect(parsed.database() == *database,
                    differs("database", parsed.database(), *database));
    }
}

void check_options(const uri& parsed, document_view wanted, checks& made) {
    for (const auto& element : wanted) {
        const auto got = shown_option(parsed, element.key());
        const std::string name(element.key());
        if (made.expect(got.has_value(), "no option is called " + name)) {
            const auto value = shown_value(element.value());
            made.expect(*got == value, differs(name, *got, value));
        }
    }
}

/// Whether the password that stands in all strings of credential-disclosure.json is in `text`, as
/// it is or percent-encoded, whatever its letters' case.
bool discloses(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    return lowered.find("sentinelpassword1234") != std::string::npos ||
           lowered.find("%53%45%4e%54%49%4e%45%4c%70%61%73%73%77%6f%72%64%31%32%33%34") !=
               std::string::npos;
}

/// A string with a secret in it, wherever its mistakes have put that. Such a test has nothing but
/// the string: it says neither whether that is valid nor what is in it.
void check_disclosure(std::string_view text, checks& made) {
    const auto keeps = [&](std::string_view what, std::string_view shown) {
        made.expect(!discloses(shown), std::string(what) + " discloses: " + std::string(shown));
    };
    made.expect(discloses(text), "no secret in the string");
    const auto parsed = uri::parse(text);
    if (!parsed) {
        keeps("the error", parsed.error().to_string());
        keeps("the exception", exception(parsed.error()).what());
        return;
    }
    for (const auto& warning : parsed->warnings()) {
        keeps("a warning", warning);
    }
    keeps("to_string()", parsed->to_string());
    if (const auto* const who = parsed->credential()) {
        keeps("the credential's error", who->check().error().to_string());
    }
}

void run_one(document_view test, checks& made) {
    if (!test["valid"]) {
        check_disclosure(test["uri"].get<std::string_view>(), made);
        return;
    }
    const auto parsed = uri::parse(test["uri"].get<std::string_view>());
    if (!test["valid"].get<bool>()) {
        made.expect(parsed.error() == errc::invalid_uri, "not refused");
        return;
    }
    if (!made.expect(parsed.has_value(), parsed.error().to_string())) {
        return;
    }
    if (const auto warning = test["warning"].get<std::optional<bool>>()) {
        const bool warned = !parsed->warnings().empty();
        made.expect(warned == *warning,
                    warned ? "warned: " + parsed->warnings().front() : "did not warn");
    }
    if (const auto hosts = test["hosts"].get<std::optional<bson::array_view>>()) {
        check_hosts(*parsed, *hosts, made);
    }
    if (const auto auth = test["auth"].get<std::optional<document_view>>()) {
        check_auth(*parsed, *auth, made);
    }
    if (const auto options = test["options"].get<std::optional<document_view>>()) {
        check_options(*parsed, *options, made);
    }
}

class connection_string final : public area {
 public:
    void run(file_run& run) override {
        for (const auto& element : run.content()["tests"].get<bson::array_view>()) {
            const auto test = element.value().get<document_view>();
            run.test(test["description"].get<std::string_view>(),
                     [&](checks& made) { run_one(test, made); });
        }
    }
};

}  // namespace

std::unique_ptr<area> make_connection_string(const settings& /*s*/) {
    return std::make_unique<connection_string>();
}

}  // namespace mongoro::spec
