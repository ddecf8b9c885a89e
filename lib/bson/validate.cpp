#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/value_view.hpp>

#include "error/shown_text.hpp"

#include <algorithm>
#include <charconv>

namespace mongoro::bson {

namespace {

// Depth is bounded, so recursion is: a frame is about 200 bytes.
constexpr std::uint32_t deepest = 1000;

struct failure {
    errc code{};
    value_view where;
    const char* what = nullptr;
};

bool text_is_good(const value_view& v, std::string_view text, bool utf8, failure& f) {
    if (utf8 && !is_utf8(text)) {
        f = {errc::invalid_utf8, v, nullptr};
        return false;
    }
    return true;
}

class checker {
 public:
    checker(document_view root, const validate_options& options) noexcept
        : root_(root), options_(options), max_depth_(std::min(options.max_depth, deepest)) {}

    bool document(document_view view, bool is_array, std::uint32_t depth, const value_view& at) {
        if (depth > max_depth_) {
            return fail(errc::too_deep, at);
        }
        // What the walk does not look at, since a view's own length is its bound.
        if (view.size() < 5 ||
            static_cast<std::size_t>(detail::load<std::uint32_t>(view.data())) != view.size()) {
            return fail(errc::malformed_bson, at, "a document's length is wrong");
        }
        std::uint32_t index = 0;
        for (element_iterator it(view, root_), end; it != end; ++it, ++index) {
            const value_view& v = it->value();
            if (it.malformed()) {
                return fail(errc::malformed_bson, v, "a type or a length that cannot be");
            }
            const std::string_view key = v.key();
            if (options_.utf8 && !is_utf8(key)) {
                return fail(errc::invalid_utf8, at, "a key is not UTF-8");
            }
            if (is_array ? options_.array_keys && !is_index(key, index)
                         : options_.no_empty_keys && key.empty()) {
                return fail(errc::malformed_bson, v,
                            is_array ? "array keys are not 0, 1, 2" : "an empty key");
            }
            if (!value(v, depth)) {
                return false;
            }
        }
        return true;
    }
    failure error;

 private:
    static bool is_index(std::string_view key, std::uint32_t index) noexcept {
        char text[10];
        const auto end = std::to_chars(text, text + sizeof text, index).ptr;
        return key == std::string_view(text, static_cast<std::size_t>(end - text));
    }

    bool fail(errc code, const value_view& where, const char* what = nullptr) noexcept {
        error = {code, where, what};
        return false;
    }
    template <typename T>
    bool read(const value_view& v, T& out) {
        const errc e = v.read(out);
        return e == errc{} || fail(e, v, "a value that cannot be read");
    }
    bool text(const value_view& v, std::string_view characters) {
        return text_is_good(v, characters, options_.utf8, error);
    }

    bool value(const value_view& v, std::uint32_t depth) {
        switch (v.type()) {
            case type::string: {
                std::string_view s;
                return read(v, s) && text(v, s);
            }
            case type::code: {
                code_view c;
                return read(v, c) && text(v, c.code);
            }
            case type::symbol: {
                symbol_view s;
                return read(v, s) && text(v, s.symbol);
            }
            case type::regex: {
                regex_view r;
                return read(v, r) && text(v, r.pattern) && text(v, r.options);
            }
            case type::db_pointer: {
                db_pointer_view p;
                return read(v, p) && text(v, p.collection);
            }
            case type::boolean: {
                bool b = false;
                return read(v, b);
            }
            case type::binary: {
                binary_view b;
                return read(v, b);
            }
            case type::document:
            case type::array:
                return document({v.raw().data(), v.raw().size()}, v.type() == type::array,
                                depth + 1, v);
            case type::code_with_scope: {
                code_with_scope_view c;
                return read(v, c) && text(v, c.code) && document(c.scope, false, depth + 1, v);
            }
            default:
                return true;  // a fixed size, any bytes; the walk refuses unknown types
        }
    }

    document_view root_;
    const validate_options& options_;
    std::uint32_t max_depth_;
};

}  // namespace

result<void> validate(document_view view, const validate_options& options) {
    checker c(view, options);
    if (c.document(view, false, 1, {})) {
        return {};
    }
    const failure& f = c.error;
    std::string text = mongoro::detail::shown_text(f.where.path());
    if (f.what != nullptr) {
        text += text.empty() ? "" : ": ";
        text += f.what;
    }
    return error(f.code, std::move(text));
}

}  // namespace mongoro::bson
