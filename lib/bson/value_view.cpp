#include <mongoro/bson/value_view.hpp>

#include "error/shown_text.hpp"

#include <string>

namespace mongoro::bson {

[[gnu::hot]] value_view value_view::find(document_view in, std::string_view key,
                                         const document_view& root) noexcept {
    const std::uint8_t* const data = in.data();
    if (in.size() < 5) [[unlikely]] {
        return missing(data, key, root, state::malformed);
    }
    const std::uint8_t* const end = data + in.size() - 1;
    const std::uint8_t* p = data + 4;
    while (p != end) {
        const std::uint8_t* const name = p + 1;
        const std::uint8_t* const nul = detail::key_end(name, end);
        if (nul == end) [[unlikely]] {
            return missing(data, key, root, state::malformed);
        }
        const auto n = detail::value_size(*p, nul + 1, static_cast<std::size_t>(end - (nul + 1)));
        if (n < 0) [[unlikely]] {
            return missing(data, key, root, state::malformed);
        }
        if (static_cast<std::size_t>(nul - name) == key.size() &&
            detail::same_bytes(name, reinterpret_cast<const std::uint8_t*>(key.data()),
                               key.size())) {
            // Made where it is returned: what is first put together elsewhere is copied by loads
            // that are wider than the stores before them, and these wait for each other.
            return {{nul + 1, static_cast<std::size_t>(n)},
                    static_cast<bson::type>(*p),
                    {reinterpret_cast<const char*>(name), key.size()},
                    root,
                    state::present};
        }
        p = nul + 1 + n;
    }
    return missing(data, key, root, *end == 0 ? state::missing : state::malformed);
}

value_view value_view::find_at(document_view in, std::size_t index, document_view root) noexcept {
    for (element_iterator it(in, root), end; it != end; ++it) {
        if (index-- == 0 || it.malformed()) {
            return it->value();
        }
    }
    return missing(in.data(), {}, root, state::missing);
}

// Not readable as what it is; its type byte, right before its key, is still there for the message.
value_view value_view::of_wrong_parent() const noexcept {
    value_view v = *this;
    v.state_ = state::wrong_parent;
    v.type_ = bson::type{};
    return v;
}

value_view value_view::operator[](std::string_view key) const noexcept {
    if (!exists()) {
        return *this;  // the first key that was not there is the one to name
    }
    if (type_ != bson::type::document && type_ != bson::type::array) {
        return of_wrong_parent();
    }
    return find({data_, size_}, key, root());
}

value_view value_view::at(std::size_t index) const noexcept {
    if (!exists()) {
        return *this;
    }
    if (type_ != bson::type::array) {
        return of_wrong_parent();
    }
    return find_at({data_, size_}, index, root());
}

element_iterator value_view::begin() const noexcept {
    if (exists() && (type_ == bson::type::document || type_ == bson::type::array)) {
        return {document_view{data_, size_}, root()};
    }
    return {};
}

element_iterator value_view::end() const noexcept {
    return {};
}

std::string value_view::path() const {
    std::string out;
    const auto add = [&out](std::string_view key) {
        if (!out.empty()) {
            out += '.';
        }
        out += key;
    };
    // The path is not kept while reading, which would cost every access: it is found again from the
    // document that the walk began with, through whatever holds the place of this value.
    document_view in = root();
    bool deeper = root_ != nullptr && data_ != root_;
    while (deeper) {
        deeper = false;
        for (const auto& e : in) {
            const auto raw = e.value().raw();
            if (e.malformed() || raw.data() > data_) {
                break;
            }
            if (raw.data() == data_ && !raw.empty()) {
                if (state_ != state::present && state_ != state::wrong_parent) {
                    add(e.key());  // the document that it is not in
                }
                break;
            }
            if (data_ < raw.data() + raw.size() &&
                (e.type() == bson::type::document || e.type() == bson::type::array)) {
                add(e.key());
                in = {raw.data(), raw.size()};
                deeper = true;
                break;
            }
        }
    }
    if (key_ != nullptr) {
        add(key());
    }
    return out;
}

error value_view::make_error(errc e, bson::type expected) const {
    std::string text = mongoro::detail::shown_text(path());
    if (!text.empty()) {
        text += ": ";
    }
    switch (e) {
        case errc::wrong_type:
            if (state_ == state::present && type_ == expected) {  // a UUID of other binary data
                text += type_name(type_);
                text += " of another subtype than asked for";
                break;
            }
            text += "expected ";
            text += state_ == state::wrong_parent ? "document" : type_name(expected);
            text += ", got ";
            text += type_name(state_ == state::wrong_parent ? static_cast<bson::type>(key_[-1])
                                                            : type_);
            break;
        case errc::key_not_found:
            text += "key not found";
            break;
        case errc::out_of_range:
            text += type_name(type_);
            text += " does not fit ";
            text += type_name(expected);
            break;
        default:
            text += make_error_code(e).message();
            break;
    }
    return error(e, std::move(text));
}

namespace detail {

std::ptrdiff_t regex_size(const std::uint8_t* p, std::size_t left) noexcept {
    const std::uint8_t* const end = p + left;
    const std::uint8_t* const pattern = key_end(p, end);
    if (pattern == end) {
        return -1;
    }
    const std::uint8_t* const options = key_end(pattern + 1, end);
    return options == end ? -1 : options + 1 - p;
}

errc read_int64_of_double(const value_view& v, std::int64_t& out) noexcept {
    const auto d = load<double>(v.raw().data());
    if (!(d >= -0x1p63 && d < 0x1p63)) {  // NaN as well
        return errc::out_of_range;
    }
    out = static_cast<std::int64_t>(d);
    return static_cast<double>(out) == d ? errc{} : errc::out_of_range;
}

errc read_binary(const value_view& v, binary_view& out) noexcept {
    if (const errc e = check(v, type::binary); e != errc{}) {
        return e;
    }
    const auto raw = v.raw();
    const auto subtype = static_cast<binary_subtype>(raw[4]);
    auto bytes = raw.subspan(5);
    if (subtype == binary_subtype::binary_old) {
        if (bytes.size() < 4 || load<std::uint32_t>(bytes.data()) != bytes.size() - 4) {
            return errc::malformed_bson;
        }
        bytes = bytes.subspan(4);
    }
    out = {subtype, bytes};
    return errc{};
}

errc read_regex(const value_view& v, regex_view& out) noexcept {
    if (const errc e = check(v, type::regex); e != errc{}) {
        return e;
    }
    // Two C strings, as the walk has found.
    const std::string_view raw(reinterpret_cast<const char*>(v.raw().data()), v.raw().size());
    const auto nul = raw.find('\0');
    out = {raw.substr(0, nul), raw.substr(nul + 1, raw.size() - nul - 2)};
    return errc{};
}

errc read_db_pointer(const value_view& v, db_pointer_view& out) noexcept {
    if (const errc e = check(v, type::db_pointer); e != errc{}) {
        return e;
    }
    const auto raw = v.raw();
    const auto text = raw.first(raw.size() - object_id::size_bytes);
    if (const errc e = read_text(text.data(), text.size(), out.collection); e != errc{}) {
        return e;
    }
    out.id = object_id(raw.last<object_id::size_bytes>());
    return errc{};
}

errc read_code_with_scope(const value_view& v, code_with_scope_view& out) noexcept {
    if (const errc e = check(v, type::code_with_scope); e != errc{}) {
        return e;
    }
    const auto raw = v.raw();
    const auto length = load<std::int32_t>(raw.data() + 4);
    // 8 bytes before the text, at least 5 after it.
    if (length < 1 || static_cast<std::size_t>(length) > raw.size() - 13) {
        return errc::malformed_bson;
    }
    const auto n = static_cast<std::size_t>(length);
    if (const errc e = read_text(raw.data() + 4, n + 4, out.code); e != errc{}) {
        return e;
    }
    const auto scope = raw.subspan(8 + n);
    if (static_cast<std::size_t>(load<std::uint32_t>(scope.data())) != scope.size() ||
        scope.back() != 0) {
        return errc::malformed_bson;
    }
    out.scope = {scope.data(), scope.size()};
    return errc{};
}

}  // namespace detail

}  // namespace mongoro::bson
