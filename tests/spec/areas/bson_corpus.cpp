// Spec: source/bson-corpus/bson-corpus.md. A test is a case of a file, with all of the assertions
// that the specification makes for it: those for codecs without a language-native form (straight
// between BSON and text) and those for codecs with one (through values).

#include "area.hpp"
#include "hex.hpp"
#include "json_text.hpp"

#include <mongoro/bson/json.hpp>
#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/writer.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

namespace {

using bson::document_view;
using bson::json_mode;
using bson::value_view;
using bytes = std::vector<std::uint8_t>;

std::string describe(std::string_view check, std::string_view got, std::string_view wanted) {
    return std::string(check) + ": got " + std::string(got) + ", wanted " + std::string(wanted);
}

std::string describe(std::string_view check, const error& e) {
    return std::string(check) + ": " + e.to_string();
}

/// Reads every value as its C++ type and writes that again, nested ones too: the native round trip.
void rebuild(bson::writer& out, bson::element_iterator it, bson::element_iterator end, bool array);

void rebuild(bson::writer& out, std::string_view key, const value_view& v) {
    using bson::type;
    switch (v.type()) {
        case type::double_:
            out.append(key, v.get<double>());
            return;
        case type::string:
            out.append(key, v.get<std::string>());
            return;
        case type::document:
            out.begin_document(key);
            rebuild(out, v.begin(), v.end(), false);
            out.end();
            return;
        case type::array:
            out.begin_array(key);
            rebuild(out, v.begin(), v.end(), true);
            out.end();
            return;
        case type::binary:
            out.append(key, v.get<bson::binary>());
            return;
        case type::undefined:
            out.append(key, v.get<bson::undefined>());
            return;
        case type::object_id:
            out.append(key, v.get<bson::object_id>());
            return;
        case type::boolean:
            out.append(key, v.get<bool>());
            return;
        case type::date:
            out.append(key, v.get<bson::date>());
            return;
        case type::null:
            out.append(key, v.get<bson::null>());
            return;
        case type::regex:
            out.append(key, v.get<bson::regex>());
            return;
        case type::db_pointer:
            out.append(key, v.get<bson::db_pointer>());
            return;
        case type::code:
            out.append(key, v.get<bson::code>());
            return;
        case type::symbol:
            out.append(key, v.get<bson::symbol>());
            return;
        case type::code_with_scope:
            out.append(key, v.get<bson::code_with_scope>());
            return;
        case type::int32:
            out.append(key, v.get<std::int32_t>());
            return;
        case type::timestamp:
            out.append(key, v.get<bson::timestamp>());
            return;
        case type::int64:
            out.append(key, v.get<std::int64_t>());
            return;
        case type::decimal128:
            out.append(key, v.get<bson::decimal128>());
            return;
        case type::max_key:
            out.append(key, v.get<bson::max_key>());
            return;
        case type::min_key:
            out.append(key, v.get<bson::min_key>());
            return;
    }
    (void)v.get<bson::null>();  // what cannot be read says so
}

void rebuild(bson::writer& out, bson::element_iterator it, bson::element_iterator end, bool array) {
    for (bson::index_key index; it != end; ++it, ++index) {
        rebuild(out, array ? index.view() : it->key(), it->value());
    }
}

bytes rebuilt(document_view document) {
    bson::byte_buffer buffer;
    bson::writer out(buffer);
    out.begin_document();
    rebuild(out, document.begin(), document.end(), false);
    out.end();
    if (!out.ok()) {
        throw exception(out.error());
    }
    return {buffer.bytes().begin(), buffer.bytes().end()};
}

/// One case of `valid`.
class valid_case {
 public:
    valid_case(document_view test, checks& made)
        : checks_(made),
          canonical_(from_hex(test["canonical_bson"].get<std::string_view>())),
          canonical_json_(test["canonical_extjson"].get<std::string_view>()),
          relaxed_json_(text(test, "relaxed_extjson")),
          lossy_(test["lossy"].get_or(false)) {}

    void run(document_view test) {
        from_bson("canonical_bson", canonical_);
        to_bson("canonical_extjson", *canonical_json_);
        if (const auto degenerate = text(test, "degenerate_bson")) {
            from_bson("degenerate_bson", from_hex(*degenerate));
        }
        if (const auto degenerate = text(test, "degenerate_extjson")) {
            to_bson("degenerate_extjson", *degenerate);
        }
        if (relaxed_json_) {
            const auto read = bson::from_json(*relaxed_json_);
            if (checks_.expect(read.has_value(), describe("relaxed_extjson", read.error()))) {
                json("relaxed_extjson, read and written", *read, json_mode::relaxed,
                     *relaxed_json_);
            }
        }
        // Conversion of deprecated types is outside of the specification; that the two converted
        // forms are each other's equals is not.
        const auto converted = text(test, "converted_bson");
        const auto converted_json = text(test, "converted_extjson");
        if (converted && converted_json) {
            const auto raw = from_hex(*converted);
            json("converted_bson", {raw.data(), raw.size()}, json_mode::canonical, *converted_json);
            const auto read = bson::from_json(*converted_json);
            checks_.expect(read && same(read->bytes(), raw), "converted_extjson: other bytes");
        }
    }

 private:
    static std::optional<std::string_view> text(document_view test, std::string_view key) {
        return test[key].get<std::optional<std::string_view>>();
    }
    static bool same(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
        return std::ranges::equal(a, b);
    }

    void json(std::string_view check, document_view document, json_mode mode,
              std::string_view wanted) {
        const auto got = bson::try_to_json(document, {.mode = mode});
        if (checks_.expect(got.has_value(), describe(check, got.error()))) {
            checks_.expect(normal_json(*got) == normal_json(wanted), describe(check, *got, wanted));
        }
        // Laid out over lines it must mean the same.
        const auto pretty = bson::try_to_json(document, {.mode = mode, .indent = 2});
        checks_.expect(pretty && normal_json(*pretty) == normal_json(wanted),
                       std::string(check) + ": indented text differs");
    }

    /// Canonical or degenerate bytes: both give the canonical bytes and texts.
    void from_bson(std::string_view check, const bytes& raw) {
        const auto name = std::string(check);
        const auto view = document_view::from_bytes(raw);
        if (!checks_.expect(view.has_value(), describe(check, view.error()))) {
            return;
        }
        const auto valid = bson::validate(*view);
        checks_.expect(valid.has_value(), describe(name + ", validated", valid.error()));
        try {
            const auto again = rebuilt(*view);
            checks_.expect(same(again, canonical_), describe(name + ", read and written",
                                                             to_hex(again), to_hex(canonical_)));
        } catch (const exception& e) {
            checks_.fail(describe(name + ", read and written", e.error()));
        }
        checks_.expect(same(document(*view).bytes(), raw), name + ": a copy has other bytes");
        json(name + " as canonical text", *view, json_mode::canonical, *canonical_json_);
        if (relaxed_json_) {
            json(name + " as relaxed text", *view, json_mode::relaxed, *relaxed_json_);
        }
    }

    /// Canonical or degenerate text: both give the canonical bytes and text.
    void to_bson(std::string_view check, std::string_view source) {
        const auto read = bson::from_json(source);
        if (!checks_.expect(read.has_value(), describe(check, read.error()))) {
            return;
        }
        if (!lossy_) {
            checks_.expect(same(read->bytes(), canonical_),
                           describe(check, to_hex(read->bytes()), to_hex(canonical_)));
        }
        json(std::string(check) + ", read and written", *read, json_mode::canonical,
             *canonical_json_);
    }

    checks& checks_;
    bytes canonical_;
    std::optional<std::string_view> canonical_json_;
    std::optional<std::string_view> relaxed_json_;
    bool lossy_;
};

void decode_error(document_view test, checks& made) {
    const auto raw = from_hex(test["bson"].get<std::string_view>());
    const auto view = document_view::from_bytes(raw);
    made.expect(!view || !bson::validate(*view), "the bytes passed as valid");
    // Without validation the error comes no later than with the value.
    made.expect(!bson::try_to_json(document_view(raw.data(), raw.size())),
                "the bytes were written as text");
}

void parse_error(document_view test, std::uint8_t type, checks& made) {
    const auto text = test["string"].get<std::string_view>();
    if (type == static_cast<std::uint8_t>(bson::type::decimal128)) {
        made.expect(!bson::decimal128::from_string(text), "parsed as a decimal128");
        return;
    }
    const auto read = bson::from_json(text);
    made.expect(!read, "read as Extended JSON");
    // It must be refused for what it says in Extended JSON, not for a slip in plain JSON. Only a
    // NUL in a key is refused in both: BSON has no place for one.
    const auto plain = bson::from_json(text, {.syntax = bson::json_syntax::plain});
    const bool nul = plain.error() == errc::embedded_nul;
    made.expect(plain || nul, describe("as plain JSON", plain.error()));
    if (nul) {
        made.expect(read.error() == errc::embedded_nul, "refused for another reason than its NUL");
    }
}

class bson_corpus final : public area {
 public:
    void run(file_run& run) override {
        const auto content = run.content();
        const auto type_text = content["bson_type"].get<std::string_view>();
        const auto type = from_hex(type_text.substr(type_text.starts_with("0x") ? 2 : 0)).at(0);
        for (const auto& test : section(content, "valid")) {
            run.test(name_of(test), [&](checks& made) {
                const auto one = test.value().get<document_view>();
                valid_case(one, made).run(one);
            });
        }
        for (const auto& test : section(content, "decodeErrors")) {
            run.test("decode error: " + name_of(test),
                     [&](checks& made) { decode_error(test.value().get<document_view>(), made); });
        }
        for (const auto& test : section(content, "parseErrors")) {
            run.test("parse error: " + name_of(test), [&](checks& made) {
                parse_error(test.value().get<document_view>(), type, made);
            });
        }
    }

 private:
    static bson::array_view section(document_view content, std::string_view name) {
        return content[name].get<std::optional<bson::array_view>>().value_or(bson::array_view{});
    }
    static std::string name_of(const bson::element& test) {
        return test.value()["description"].get<std::string>();
    }
};

}  // namespace

std::unique_ptr<area> make_bson_corpus(const settings& /*s*/) {
    return std::make_unique<bson_corpus>();
}

}  // namespace mongoro::spec
