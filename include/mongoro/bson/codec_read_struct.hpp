#pragma once

#include <mongoro/bson/codec_read.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

/// \file
/// The members of a struct, read in one walk over its document.

namespace mongoro::bson::detail {

/// A bit for each member that is read.
template <typename T, std::size_t... I>
consteval std::uint64_t read_members_of(std::index_sequence<I...>) {
    return ((mongoro::detail::field_plans<T>[I].skipped ? 0 : std::uint64_t{1} << I) | ... | 0);
}

/// The bits of all their keys.
template <typename T, std::size_t... I>
consteval std::uint64_t filter_of(std::index_sequence<I...>) {
    constexpr auto& plans = mongoro::detail::field_plans<T>;
    return (
        (plans[I].skipped
             ? 0
             : key_filter(plans[I].key.size(),
                          plans[I].key.empty() ? 0 : static_cast<std::uint8_t>(plans[I].key[0]))) |
        ... | 0);
}

/// If the next element is member I, and the first of that key, reads it.
template <typename T, std::size_t I, typename Field>
inline bool read_if_next(decode_context& context, const std::uint8_t*& element,
                         const std::uint8_t* end, Field& field, std::uint64_t& seen) {
    constexpr auto& plan = mongoro::detail::field_plans<T>[I];
    if constexpr (plan.skipped) {
        return true;
    } else {
        static_assert(!std::is_const_v<Field>, "mongoro: a const member cannot be decoded");
        static_assert(
            borrows<T> || !holds_views<Field>(),
            "mongoro: a decoded member would point into bytes that may be gone; use an owning "
            "type (std::string, bson::document), or say so by bson::borrows<T>");
        constexpr std::size_t size = plan.key.size() + 1;  // with the NUL: it ends the comparison
        if (static_cast<std::size_t>(end - element) > size &&
            std::memcmp(element + 1, plan.key.data(), size) == 0 && (seen >> I & 1U) == 0) {
            const std::uint8_t* const next =
                read_value(context, {element, element + 1 + size, end}, field);
            if (next == nullptr) [[unlikely]] {
                context.prepend(plan.key);
                return false;
            }
            element = next;
            seen |= std::uint64_t{1} << I;
        }
        return true;
    }
}

template <typename T, std::size_t I, typename Field>
inline bool complete_member(decode_context& context, Field& field, std::uint64_t seen) {
    using mongoro::detail::when_missing;
    constexpr auto& plan = mongoro::detail::field_plans<T>[I];
    if constexpr (!plan.skipped && plan.missing != when_missing::keep) {
        if ((seen >> I & 1U) == 0) {
            if constexpr (plan.missing == when_missing::value) {
                mongoro::detail::assign_default<T, I>(field);
            } else if constexpr (is_optional<Field> || is_pointer<Field>) {
                field.reset();
            } else {
                return context.missing(plan.key);
            }
        }
    }
    return true;
}

/// The elements from `element` up to the NUL at `end`.
template <typename T>
bool read_members(decode_context& context, const std::uint8_t* element, const std::uint8_t* end,
                  T& out) {
    return mongoro::detail::visit_fields(out, [&](auto&... field) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            using all = std::index_sequence<I...>;
            constexpr std::uint64_t wanted = read_members_of<T>(all());
            std::uint64_t seen = 0;
            // Documents mostly keep the order of the struct that wrote them, so one look at each
            // member in turn reads all that stand together.
            while (element != end) {
                const std::uint8_t* const first = element;
                if (!(read_if_next<T, I>(context, element, end, field, seen) && ...)) {
                    return false;
                }
                if (seen == wanted) {
                    return true;
                }
                if (element == first && !skip_element(context, element, end)) {
                    return false;
                }
                element = skip_others(element, end, filter_of<T>(all()));
            }
            return (complete_member<T, I>(context, field, seen) && ...);
        }(std::make_index_sequence<sizeof...(field)>{});
    });
}

}  // namespace mongoro::bson::detail
