// Spec: source/auth/tests/README.md. What is built so far is its legacy folder: the credential that
// a connection string makes. An error may come from the parser or from making a client, which
// checks the credential.

#include "area.hpp"
#include "unified/unified.hpp"
#include "uri_shown.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/uri.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace mongoro::spec {

namespace {

using bson::document_view;
using optional_text = std::optional<std::string_view>;

result<uri> parse_and_check(std::string_view text) {
    auto parsed = uri::parse(text);
    if (parsed && parsed->credential() != nullptr) {
        if (const auto checked = parsed->credential()->check(); !checked) {
            return checked.error();
        }
    }
    return parsed;
}

void check_credential(const credential& got, document_view wanted, checks& made) {
    const auto same = [&](std::string_view what, const std::optional<std::string>& value) {
        const auto expected = wanted[what].get<optional_text>();
        made.expect(value.has_value() == expected.has_value() &&
                        value.value_or("") == expected.value_or(""),
                    "another " + std::string(what));
    };
    same("username", got.username);
    same("password", got.password);
    same("source", got.source);
    same("mechanism",
         got.mechanism ? std::optional<std::string>(to_string(*got.mechanism)) : std::nullopt);
    const auto properties = wanted["mechanism_properties"].get<std::optional<document_view>>();
    const auto expected = properties ? shown_value(wanted["mechanism_properties"]) : "{}";
    made.expect(shown_properties(got) == expected, "other mechanism_properties");
}

void run_one(document_view test, checks& made) {
    const auto parsed = parse_and_check(test["uri"].get<std::string_view>());
    if (!test["valid"].get<bool>()) {
        made.expect(!parsed, "not refused");
        return;
    }
    if (!made.expect(parsed.has_value(), parsed.error().to_string())) {
        return;
    }
    const auto wanted = test["credential"].get<std::optional<document_view>>();
    if (made.expect((parsed->credential() != nullptr) == wanted.has_value(),
                    wanted ? "no credential" : "a credential") &&
        wanted) {
        check_credential(*parsed->credential(), *wanted, made);
    }
}

// Since 2025-09 the specification's own file says both, of the same kind of connection string; the
// older one of them is what every copy of it has.
constexpr std::string_view aws_refused =
    "should throw an exception if username and password provided (MONGODB-AWS)";
constexpr std::string_view aws_used = "should use username and password if specified (MONGODB-AWS)";

class auth final : public area {
 public:
    explicit auth(const settings& s) : unified_(s) {}

    void run(file_run& run) override {
        if (unified_.run(run)) {
            return;
        }
        const auto tests = run.content()["tests"].get<bson::array_view>();
        const auto described = [&](std::string_view description) {
            for (const auto& element : tests) {
                if (element.value()["description"].get<std::string_view>() == description) {
                    return true;
                }
            }
            return false;
        };
        for (const auto& element : tests) {
            const auto test = element.value().get<document_view>();
            const auto description = test["description"].get<std::string_view>();
            run.test(description, [&](checks& made) {
                if (description == aws_refused && described(aws_used)) {
                    made.skip("the same file has a test that says the opposite");
                } else {
                    run_one(test, made);
                }
            });
        }
    }

 private:
    unified::runner unified_;
};

}  // namespace

std::unique_ptr<area> make_auth(const settings& s) {
    return std::make_unique<auth>(s);
}

}  // namespace mongoro::spec
