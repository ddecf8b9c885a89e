#include <mongoro/bson/value_view.hpp>

#include "bson/decimal_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mongoro::bson {

namespace {

using ordering = std::weak_ordering;

// The ranks of the server's canonicalizeBSONType: types that compare with each other share one.
int rank_of(type t) noexcept {
    switch (t) {
        case type::min_key:
            return -1;
        case type::undefined:
            return 0;
        case type::null:
            return 5;
        case type::double_:
        case type::int32:
        case type::int64:
        case type::decimal128:
            return 10;
        case type::string:
        case type::symbol:
            return 15;
        case type::document:
            return 20;
        case type::array:
            return 25;
        case type::binary:
            return 30;
        case type::object_id:
            return 35;
        case type::boolean:
            return 40;
        case type::date:
            return 45;
        case type::timestamp:
            return 47;
        case type::regex:
            return 50;
        case type::db_pointer:
            return 55;
        case type::code:
            return 60;
        case type::code_with_scope:
            return 65;
        case type::max_key:
            return 127;
    }
    return -2;  // missing or malformed
}

ordering order(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

ordering order(std::string_view a, std::string_view b) noexcept {
    return a.compare(b) <=> 0;
}

ordering order(double a, double b) noexcept {
    if (std::isnan(a) || std::isnan(b)) {
        return static_cast<int>(!std::isnan(a)) <=> static_cast<int>(!std::isnan(b));
    }
    return a < b ? ordering::less : a > b ? ordering::greater : ordering::equivalent;
}

// Exact: an int64 as a double may round.
ordering order(std::int64_t a, double b) noexcept {
    if (std::isnan(b)) {
        return ordering::greater;
    }
    if (b >= 0x1p63) {
        return ordering::less;
    }
    if (b < -0x1p63) {
        return ordering::greater;
    }
    const auto whole = static_cast<std::int64_t>(b);  // towards zero
    if (a != whole) {
        return a <=> whole;
    }
    return order(0.0, b - static_cast<double>(whole));
}

/// A number in decimal: exact for every type of BSON. Only comparisons with a decimal128 need it.
class decimal_text {
 public:
    explicit decimal_text(const value_view& v) noexcept {
        char* end = text_;
        switch (v.type()) {
            case type::double_: {
                // No double has more significant digits than 767.
                const auto d = detail::load<double>(v.raw().data());
                end = std::to_chars(text_, text_ + sizeof text_, d, std::chars_format::scientific,
                                    766)
                          .ptr;
                break;
            }
            case type::decimal128: {
                const auto* const p = v.raw().data();
                end = detail::write_decimal128(detail::load<std::uint64_t>(p + 8),
                                               detail::load<std::uint64_t>(p), text_);
                break;
            }
            default: {
                std::int64_t i = 0;
                (void)v.read(i);
                end = std::to_chars(text_, text_ + sizeof text_, i).ptr;
            }
        }
        parse({text_, static_cast<std::size_t>(end - text_)});
    }

    friend ordering order(const decimal_text& a, const decimal_text& b) noexcept {
        if (a.class_ != b.class_ || a.class_ != finite) {
            return a.class_ <=> b.class_;
        }
        const int sign_a = a.sign();
        const int sign_b = b.sign();
        if (sign_a != sign_b || sign_a == 0) {
            return sign_a <=> sign_b;
        }
        ordering magnitude = a.exponent_ <=> b.exponent_;
        if (magnitude == 0) {
            magnitude =
                order(std::string_view(a.text_, a.size_), std::string_view(b.text_, b.size_));
        }
        return sign_a > 0 ? magnitude : 0 <=> magnitude;
    }

 private:
    enum number_class : std::int8_t { nan, negative_infinity, finite, positive_infinity };

    [[nodiscard]] int sign() const noexcept { return size_ == 0 ? 0 : negative_ ? -1 : 1; }

    // Leaves the significant digits in text_ and the power of ten of the first one in exponent_.
    void parse(std::string_view text) noexcept {
        negative_ = text.starts_with('-');
        text.remove_prefix(negative_ ? 1 : 0);
        const char first = text.empty() ? 'n' : text[0];
        if (first == 'n' || first == 'N') {
            class_ = nan;
            return;
        }
        if (first == 'i' || first == 'I') {
            class_ = negative_ ? negative_infinity : positive_infinity;
            return;
        }
        bool before_point = true;
        long exponent = -1;
        std::size_t i = 0;
        for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
            if (text[i] == '.') {
                before_point = false;
                continue;
            }
            if (text[i] == '0' && size_ == 0) {  // a leading zero
                exponent -= before_point ? 0 : 1;
                continue;
            }
            exponent += before_point ? 1 : 0;
            text_[size_++] = text[i];  // never ahead of what is read
        }
        if (i < text.size()) {
            long power = 0;
            const char* from = text.data() + i + 1;
            from += *from == '+' ? 1 : 0;
            (void)std::from_chars(from, text.data() + text.size(), power);
            exponent += power;
        }
        while (size_ != 0 && text_[size_ - 1] == '0') {
            --size_;
        }
        exponent_ = exponent;
    }

    char text_[800];
    std::size_t size_ = 0;
    long exponent_ = 0;
    bool negative_ = false;
    number_class class_ = finite;
};

ordering order_numbers(const value_view& a, const value_view& b) noexcept {
    if (a.type() == type::decimal128 || b.type() == type::decimal128) {
        return order(decimal_text(a), decimal_text(b));
    }
    const bool double_a = a.type() == type::double_;
    const bool double_b = b.type() == type::double_;
    std::int64_t int_a = 0;
    std::int64_t int_b = 0;
    double real_a = 0;
    double real_b = 0;
    (void)(double_a ? a.read(real_a) : a.read(int_a));
    (void)(double_b ? b.read(real_b) : b.read(int_b));
    if (double_a) {
        return double_b ? order(real_a, real_b) : 0 <=> order(int_b, real_a);
    }
    return double_b ? order(int_a, real_b) : ordering(int_a <=> int_b);
}

template <typename T>
T value_of(const value_view& v) noexcept {
    T out{};
    (void)v.read(out);
    return out;
}

std::string_view text_of(const value_view& v) noexcept {
    std::string_view text;
    (void)detail::read_text(v.raw().data(), v.raw().size(), text);
    return text;
}

constexpr int deepest = 1000;  // recursion on bytes that nobody may have checked

ordering order(document_view a, document_view b, int depth) noexcept;

ordering order_values(const value_view& a, const value_view& b, int depth) noexcept {
    const int rank = rank_of(a.type());
    if (const int other = rank_of(b.type()); rank != other) {
        return rank <=> other;
    }
    switch (a.type()) {
        case type::double_:
        case type::int32:
        case type::int64:
        case type::decimal128:
            return order_numbers(a, b);
        case type::string:
        case type::symbol:
        case type::code:
            return order(text_of(a), text_of(b));
        case type::document:
        case type::array:
            return order(document_view(a.raw().data(), a.raw().size()),
                         document_view(b.raw().data(), b.raw().size()), depth + 1);
        case type::binary: {
            // By length, then by subtype, then by bytes: the order of the encoding, but for the
            // length.
            const auto x = a.raw();
            const auto y = b.raw();
            return x.size() != y.size() ? ordering(x.size() <=> y.size())
                                        : order(x.subspan(4), y.subspan(4));
        }
        case type::boolean:
        case type::object_id:
            return order(a.raw(), b.raw());
        case type::date:
            return value_of<date>(a) <=> value_of<date>(b);
        case type::timestamp:
            return value_of<timestamp>(a) <=> value_of<timestamp>(b);
        case type::regex: {
            const auto x = value_of<regex_view>(a);
            const auto y = value_of<regex_view>(b);
            const ordering by_pattern = order(x.pattern, y.pattern);
            return by_pattern != 0 ? by_pattern : order(x.options, y.options);
        }
        case type::db_pointer: {
            const auto x = a.raw();
            const auto y = b.raw();
            return x.size() != y.size() ? ordering(x.size() <=> y.size()) : order(x, y);
        }
        case type::code_with_scope: {
            const auto x = value_of<code_with_scope_view>(a);
            const auto y = value_of<code_with_scope_view>(b);
            const ordering by_code = order(x.code, y.code);
            return by_code != 0 ? by_code : order(x.scope, y.scope, depth + 1);
        }
        default:
            return ordering::equivalent;  // types of one value
    }
}

ordering order(document_view a, document_view b, int depth) noexcept {
    if (depth > deepest) {
        return ordering::equivalent;
    }
    auto x = a.begin();
    auto y = b.begin();
    const element_iterator end;
    for (; x != end && y != end; ++x, ++y) {
        const int rank = rank_of(x->type());
        if (const int other = rank_of(y->type()); rank != other) {
            return rank <=> other;
        }
        if (const ordering by_key = order(x->key(), y->key()); by_key != 0) {
            return by_key;
        }
        if (const ordering by_value = order_values(x->value(), y->value(), depth); by_value != 0) {
            return by_value;
        }
    }
    return static_cast<int>(x != end) <=> static_cast<int>(y != end);
}

}  // namespace

std::weak_ordering compare(document_view a, document_view b) noexcept {
    return order(a, b, 1);
}

std::weak_ordering compare(const value_view& a, const value_view& b) noexcept {
    return order_values(a, b, 1);
}

}  // namespace mongoro::bson
