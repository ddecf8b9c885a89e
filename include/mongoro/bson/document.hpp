#pragma once

#include <mongoro/bson/detail/braces.hpp>
#include <mongoro/bson/detail/own_bytes.hpp>
#include <mongoro/bson/writer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mongoro::bson {

/// The bytes that `document` and `array` own. None at all for an empty one.
class document_storage {
 public:
    document_storage() noexcept = default;
    explicit document_storage(document_view copied);
    explicit document_storage(byte_buffer&& bytes) noexcept : bytes_(std::move(bytes)) {}
    document_storage(const document_storage& other) : document_storage(other.view()) {}
    document_storage(document_storage&&) noexcept = default;

#define MONGORO_PARAM(I) const detail::brace_member& m##I
#define MONGORO_POINTER(I) &m##I
#define MONGORO_CONSTRUCTOR(N)                                                             \
    document_storage(MONGORO_LIST_##N(MONGORO_PARAM)) {                                    \
        const detail::brace_member* const members[] = {MONGORO_LIST_##N(MONGORO_POINTER)}; \
        build(members, N);                                                                 \
    }
    MONGORO_ARITIES(MONGORO_CONSTRUCTOR)
#undef MONGORO_CONSTRUCTOR
#undef MONGORO_POINTER
#undef MONGORO_PARAM

    document_storage& operator=(const document_storage& other) {
        return *this = document_storage(other);
    }
    document_storage& operator=(document_storage&&) noexcept = default;
    ~document_storage() = default;

    [[nodiscard]] document_view view() const noexcept {
        return bytes_.empty() ? document_view{} : document_view{bytes_.data(), bytes_.size()};
    }
    void clear() noexcept { bytes_.clear(); }
    /// Space for so many bytes in all.
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    /// Gives the bytes away: one whole document. Nothing is left of it here.
    [[nodiscard]] byte_buffer release();

    /// Appends one element, for the `document` or `array` that is `owner`. As with a vector's
    /// `push_back(v[0])`, key and value may lie in the document itself, or be it: they are copied
    /// before a byte of it moves or changes.
    template <typename T>
    void append_element(const void* owner, std::string_view key, const T& value) {
        const detail::own_bytes own(owner, bytes_);
        if (own.have(key.data()) || own.may_have(value)) [[unlikely]] {
            append_by_copy(key, &value, &detail::write_leaf<T>);
        } else {
            modify([&](writer& w) { w.append(key, value); });
        }
    }
    /// Appends all elements of `from`, which may be or lie in this document.
    void append_elements(document_view from);

    /// Appends one element by `write(writer&)`, which reads nothing of this document. A failure
    /// throws and leaves the document as it was.
    template <typename Write>
    void modify(Write&& write) {
        const std::size_t before = open();
        try {
            writer w(bytes_, writer::resume_t{});
            write(w);
            close(w);
        } catch (...) {
            restore(before);
            throw;
        }
    }

 private:
    // Not a template, unlike what goes without a copy: few programs ever need it.
    void append_by_copy(std::string_view key, const void* value, detail::write_function* write);
    void build(const detail::brace_member* const* members, std::size_t count);
    /// Takes the final NUL away; the size that remains.
    std::size_t open();
    static void close(writer& w);
    void restore(std::size_t size) noexcept;

    byte_buffer bytes_;
};

/// A BSON document that owns its bytes. Movable, and copyable by a copy of the bytes; a moved-from
/// document is empty. The empty document owns nothing.
///
/// Views and values read from it point into it: they end with it, and with each change of it. Only
/// the change itself may still be given them: `d.append("b", d["a"])` appends a copy.
class document : private document_storage {
 public:
    using iterator = element_iterator;

    document() noexcept = default;
    /// From braces: `document{{"name", "Ada"}, {"tags", {"math", "engine"}}}`.
    ///
    /// Each pair is a key and a value of a type that `writer::append` takes, or a brace. A nested
    /// brace is a document if each of its elements is a braced pair that starts with a string
    /// literal, and an array otherwise; `{}` is the empty document; `doc(...)` and `arr(...)` say
    /// which. A brace has up to 32 elements: `append` takes more. One allocation, for the bytes.
    /// Throws as `append` does.
    using document_storage::document_storage;
    /// Copies the bytes.
    explicit document(document_view view) : document_storage(view) {}
    /// Takes over the bytes of exactly one document, as a `writer` leaves them. They are not
    /// checked.
    explicit document(byte_buffer&& bytes) noexcept : document_storage(std::move(bytes)) {}

    /// Copies bytes whose frame is right; see `document_view::from_bytes`.
    [[nodiscard]] static result<document> from_bytes(std::span<const std::uint8_t> bytes);

    using document_storage::clear;
    using document_storage::release;
    using document_storage::reserve;
    using document_storage::view;
    operator document_view() const noexcept {
        return view();
    }  // NOLINT: it is one, as a string is a string_view

    [[nodiscard]] const std::uint8_t* data() const noexcept { return view().data(); }
    /// In bytes: 5 for the empty document.
    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return view().bytes(); }
    [[nodiscard]] bool empty() const noexcept { return view().empty(); }
    [[nodiscard]] std::size_t count() const noexcept { return view().count(); }

    [[nodiscard]] value_view operator[](std::string_view key) const noexcept { return view()[key]; }
    [[nodiscard]] bool contains(std::string_view key) const noexcept {
        return view().contains(key);
    }
    [[nodiscard]] element_iterator begin() const noexcept { return view().begin(); }
    [[nodiscard]] element_iterator end() const noexcept { return {}; }

    /// Appends an element at the end; keys are not compared with those that are there.
    ///
    /// `T` as for `writer::append`. Throws `mongoro::exception` (`embedded_nul`, `invalid_utf8` for
    /// the key, `out_of_range`, `document_too_large`) and then has changed nothing.
    template <writable T>
    document& append(std::string_view key, const T& value) {
        append_element(this, key, value);
        return *this;
    }
    /// Appends all elements of another document, or its own once more.
    document& append_elements(document_view from) {
        document_storage::append_elements(from);
        return *this;
    }

    /// For parameters that take a document over: see `document_param`.
    [[nodiscard]] document_storage&& storage() && noexcept { return std::move(*this); }

    friend bool operator==(const document& a, const document& b) noexcept {
        return a.view() == b.view();
    }
    friend bool operator==(const document& a, document_view b) noexcept { return a.view() == b; }
};

template <>
struct value_writer<document> {
    static void write(writer& w, std::string_view key, const document& v) {
        w.append_document(key, v);
    }
};
template <>
struct value_reader<document> : detail::owning_reader<document, document_view> {};

/// JavaScript code with the document of its variables. Deprecated in BSON.
class code_with_scope {
 public:
    code_with_scope() = default;
    code_with_scope(std::string text, document scope)
        : text_(std::move(text)), scope_(std::move(scope)) {}
    explicit code_with_scope(const code_with_scope_view& v) : text_(v.code), scope_(v.scope) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] const document& scope() const noexcept { return scope_; }
    operator code_with_scope_view() const noexcept { return {text_, scope_}; }  // NOLINT
    friend bool operator==(const code_with_scope&, const code_with_scope&) = default;

 private:
    std::string text_;
    document scope_;
};

template <>
struct value_writer<code_with_scope> {
    static void write(writer& w, std::string_view key, const code_with_scope& v) {
        w.append_code_with_scope(key, v.text(), v.scope());
    }
};
template <>
struct value_reader<code_with_scope>
    : detail::owning_reader<code_with_scope, code_with_scope_view> {};

}  // namespace mongoro::bson

namespace mongoro {
using bson::document;
}
