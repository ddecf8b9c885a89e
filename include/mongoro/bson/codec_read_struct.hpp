#pragma once

#include <mongoro/bson/codec_read.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

/// \file
/// The members of a struct, read in one walk over its document.

namespace mongoro::bson::detail {

template <typename Field>
const std::uint8_t* read_erased(decode_context& context, const position& at, void* field) {
    return read_value(context, at, *static_cast<Field*>(field));
}

/// A skipped member may be of a type that cannot be read.
template <typename Field, bool Skipped>
consteval auto member_reader() -> decltype(member_slot::read) {
    if constexpr (Skipped) {
        return nullptr;
    } else {
        return &read_erased<Field>;
    }
}

template <typename T, typename... Field>
consteval auto make_member_slots() {
    constexpr auto& plans = mongoro::detail::field_plans<T>;
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<member_slot, sizeof...(Field)>{
            member_slot{plans[I].key, member_reader<Field, plans[I].skipped>()}...};
    }(std::index_sequence_for<Field...>{});
}
template <typename T, typename... Field>
inline constexpr auto member_slots = make_member_slots<T, Field...>();

template <std::size_t Count>
consteval std::uint64_t filter_of(const std::array<member_slot, Count>& slots) {
    std::uint64_t filter = 0;
    for (const auto& slot : slots) {
        filter |= key_filter(slot.key.size(),
                             slot.key.empty() ? 0 : static_cast<std::uint8_t>(slot.key[0]));
    }
    return filter;
}

/// If the next element is member I, reads it. A member that is not next is simply not seen yet.
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
            std::memcmp(element + 1, plan.key.data(), size) == 0) {
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

template <std::size_t Count>
inline constexpr std::uint64_t all_members =
    Count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (Count % 64)) - 1;

/// The elements from `element` up to the NUL at `end`.
template <typename T>
bool read_members(decode_context& context, const std::uint8_t* element, const std::uint8_t* end,
                  T& out) {
    return mongoro::detail::visit_fields(out, [&](auto&... field) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            std::uint64_t seen = 0;
            if (!(read_if_next<T, I>(context, element, end, field, seen) && ...)) {
                return false;
            }
            if (element != end) {
                constexpr auto& slots =
                    member_slots<T, std::remove_reference_t<decltype(field)>...>;
                void* const members[sizeof...(field) + 1] = {&field...};
                if (!read_in_any_order(context, slots, filter_of(slots), members, element, end,
                                       seen)) {
                    return false;
                }
            }
            return seen == all_members<sizeof...(I)> ||
                   (complete_member<T, I>(context, field, seen) && ...);
        }(std::make_index_sequence<sizeof...(field)>{});
    });
}

}  // namespace mongoro::bson::detail
