#include <mongoro/bson/json.hpp>
#include <mongoro/bson/validate.hpp>

#include "bson/json_prefix.hpp"
#include "bson/json_scalar.hpp"
#include "bson/regex_options.hpp"
#include "error/shown_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

// Our own writer of Extended JSON, not bson_as_canonical_extended_json: libbson 1.23 writes the
// year 10,000 as a date string, passes strings on without looking whether they are UTF-8, and
// copies its text out of a buffer of its own.

namespace mongoro::bson {

namespace {

class json_emitter {
 public:
    /// `enough`: the length of `out` from which on nothing more need be written.
    json_emitter(std::string& out, const json_options& options,
                 std::size_t enough = std::string::npos) noexcept
        : out_(out), options_(options), enough_(enough) {}

    /// From the iterators, not from the view: those of a `value_view` know the path to the top.
    bool members(element_iterator it, element_iterator end, bool keys);
    bool value(const value_view& v);

    [[nodiscard]] const error& why() const noexcept { return error_; }
    [[nodiscard]] bool has_enough() const noexcept { return out_.size() >= enough_; }
    bool fail(error e) noexcept {
        error_ = std::move(e);
        return false;
    }

 private:
    bool fail(errc code, std::string message) {
        error_ = error(make_error_code(code), std::move(message));
        return false;
    }
    bool fail(errc code, const value_view& v, std::string_view what) {
        const auto path = mongoro::detail::shown_text(v.path());
        return fail(code, path.empty() ? std::string(what) : path + ": " + std::string(what));
    }
    /// Decodes; the error of a value that cannot be read is the same as that of `get`.
    template <typename T>
    bool read(const value_view& v, T& out) {
        const errc e = v.read(out);
        if (e != errc{}) {
            error_ = v.make_error(e, value_reader<T>::expected);
        }
        return e == errc{};
    }

    bool text(const value_view& v, std::string_view text);
    bool quoted(std::string_view text);
    template <typename Integer>
    void integer(Integer number);
    template <typename Integer>
    void wrapped_integer(std::string_view key, Integer number);
    void line(unsigned depth);

    bool double_value(const value_view& v);
    bool date_value(const value_view& v);
    bool binary_value(const value_view& v);
    bool regex_value(const value_view& v);
    bool code_with_scope_value(const value_view& v);
    bool db_pointer_value(const value_view& v);

    /// As much of a value's bytes as can still matter: one more than there is room for.
    template <typename View>
    [[nodiscard]] View worth_writing(View bytes) const {
        if (enough_ == std::string::npos) [[likely]] {
            return bytes;
        }
        const std::size_t room = has_enough() ? 1 : enough_ - out_.size() + 1;
        return View(bytes.data(), std::min(bytes.size(), room));
    }

    std::string& out_;
    const json_options& options_;
    std::size_t enough_;
    unsigned depth_ = 0;
    error error_;
};

/// Writes `text` with JSON's quotes around it. Runs of plain characters are copied at once.
bool json_emitter::quoted(std::string_view text) {
    if (auto size = worth_writing(text).size(); size < text.size()) [[unlikely]] {
        // Not in the middle of a character, or what is whole would seem broken.
        for (int tail = 0; tail < 3 && size < text.size() &&
                           (static_cast<std::uint8_t>(text[size]) & 0xC0U) == 0x80;
             ++tail) {
            ++size;
        }
        text = text.substr(0, size);
    }
    if (!is_utf8(text)) {
        return false;
    }
    out_ += '"';
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        out_ += text.substr(copied, i - copied);
        copied = i + 1;
        out_ += '\\';
        switch (c) {
            case '"':
            case '\\':
                out_ += text[i];
                break;
            case '\b':
                out_ += 'b';
                break;
            case '\f':
                out_ += 'f';
                break;
            case '\n':
                out_ += 'n';
                break;
            case '\r':
                out_ += 'r';
                break;
            case '\t':
                out_ += 't';
                break;
            default:
                out_ += c < 0x10 ? "u000" : "u001";
                out_ += "0123456789abcdef"[c & 0x0FU];
                break;
        }
    }
    out_ += text.substr(copied);
    out_ += '"';
    return true;
}

bool json_emitter::text(const value_view& v, std::string_view text) {
    return quoted(text) || fail(errc::invalid_utf8, v, "text that is not UTF-8");
}

template <typename Integer>
void json_emitter::integer(Integer number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out_.append(digits.data(), end);
}

template <typename Integer>
void json_emitter::wrapped_integer(std::string_view key, Integer number) {
    if (options_.mode == json_mode::relaxed) {
        integer(number);
        return;
    }
    out_ += "{\"";
    out_ += key;
    out_ += "\": \"";
    integer(number);
    out_ += "\"}";
}

void json_emitter::line(unsigned depth) {
    if (options_.indent != 0) {
        out_ += '\n';
        out_.append(std::size_t{options_.indent} * depth, ' ');
    }
}

bool json_emitter::members(element_iterator it, element_iterator end, bool keys) {
    if (depth_ == std::min(options_.max_depth, 400U)) {  // each level is a frame of the stack
        return fail(errc::too_deep,
                    "documents nested in more than " + std::to_string(depth_) + " levels");
    }
    ++depth_;
    out_ += keys ? '{' : '[';
    bool first = true;
    for (; it != end; ++it) {
        if (has_enough()) [[unlikely]] {
            return false;
        }
        if (!first) {
            out_ += options_.indent == 0 ? ", " : ",";
        }
        first = false;
        line(depth_);
        if (keys && !it->malformed()) {
            if (!quoted(it->key())) {
                return fail(errc::invalid_utf8, "a key that is not UTF-8");
            }
            out_ += ": ";
        }
        if (!value(it->value())) {
            return false;
        }
    }
    --depth_;
    if (!first) {
        line(depth_);
    }
    out_ += keys ? '}' : ']';
    return true;
}

bool json_emitter::double_value(const value_view& v) {
    double number = 0;
    if (!read(v, number)) {
        return false;
    }
    // JSON has no infinities, and a relaxed NaN could not be read back.
    const bool bare = options_.mode == json_mode::relaxed && number - number == 0;
    out_ += bare ? "" : "{\"$numberDouble\": \"";
    detail::append_double(out_, number);
    out_ += bare ? "" : "\"}";
    return true;
}

bool json_emitter::date_value(const value_view& v) {
    date when;
    if (!read(v, when)) {
        return false;
    }
    const auto milliseconds = when.time_since_epoch().count();
    if (options_.mode == json_mode::relaxed && detail::has_iso_form(milliseconds)) {
        out_ += "{\"$date\": \"";
        detail::append_iso_date(out_, milliseconds);
        out_ += "\"}";
        return true;
    }
    out_ += "{\"$date\": {\"$numberLong\": \"";
    integer(std::int64_t{milliseconds});
    out_ += "\"}}";
    return true;
}

bool json_emitter::binary_value(const value_view& v) {
    binary_view bytes;
    if (!read(v, bytes)) {
        return false;
    }
    constexpr std::string_view hex = "0123456789abcdef";
    const auto subtype = static_cast<std::uint8_t>(bytes.subtype);
    out_ += "{\"$binary\": {\"base64\": \"";
    detail::append_base64(out_, worth_writing(bytes.bytes));
    out_ += "\", \"subType\": \"";
    out_ += hex[subtype >> 4U];
    out_ += hex[subtype & 0x0FU];
    out_ += "\"}}";
    return true;
}

bool json_emitter::regex_value(const value_view& v) {
    regex_view regex;
    if (!read(v, regex)) {
        return false;
    }
    out_ += "{\"$regularExpression\": {\"pattern\": ";
    if (!text(v, regex.pattern)) {
        return false;
    }
    // The specification wants them in alphabetical order, whatever the bytes say.
    std::string options(regex.options);
    detail::sort_regex_options(options.begin(), options.end());
    out_ += ", \"options\": ";
    if (!text(v, options)) {
        return false;
    }
    out_ += "}}";
    return true;
}

bool json_emitter::code_with_scope_value(const value_view& v) {
    code_with_scope_view code;
    if (!read(v, code)) {
        return false;
    }
    out_ += "{\"$code\": ";
    if (!text(v, code.code)) {
        return false;
    }
    out_ += ", \"$scope\": ";
    if (!members(code.scope.begin(), code.scope.end(), true)) {
        return false;
    }
    out_ += '}';
    return true;
}

bool json_emitter::db_pointer_value(const value_view& v) {
    db_pointer_view pointer;
    if (!read(v, pointer)) {
        return false;
    }
    out_ += "{\"$dbPointer\": {\"$ref\": ";
    if (!text(v, pointer.collection)) {
        return false;
    }
    out_ += ", \"$id\": {\"$oid\": \"" + pointer.id.to_string() + "\"}}}";
    return true;
}

bool json_emitter::value(const value_view& v) {
    if (!v.exists()) {
        return fail(v.missing_reason(), v,
                    v.malformed() ? "bytes that are not BSON" : "there is no such value");
    }
    switch (v.type()) {
        case type::double_:
            return double_value(v);
        case type::string: {
            std::string_view string;
            return read(v, string) && text(v, string);
        }
        case type::document:
            return members(v.begin(), v.end(), true);
        case type::array:
            return members(v.begin(), v.end(), false);
        case type::binary:
            return binary_value(v);
        case type::undefined:
            out_ += "{\"$undefined\": true}";
            return true;
        case type::object_id: {
            object_id id;
            if (!read(v, id)) {
                return false;
            }
            out_ += "{\"$oid\": \"" + id.to_string() + "\"}";
            return true;
        }
        case type::boolean: {
            bool yes = false;
            if (!read(v, yes)) {
                return false;
            }
            out_ += yes ? "true" : "false";
            return true;
        }
        case type::date:
            return date_value(v);
        case type::null:
            out_ += "null";
            return true;
        case type::regex:
            return regex_value(v);
        case type::db_pointer:
            return db_pointer_value(v);
        case type::code: {
            code_view code;
            if (!read(v, code)) {
                return false;
            }
            out_ += "{\"$code\": ";
            if (!text(v, code.code)) {
                return false;
            }
            out_ += '}';
            return true;
        }
        case type::symbol: {
            symbol_view symbol;
            if (!read(v, symbol)) {
                return false;
            }
            out_ += "{\"$symbol\": ";
            if (!text(v, symbol.symbol)) {
                return false;
            }
            out_ += '}';
            return true;
        }
        case type::code_with_scope:
            return code_with_scope_value(v);
        case type::int32: {
            std::int32_t number = 0;
            if (!read(v, number)) {
                return false;
            }
            wrapped_integer("$numberInt", number);
            return true;
        }
        case type::timestamp: {
            timestamp when;
            if (!read(v, when)) {
                return false;
            }
            out_ += "{\"$timestamp\": {\"t\": ";
            integer(when.seconds);
            out_ += ", \"i\": ";
            integer(when.increment);
            out_ += "}}";
            return true;
        }
        case type::int64: {
            std::int64_t number = 0;
            if (!read(v, number)) {
                return false;
            }
            wrapped_integer("$numberLong", number);
            return true;
        }
        case type::decimal128: {
            decimal128 number;
            if (!read(v, number)) {
                return false;
            }
            out_ += "{\"$numberDecimal\": \"" + number.to_string() + "\"}";
            return true;
        }
        case type::max_key:
            out_ += "{\"$maxKey\": 1}";
            return true;
        case type::min_key:
            out_ += "{\"$minKey\": 1}";
            return true;
    }
    return fail(errc::malformed_bson, v, "bytes that are not BSON");
}

template <typename Emit>
result<void> emit(std::string& text, const json_options& options, Emit&& what) {
    const std::size_t before = text.size();
    json_emitter emitter(text, options);
    if (what(emitter)) {
        return {};
    }
    text.resize(before);
    return emitter.why();
}

template <typename Emit>
result<std::string> emit_new(const json_options& options, Emit&& what) {
    std::string text;
    if (auto done = emit(text, options, what); !done) {
        return done.error();
    }
    return text;
}

/// Only the walk checks what lies inside; the frame of the outermost bytes is checked here.
bool outermost(json_emitter& emitter, document_view document, bool keys) {
    const auto framed = document_view::from_bytes(document.bytes());
    return framed ? emitter.members(document.begin(), document.end(), keys)
                  : emitter.fail(framed.error());
}

}  // namespace

result<void> append_json(std::string& text, document_view document, json_options options) {
    return emit(text, options, [&](json_emitter& e) { return outermost(e, document, true); });
}

result<void> append_json_prefix(std::string& text, document_view document, std::size_t enough) {
    const json_options options;
    const std::size_t before = text.size();
    json_emitter emitter(text, options, before + std::min(enough, text.max_size() - before));
    if (outermost(emitter, document, true) || !emitter.why()) {
        return {};
    }
    text.resize(before);
    return emitter.why();
}

result<std::string> try_to_json(document_view document, json_options options) {
    return emit_new(options, [&](json_emitter& e) { return outermost(e, document, true); });
}

result<std::string> try_to_json(array_view array, json_options options) {
    return emit_new(options,
                    [&](json_emitter& e) { return outermost(e, array.as_document(), false); });
}

result<std::string> try_to_json(value_view value, json_options options) {
    return emit_new(options, [&](json_emitter& e) { return e.value(value); });
}

std::string to_json(document_view document, json_options options) {
    return try_to_json(document, options).value();
}

std::string to_json(document_view document, json_mode mode) {
    return to_json(document, json_options{.mode = mode});
}

std::string to_json(array_view array, json_options options) {
    return try_to_json(array, options).value();
}

std::string to_json(array_view array, json_mode mode) {
    return to_json(array, json_options{.mode = mode});
}

std::string to_json(value_view value, json_options options) {
    return try_to_json(value, options).value();
}

std::string to_json(value_view value, json_mode mode) {
    return to_json(value, json_options{.mode = mode});
}

}  // namespace mongoro::bson
