#pragma once

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/document.hpp>

namespace mongoro::bson {

namespace detail {
/// The elements "0", "1", … of an array, from slots.
[[nodiscard]] array build_array(const brace_slot* slots, std::size_t count);
}  // namespace detail

/// A document, where braces alone would be an array or where a type has to be named:
/// `doc({key, 1})` with a key that is no literal. Up to 32 pairs.
[[nodiscard]] inline document doc() {
    return {};
}
/// An array, where braces alone would be a document or the empty document: `arr()`,
/// `arr({"a", 1}, {"b", 2})` of two arrays. Takes values and braces, up to 32.
[[nodiscard]] inline array arr() {
    return {};
}

#define MONGORO_PARAM(I) const detail::brace_member& m##I
#define MONGORO_NAME(I) m##I
#define MONGORO_FUNCTION(N)                                              \
    [[nodiscard]] inline document doc(MONGORO_LIST_##N(MONGORO_PARAM)) { \
        return document(MONGORO_LIST_##N(MONGORO_NAME));                 \
    }
MONGORO_ARITIES(MONGORO_FUNCTION)
#undef MONGORO_FUNCTION
#undef MONGORO_NAME
#undef MONGORO_PARAM

#define MONGORO_TYPE(I) typename A##I = detail::brace_list<0>
#define MONGORO_PARAM(I) const A##I& a##I
#define MONGORO_SLOT(I) detail::slot_of(a##I)
#define MONGORO_FUNCTION(N)                                                  \
    template <MONGORO_LIST_##N(MONGORO_TYPE)>                                \
    [[nodiscard]] array arr(MONGORO_LIST_##N(MONGORO_PARAM)) {               \
        const detail::brace_slot slots[] = {MONGORO_LIST_##N(MONGORO_SLOT)}; \
        return detail::build_array(slots, N);                                \
    }
MONGORO_ARITIES(MONGORO_FUNCTION)
#undef MONGORO_FUNCTION
#undef MONGORO_SLOT
#undef MONGORO_PARAM
#undef MONGORO_TYPE

}  // namespace mongoro::bson

namespace mongoro {
using bson::arr;
using bson::doc;
}  // namespace mongoro
