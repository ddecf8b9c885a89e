#pragma once

#include <mongoro/bson/detail/arity.hpp>
#include <mongoro/bson/writer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What `document{{"name", "Ada"}, {"tags", {"math", "engine"}}}` is made of.
//
// No std::initializer_list: g++ 12 cannot compile one inside a co_await expression. Instead each
// brace is a temporary of a class below, with one constructor an arity. A constructor parameter is
// `const A&` where A is deduced from a plain argument, and for a braced one, which has no type,
// falls back to its default: another such class. That also tells `5` from `{5}`, and keeps two
// literals away from the constructors of std::string and std::string_view that take two iterators.
//
// The temporaries point at each other and at the values, and end with the full expression; a
// document's constructor walks them once, into its bytes. Nothing else is allocated.

namespace mongoro::bson::detail {

using write_function = void(writer& w, std::string_view key, const void* object);

/// A value inside of braces: where it is, and how it is written.
struct brace_slot {
    const void* object;
    /// Null: `object` is a `brace_node`. The address of its `write` would not tell: a program that
    /// is not position-independent may see another one than the shared library does.
    write_function* leaf;

    inline void write(writer& w, std::string_view key) const;
};

/// A NUL-terminated string: one function for the literals of all lengths.
void write_c_string(writer& w, std::string_view key, const void* object);

template <typename T>
void write_leaf(writer& w, std::string_view key, const void* object) {
    value_writer<T>::write(w, key, *static_cast<const T*>(object));
}

/// The part of a nested brace that does not depend on its types.
class brace_node {
 public:
    void write(writer& w, std::string_view key) const;

 protected:
    static constexpr std::size_t inline_slots = 4;
    static constexpr std::uint32_t not_literal = 0xFFFFFFFF;

    brace_node() noexcept = default;

    /// The length of a literal, since only a literal as its first element makes a pair of a brace.
    template <typename T>
    static constexpr std::uint32_t literal_size(const T&) noexcept {
        return not_literal;
    }
    template <std::size_t N>
    static std::uint32_t literal_size(const char (&text)[N]) noexcept {
        return static_cast<std::uint32_t>(::strnlen(text, N));
    }

    [[nodiscard]] const brace_slot& slot(std::size_t i) const noexcept {
        return i < inline_slots ? slots_[i] : more_[i - inline_slots];
    }
    [[nodiscard]] bool is_pair() const noexcept { return count_ == 2 && key_size_ != not_literal; }
    [[nodiscard]] bool is_document() const noexcept;

    brace_slot slots_[inline_slots];  // uninitialised beyond count_
    const brace_slot* more_ = nullptr;
    std::uint32_t count_ = 0;
    std::uint32_t key_size_ = not_literal;
};

inline void brace_slot::write(writer& w, std::string_view key) const {
    if (leaf != nullptr) {
        leaf(w, key, object);
    } else {
        static_cast<const brace_node*>(object)->write(w, key);
    }
}

template <typename T>
brace_slot slot_of(const T& value) noexcept {
    if constexpr (std::derived_from<T, brace_node>) {
        return {static_cast<const brace_node*>(&value), nullptr};
    } else {
        static_assert(writable<T>, "this type has no BSON value: specialise bson::value_writer");
        return {&value, &write_leaf<T>};
    }
}
template <std::size_t N>
brace_slot slot_of(const char (&text)[N]) noexcept {
    return {text, text[N - 1] == 0 ? &write_c_string : &write_leaf<char[N]>};
}

// Room for the slots of long braces, as a default argument: a temporary that lives as long as the
// brace. Not to be had from braces itself, since the next longer constructor takes those: no
// temporary binds to a reference that is not const.
struct brace_token {};
inline constinit brace_token brace_secret{};
template <std::size_t N>
struct brace_room {
    explicit brace_room(brace_token&) noexcept {}
    brace_slot slots[N];
};

/// A nested brace. Two classes that default to each other: were it one, `{{"a", 1}}` would be a
/// copy of the inner brace.
template <int Side>
class brace_list : public brace_node {
    using other = brace_list<1 - Side>;

 public:
    brace_list() noexcept = default;

#define MONGORO_TYPE(I) typename A##I = other
#define MONGORO_PARAM(I) const A##I& a##I
#define MONGORO_SLOT(I) slot_of(a##I)
#define MONGORO_CONSTRUCTOR(N)                                     \
    template <MONGORO_LIST_##N(MONGORO_TYPE)>                      \
    brace_list(MONGORO_LIST_##N(MONGORO_PARAM)) noexcept {         \
        const brace_slot all[] = {MONGORO_LIST_##N(MONGORO_SLOT)}; \
        for (std::size_t i = 0; i < N; ++i) {                      \
            slots_[i] = all[i];                                    \
        }                                                          \
        count_ = N;                                                \
        key_size_ = literal_size(a1);                              \
    }
    MONGORO_ARITIES_SMALL(MONGORO_CONSTRUCTOR)
#undef MONGORO_CONSTRUCTOR
#define MONGORO_CONSTRUCTOR(N)                                                      \
    template <MONGORO_LIST_##N(MONGORO_TYPE)>                                       \
    brace_list(MONGORO_LIST_##N(MONGORO_PARAM),                                     \
               brace_room<N - inline_slots>&& room =                                \
                   brace_room<N - inline_slots>(brace_secret)) noexcept {           \
        const brace_slot all[] = {MONGORO_LIST_##N(MONGORO_SLOT)};                  \
        for (std::size_t i = 0; i < N; ++i) {                                       \
            (i < inline_slots ? slots_[i] : room.slots[i - inline_slots]) = all[i]; \
        }                                                                           \
        more_ = room.slots;                                                         \
        count_ = N;                                                                 \
    }
    MONGORO_ARITIES_LARGE(MONGORO_CONSTRUCTOR)
#undef MONGORO_CONSTRUCTOR
#undef MONGORO_SLOT
#undef MONGORO_PARAM
#undef MONGORO_TYPE
};

/// A braced pair of an outermost document: key and value.
class brace_member {
 public:
    template <typename Key, typename Value = brace_list<0>>
        requires std::convertible_to<const Key&, std::string_view>
    brace_member(const Key& key, const Value& value) noexcept  // NOLINT: for braces
        : key_(key), value_(slot_of(value)) {}

    void write(writer& w) const { value_.write(w, key_); }

 private:
    std::string_view key_;
    brace_slot value_;
};

}  // namespace mongoro::bson::detail
