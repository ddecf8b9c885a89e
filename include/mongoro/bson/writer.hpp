#pragma once

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/value_view.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::bson {

class writer;

/// How a C++ type becomes a BSON value; specialise it to add one. Needs
/// `static void write(writer&, std::string_view key, const T&)`, which appends one element.
template <typename T>
struct value_writer;

template <typename T>
concept writable = requires(writer& w, std::string_view key, const T& value) {
    value_writer<T>::write(w, key, value);
};

/// Appends documents to a buffer, after whatever bytes it has.
///
/// Errors stick: after the first one nothing more is written, and `error()` says what it was; the
/// bytes since the start are then of no use (`rollback`). Keys are checked for NUL and UTF-8;
/// values only where said. Our own rather than bson_append_*: one capacity check an element, no
/// varargs, and it writes into a buffer that has other bytes before. Throws `std::bad_alloc` and
/// nothing else.
class writer {
 public:
    /// Deeper nesting is `errc::too_deep`; the server refuses it as well.
    static constexpr std::uint32_t max_depth = 200;

    /// The buffer must outlive the writer. What is appended must not lie in it: it moves as it
    /// grows. `document::append` and `array::append` see to that for their own values.
    explicit writer(byte_buffer& buffer) noexcept : buffer_(&buffer), start_(buffer.size()) {}

    /// Starts an outermost document. After its `end()` another may follow.
    void begin_document() {
        if (error_ == errc{} && depth_ == 0) {
            open_level();
        }
    }
    void begin_document(std::string_view key) { begin_nested(bson::type::document, key); }
    void begin_array(std::string_view key) { begin_nested(bson::type::array, key); }

    /// Ends the innermost document or array.
    void end() {
        if (error_ != errc{} || depth_ == 0) [[unlikely]] {
            return;
        }
        buffer_->push_back(0);
        close_level();
    }
    /// How many documents and arrays are open.
    [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }

    /// Appends one element. `T` is any type of `types.hpp`, `bool`, an integer (`int` becomes
    /// int32, `long` and `unsigned` int64; what int64 cannot hold is `errc::out_of_range`), a
    /// floating type, a string, `nullptr`, a document, an array, a `value_view` of any type, a
    /// `std::optional` of these (null if empty), or a range of these (an array).
    template <writable T>
    void append(std::string_view key, const T& value) {
        value_writer<T>::write(*this, key, value);
    }

    void append_int32(std::string_view key, std::int32_t value) {
        append_scalar(bson::type::int32, key, value);
    }
    void append_int64(std::string_view key, std::int64_t value) {
        append_scalar(bson::type::int64, key, value);
    }
    void append_double(std::string_view key, double value) {
        append_scalar(bson::type::double_, key, value);
    }
    void append_bool(std::string_view key, bool value) {
        append_scalar(bson::type::boolean, key, static_cast<std::uint8_t>(value ? 1 : 0));
    }
    void append_null(std::string_view key) { append_empty(bson::type::null, key); }
    void append_string(std::string_view key, std::string_view value) {
        append_text(bson::type::string, key, value);
    }
    void append_document(std::string_view key, document_view value) {
        append_raw(bson::type::document, key, value.bytes());
    }
    void append_array(std::string_view key, array_view value) {
        append_raw(bson::type::array, key, value.bytes());
    }
    /// Bytes of the given subtype; `binary_old` gets its inner length here.
    void append_binary(std::string_view key, binary_subtype subtype,
                       std::span<const std::uint8_t> bytes);
    /// `errc::embedded_nul` for a NUL in either part. The options are put into alphabetical order
    /// if they are ASCII, as all are that servers know.
    void append_regex(std::string_view key, std::string_view pattern, std::string_view options);
    void append_code_with_scope(std::string_view key, std::string_view code, document_view scope);
    void append_db_pointer(std::string_view key, std::string_view collection, const object_id& id);

    /// A value whose bytes are ready, as `value_view::raw()` gives them; they are not looked at.
    void append_raw(bson::type t, std::string_view key, std::span<const std::uint8_t> value) {
        if (std::uint8_t* p = open_element(t, key, value.size())) [[likely]] {
            if (!value.empty()) {
                std::memcpy(p, value.data(), value.size());
            }
        }
    }
    /// All elements of `from`, with their keys, into the open document.
    void append_elements(document_view from) {
        if (error_ == errc{} && from.size() > 5) {
            buffer_->append(from.data() + 4, from.size() - 5);
        }
    }
    /// Room for `size` bytes of one element's value, which the caller must fill; null after an
    /// error.
    [[nodiscard]] std::uint8_t* append_uninitialized(bson::type t, std::string_view key,
                                                     std::size_t size) {
        return open_element(t, key, size);
    }

    /// Records an error, if there is none yet: for `value_writer`s.
    void fail(errc e) noexcept {
        if (error_ == errc{}) {
            error_ = e;
        }
    }
    [[nodiscard]] bool ok() const noexcept { return error_ == errc{}; }
    [[nodiscard]] errc code() const noexcept { return error_; }
    [[nodiscard]] mongoro::error error() const noexcept {
        return ok() ? mongoro::error{} : mongoro::error{error_};
    }
    /// Takes away what was written since the writer was made, and the error.
    void rollback() noexcept {
        buffer_->truncate(start_);
        error_ = errc{};
        depth_ = 0;
    }
    [[nodiscard]] byte_buffer& buffer() noexcept { return *buffer_; }
    /// The whole of what was written, if it is one document that ended.
    [[nodiscard]] document_view view() const noexcept {
        return {buffer_->data() + start_, buffer_->size() - start_};
    }

    template <typename T>
    void append_scalar(bson::type t, std::string_view key, T value) {
        if (std::uint8_t* p = open_element(t, key, sizeof value)) [[likely]] {
            std::memcpy(p, &value, sizeof value);
        }
    }
    void append_empty(bson::type t, std::string_view key) { (void)open_element(t, key, 0); }
    /// A string, code or symbol: length, characters, NUL. UTF-8 is not checked.
    void append_text(bson::type t, std::string_view key, std::string_view text) {
        if (text.size() >= max_size) [[unlikely]] {
            return fail(errc::document_too_large);
        }
        if (std::uint8_t* p = open_element(t, key, text.size() + 5)) [[likely]] {
            const auto n = static_cast<std::int32_t>(text.size() + 1);
            std::memcpy(p, &n, sizeof n);
            if (!text.empty()) {
                std::memcpy(p + 4, text.data(), text.size());
            }
            p[4 + text.size()] = 0;
        }
    }

 private:
    friend class document_storage;
    struct resume_t {};
    /// Goes on with a document that lacks only its final NUL.
    writer(byte_buffer& buffer, resume_t) noexcept : buffer_(&buffer), start_(0), depth_(1) {
        std::memset(buffer.data(), 0, 4);
    }

    static constexpr std::size_t max_size = 0x7FFFFFFF;

    void begin_nested(bson::type t, std::string_view key) {
        if (depth_ >= max_depth) [[unlikely]] {
            return fail(errc::too_deep);
        }
        if (open_element(t, key, 0) != nullptr) [[likely]] {
            open_level();
        }
    }
    // Until a level ends, the place of its length holds the distance to the level around it: the
    // levels need no stack of their own.
    void open_level() {
        const std::size_t at = buffer_->size();
        std::uint8_t* const p = buffer_->extend(4);
        const auto back = static_cast<std::uint32_t>(depth_ == 0 ? 0 : at - level_);
        std::memcpy(p, &back, sizeof back);
        level_ = at;
        ++depth_;
    }
    void close_level() noexcept {
        const std::size_t size = buffer_->size() - level_;
        if (size > max_size) [[unlikely]] {
            return fail(errc::document_too_large);
        }
        std::uint8_t* const p = buffer_->data() + level_;
        const auto back = detail::load<std::uint32_t>(p);
        const auto length = static_cast<std::int32_t>(size);
        std::memcpy(p, &length, sizeof length);
        level_ -= back;
        --depth_;
    }

    /// Type and key, and room for the value, all in one capacity check.
    [[nodiscard]] std::uint8_t* open_element(bson::type t, std::string_view key, std::size_t size) {
        if (error_ != errc{}) [[unlikely]] {
            return nullptr;
        }
        if (size > max_size || key.size() > max_size) [[unlikely]] {
            fail(errc::document_too_large);
            return nullptr;
        }
        std::uint8_t* const p = buffer_->prepare(key.size() + size + 2);
        p[0] = static_cast<std::uint8_t>(t);
        if (!copy_key(p + 1, key.data(), key.size())) [[unlikely]] {
            fail(bad_key(key));
            return nullptr;
        }
        p[1 + key.size()] = 0;
        buffer_->commit(key.size() + size + 2);
        return p + 2 + key.size();
    }
    /// Copies, and looks for NUL and for what is not ASCII in the same pass.
    static bool copy_key(std::uint8_t* out, const char* in, std::size_t n) noexcept {
        constexpr std::uint64_t ones = 0x0101010101010101U;
        constexpr std::uint64_t tops = 0x8080808080808080U;
        std::uint64_t seen = 0;
        const char* const start = in;
        const std::size_t size = n;
        for (; n >= 8; n -= 8, in += 8, out += 8) {
            std::uint64_t w;
            std::memcpy(&w, in, 8);
            std::memcpy(out, &w, 8);
            seen |= (w - ones) | w;  // a top bit: NUL, or not ASCII (NUL alone if w is ASCII)
        }
        std::uint64_t w = ones;  // neither NUL nor above ASCII
        if (n >= 4) {
            std::uint32_t a;
            std::uint32_t b;
            std::memcpy(&a, in, 4);
            std::memcpy(&b, in + n - 4, 4);
            std::memcpy(out, &a, 4);
            std::memcpy(out + n - 4, &b, 4);
            w = std::uint64_t{a} << 32 | b;
        } else if (n != 0) {
            const auto a = static_cast<std::uint8_t>(in[0]);
            const auto b = static_cast<std::uint8_t>(in[n >> 1]);
            const auto c = static_cast<std::uint8_t>(in[n - 1]);
            out[0] = a;
            out[n >> 1] = b;
            out[n - 1] = c;
            w = ones << 24 | std::uint64_t{a} << 16 | std::uint64_t{b} << 8 | c;
        }
        seen |= (w - ones) | w;
        return (seen & tops) == 0 || key_is_valid({start, size});
    }
    [[nodiscard]] static bool key_is_valid(std::string_view key) noexcept;
    [[nodiscard]] static errc bad_key(std::string_view key) noexcept;

    byte_buffer* buffer_;
    std::size_t start_;
    std::size_t level_ = start_;  // where the innermost open document begins
    std::uint32_t depth_ = 0;
    errc error_{};
};

/// The keys of an array in their order: "0", "1", … counted in decimal, without a division.
class index_key {
 public:
    [[nodiscard]] std::string_view view() const noexcept { return {text_ + first_, 10U - first_}; }
    operator std::string_view() const noexcept { return view(); }  // NOLINT
    /// The next one.
    index_key& operator++() noexcept {
        for (unsigned i = 10; i-- > first_;) {
            if (text_[i] != '9') {
                ++text_[i];
                return *this;
            }
            text_[i] = '0';
        }
        if (first_ != 0) {
            text_[--first_] = '1';
        }
        return *this;
    }

 private:
    char text_[10] = {'0', '0', '0', '0', '0', '0', '0', '0', '0', '0'};
    std::uint8_t first_ = 9;
};

}  // namespace mongoro::bson

#include <mongoro/bson/detail/value_writers.hpp>
