#pragma once

#include <mongoro/bson/codec_context.hpp>
#include <mongoro/bson/codec_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

/// \file
/// From bytes to values. Every function returns where the value ended, or null after a failure that
/// it left in the context. One walk a document: the members of a struct are looked for in their
/// order, each by one comparison with a constant, and read in place.

namespace mongoro::bson::detail {

/// Where an element stands: its type byte, its value, and the NUL that ends the document around it.
struct position {
    const std::uint8_t* element;
    const std::uint8_t* value;
    const std::uint8_t* end;

    [[nodiscard]] bool is(bson::type t) const noexcept {
        return *element == static_cast<std::uint8_t>(t);
    }
    [[nodiscard]] std::size_t left() const noexcept {
        return static_cast<std::size_t>(end - value);
    }
};

struct element_place {
    std::string_view key;
    position at;
};

/// The element as the public view of it; malformed if its bytes are.
[[nodiscard]] value_view view_of(position at);
/// Fails because the value is not what was expected: says which of the ways.
const std::uint8_t* refuse(decode_context& context, position at, bson::type expected);
const std::uint8_t* malformed(decode_context& context);
/// Key and value of the element at `element`, which is not `end`.
bool next_element(decode_context& context, const std::uint8_t* element, const std::uint8_t* end,
                  element_place& out);
const std::uint8_t* skip_value(decode_context& context, position at);
/// A bit of a key's length and first character: which members a key can be at all.
[[nodiscard]] constexpr std::uint64_t key_filter(std::size_t size, std::uint8_t first) noexcept {
    return std::uint64_t{1} << ((size * 11 ^ first) & 63U);  // of 64, letters alone are but 26
}
/// Over the elements whose keys are no member's: to one that may be, that is malformed, or `end`.
[[nodiscard]] const std::uint8_t* skip_others(const std::uint8_t* element, const std::uint8_t* end,
                                              std::uint64_t filter) noexcept;
/// Over the element there, whatever it is.
bool skip_element(decode_context& context, const std::uint8_t*& element, const std::uint8_t* end);

template <typename T>
const std::uint8_t* read_value(decode_context& context, position at, T& out);
template <typename T>
bool read_members(decode_context& context, const std::uint8_t* element, const std::uint8_t* end,
                  T& out);

/// Through `value_reader`: the types that are not worth a way of their own.
template <typename T>
const std::uint8_t* read_leaf(decode_context& context, position at, T& out) {
    const value_view v = view_of(at);
    if (const errc e = value_reader<T>::read(v, out); e != errc{}) {
        context.fail(e, value_reader<T>::expected, v.type());
        return nullptr;
    }
    return v.raw().data() + v.raw().size();
}

template <typename T>
inline const std::uint8_t* read_integer(decode_context& context, position at, T& out) {
    if (at.is(bson::type::int32) && at.left() >= 4) {
        const auto v = load<std::int32_t>(at.value);
        if (std::in_range<T>(v)) [[likely]] {
            out = static_cast<T>(v);
            return at.value + 4;
        }
    } else if (at.is(bson::type::int64) && at.left() >= 8) {
        const auto v = load<std::int64_t>(at.value);
        if (std::in_range<T>(v)) [[likely]] {
            out = static_cast<T>(v);
            return at.value + 8;
        }
    }
    return read_leaf(context, at, out);
}

/// The characters of a string in `out`.
inline const std::uint8_t* read_string(decode_context& context, position at,
                                       std::string_view& out) {
    if (at.is(bson::type::string) && at.left() >= 5) [[likely]] {
        const auto said = static_cast<std::size_t>(load<std::uint32_t>(at.value));
        if (said >= 1 && said <= at.left() - 4 && at.value[4 + said - 1] == 0) [[likely]] {
            out = {reinterpret_cast<const char*>(at.value) + 4, said - 1};
            return at.value + 4 + said;
        }
    }
    return refuse(context, at, bson::type::string);
}

/// The place of the first element of a document or array in `element`, of its final NUL in `end`.
inline bool open_document(decode_context& context, position at, bson::type expected,
                          const std::uint8_t*& element, const std::uint8_t*& end) {
    if (at.is(expected) && at.left() >= 5) [[likely]] {
        const auto said = static_cast<std::size_t>(load<std::uint32_t>(at.value));
        if (said >= 5 && said <= at.left() && at.value[said - 1] == 0) [[likely]] {
            element = at.value + 4;
            end = at.value + said - 1;
            return context.enter();
        }
    }
    refuse(context, at, expected);
    return false;
}

template <typename E>
const std::uint8_t* read_enum_name(decode_context& context, position at, E& out) {
    std::string_view text;
    const std::uint8_t* const next = read_string(context, at, text);
    if (next == nullptr) {
        return nullptr;
    }
    const auto& names = mongoro::detail::enumerator_names<E>;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!names[i].empty() && names[i] == text) {
            out = static_cast<E>(i);
            return next;
        }
    }
    context.fail(errc::out_of_range, "not a name of the enumeration");
    return nullptr;
}

/// Calls `each(index, position)` for every element; it returns the next place.
template <typename F>
const std::uint8_t* read_elements(decode_context& context, position at, F&& each) {
    const std::uint8_t* element = nullptr;
    const std::uint8_t* end = nullptr;
    if (!open_document(context, at, bson::type::array, element, end)) {
        return nullptr;
    }
    for (std::size_t index = 0; element != end; ++index) {
        const std::uint8_t* const nul = key_end(element + 1, end);
        const std::uint8_t* const next =
            nul == end ? malformed(context) : each(index, position{element, nul + 1, end});
        if (next == nullptr) {
            context.prepend(index);
            return nullptr;
        }
        element = next;
    }
    context.leave();
    return end + 1;
}

template <typename T>
const std::uint8_t* read_sequence(decode_context& context, position at, T& out) {
    out.clear();
    return read_elements(context, at, [&](std::size_t, position place) {
        if constexpr (std::is_same_v<decltype(out.emplace_back()), typename T::value_type&>) {
            return read_value(context, place, out.emplace_back());
        } else {
            // std::vector<bool> has no bool to read into.
            typename T::value_type item{};
            const std::uint8_t* const next = read_value(context, place, item);
            out.push_back(item);
            return next;
        }
    });
}

template <typename T>
const std::uint8_t* read_set(decode_context& context, position at, T& out) {
    out.clear();
    return read_elements(context, at, [&](std::size_t, position place) {
        typename T::value_type item{};
        const std::uint8_t* const next = read_value(context, place, item);
        if (next != nullptr) {
            out.insert(std::move(item));
        }
        return next;
    });
}

template <typename T>
const std::uint8_t* read_array(decode_context& context, position at, T& out) {
    std::size_t count = 0;
    const auto next = read_elements(context, at, [&](std::size_t index, position place) {
        count = index + 1;
        return index < std::size(out) ? read_value(context, place, out[index])
                                      : skip_value(context, place);
    });
    if (next != nullptr && count != std::size(out)) {
        context.fail(errc::out_of_range, "expected " + std::to_string(std::size(out)) +
                                             " elements, got " + std::to_string(count));
        return nullptr;
    }
    return next;
}

template <typename T>
bool read_map_members(decode_context& context, const std::uint8_t* element, const std::uint8_t* end,
                      T& out) {
    out.clear();
    while (element != end) {
        element_place place;
        if (!next_element(context, element, end, place)) {
            return false;
        }
        // The first of two equal keys counts, as in a document_view.
        const auto [it, is_new] = out.try_emplace(typename T::key_type(place.key));
        element =
            is_new ? read_value(context, place.at, it->second) : skip_value(context, place.at);
        if (element == nullptr) {
            context.prepend(place.key);
            return false;
        }
    }
    return true;
}

/// The type that a T is stored as, where it is one alone; `bson::type{}` otherwise.
template <typename T>
consteval bson::type stored_type() {
    if constexpr (std::is_same_v<T, std::monostate>) {
        return bson::type::null;
    } else {
        switch (kind_of<T>) {
            case codec_kind::integer:
                return value_reader<std::conditional_t<integer<T>, T, int>>::expected;
            case codec_kind::enum_name:
            case codec_kind::string:
                return bson::type::string;
            case codec_kind::map:
            case codec_kind::structure:
                return bson::type::document;
            case codec_kind::sequence:
            case codec_kind::set:
            case codec_kind::array:
                return bson::type::array;
            default:
                break;
        }
        if constexpr (readable<T>) {
            return value_reader<T>::expected;
        } else {
            return bson::type{};
        }
    }
}

template <typename... A>
const std::uint8_t* read_variant(decode_context& context, position at, std::variant<A...>& out) {
    const std::uint8_t* next = nullptr;
    const auto read_as = [&]<typename T>(std::type_identity<T>) {
        if constexpr (std::is_same_v<T, std::monostate>) {
            out.template emplace<T>();
            next = at.value;
        } else {
            next = read_value(context, at, out.template emplace<T>());
        }
        return true;
    };
    // By the type alone, never by trial: trials inside trials could be made to take forever.
    const bool is_number =
        at.is(bson::type::int32) || at.is(bson::type::int64) || at.is(bson::type::double_);
    const bool done =
        ((at.is(stored_type<A>()) && read_as(std::type_identity<A>{})) || ...) ||
        ((is_number && std::is_arithmetic_v<A> && !std::is_same_v<A, bool> &&
          read_as(std::type_identity<A>{})) ||
         ...) ||
        ((stored_type<A>() == bson::type{} && read_as(std::type_identity<A>{})) || ...);
    if (!done) {
        const value_view v = view_of(at);
        context.fail(v.malformed() ? errc::malformed_bson : errc::wrong_type,
                     v.malformed() ? std::string("malformed BSON")
                                   : "no alternative for " + std::string(type_name(v.type())));
    }
    return next;
}

template <typename T>
const std::uint8_t* read_document(decode_context& context, position at, T& out) {
    const std::uint8_t* element = nullptr;
    const std::uint8_t* end = nullptr;
    if (!open_document(context, at, bson::type::document, element, end)) {
        return nullptr;
    }
    if constexpr (kind_of<T> == codec_kind::map) {
        if (!read_map_members(context, element, end, out)) {
            return nullptr;
        }
    } else {
        if (!read_members(context, element, end, out)) {
            return nullptr;
        }
    }
    context.leave();
    return end + 1;
}

template <typename T>
inline const std::uint8_t* read_value(decode_context& context, position at, T& out) {
    check_supported<T>();
    constexpr codec_kind kind = kind_of<T>;
    if constexpr (kind == codec_kind::integer) {
        return read_integer(context, at, out);
    } else if constexpr (std::is_same_v<T, double>) {
        if (at.is(bson::type::double_) && at.left() >= 8) [[likely]] {
            out = load<double>(at.value);
            return at.value + 8;
        }
        return read_leaf(context, at, out);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (at.is(bson::type::boolean) && at.left() >= 1 && *at.value <= 1) [[likely]] {
            out = *at.value != 0;
            return at.value + 1;
        }
        return read_leaf(context, at, out);
    } else if constexpr (std::is_same_v<T, object_id>) {
        if (at.is(bson::type::object_id) && at.left() >= 12) [[likely]] {
            std::memcpy(&out, at.value, 12);
            return at.value + 12;
        }
        return read_leaf(context, at, out);
    } else if constexpr (std::is_same_v<T, date>) {
        if (at.is(bson::type::date) && at.left() >= 8) [[likely]] {
            out = date(std::chrono::milliseconds(load<std::int64_t>(at.value)));
            return at.value + 8;
        }
        return read_leaf(context, at, out);
    } else if constexpr (kind == codec_kind::string) {
        std::string_view text;
        const std::uint8_t* const next = read_string(context, at, text);
        if (next != nullptr) [[likely]] {
            out.assign(text);
        }
        return next;
    } else if constexpr (kind == codec_kind::enum_number) {
        static_assert(
            has_fixed_type<T>,
            "mongoro: a number from outside may be none of an enumeration's values: give the "
            "enumeration a type (enum class, or enum e : int), or store it by its names "
            "(enum_by_name)");
        enum_number_t<T> number{};
        const std::uint8_t* const next = read_value(context, at, number);
        out = static_cast<T>(number);
        return next;
    } else if constexpr (kind == codec_kind::enum_name) {
        return read_enum_name(context, at, out);
    } else if constexpr (kind == codec_kind::duration) {
        typename T::rep count{};
        const std::uint8_t* const next = read_value(context, at, count);
        out = T(count);
        return next;
    } else if constexpr (std::is_same_v<T, value_view>) {
        out = view_of(at);
        return out.malformed() ? malformed(context) : out.raw().data() + out.raw().size();
    } else if constexpr (kind == codec_kind::optional) {
        if (at.is(bson::type::null)) {
            out.reset();
            return at.value;
        }
        return read_value(context, at, out.emplace());
    } else if constexpr (kind == codec_kind::pointer) {
        if (at.is(bson::type::null)) {
            out.reset();
            return at.value;
        }
        out = T(new typename T::element_type{});
        return read_value(context, at, *out);
    } else if constexpr (kind == codec_kind::map || kind == codec_kind::structure) {
        return read_document(context, at, out);
    } else if constexpr (kind == codec_kind::sequence) {
        return read_sequence(context, at, out);
    } else if constexpr (kind == codec_kind::set) {
        return read_set(context, at, out);
    } else if constexpr (kind == codec_kind::array) {
        return read_array(context, at, out);
    } else if constexpr (kind == codec_kind::variant) {
        return read_variant(context, at, out);
    } else if constexpr (kind == codec_kind::custom) {
        const value_view v = view_of(at);
        if (v.malformed()) {
            return malformed(context);
        }
        if (!codec<T>::decode(v, out, context)) {
            if (!context.failed()) {
                context.fail(errc::wrong_type, "refused by its codec");
            }
            return nullptr;
        }
        return v.raw().data() + v.raw().size();
    } else if constexpr (kind != codec_kind::unsupported) {
        return read_leaf(context, at, out);
    } else {
        return nullptr;
    }
}

}  // namespace mongoro::bson::detail

#include <mongoro/bson/codec_read_struct.hpp>
