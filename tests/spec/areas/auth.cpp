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
    const auto text = test["uri"].get<std::string_view>();
    const auto parsed = parse_and_check(text);
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

class auth final : public area {
 public:
    explicit auth(const settings& s) : unified_(s) {}

    void run(file_run& run) override {
        if (unified_.run(run)) {
            return;
        }
        const auto tests = run.content()["tests"].get<bson::array_view>();
        for (const auto& element : tests) {
            const auto test = element.value().get<document_view>();
            run.test(test["description"].get<std::string_view>(),
                     [&](checks& made) { run_one(test, made); });
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
