#pragma once

#include <mongoro/bson/writer.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace mongoro::bson {

class array;
class code_with_scope;
class document;

namespace detail {

template <typename T, typename... Others>
concept one_of = (std::same_as<T, Others> || ...);

/// Values that hold all that is written of them: none of it can lie in a document's bytes.
template <typename T>
inline constexpr bool is_self_contained =
    std::is_arithmetic_v<T> || std::is_enum_v<T> ||
    one_of<T, std::nullptr_t, null, undefined, min_key, max_key, object_id, timestamp, decimal128,
           uuid, std::string, binary, regex, code, symbol, db_pointer, code_with_scope>;
template <std::size_t N>
inline constexpr bool is_self_contained<char[N]> = true;
template <typename Duration>
inline constexpr bool is_self_contained<std::chrono::sys_time<Duration>> = true;
template <typename T>
inline constexpr bool is_self_contained<std::optional<T>> = is_self_contained<T>;

template <typename T>
concept optional_value =
    requires { requires std::same_as<T, std::optional<typename T::value_type>>; };

/// A range whose elements lie side by side, so that looking at them costs nothing else.
template <typename T>
concept contiguous_values = value_range<T> && requires(const T& t) {
    { t.data() } -> std::convertible_to<const typename T::value_type*>;
    { t.size() } -> std::convertible_to<std::size_t>;
};

/// Answers whether what is about to be appended to a document lies in that document's bytes, which
/// will move and change meanwhile. A comparison for what is one run of bytes; without looking, yes
/// for what is not known here, such as types with a `value_writer` of the user's own.
class own_bytes {
 public:
    /// `owner` is the `document` or `array` that has them.
    own_bytes(const void* owner, const byte_buffer& bytes) noexcept
        : owner_(owner),
          first_(reinterpret_cast<std::uintptr_t>(bytes.data())),
          size_(bytes.capacity()) {}

    [[nodiscard]] bool have(const void* p) const noexcept {
        // What lies before them is very far behind.
        return reinterpret_cast<std::uintptr_t>(p) - first_ < size_;
    }

    template <typename T>
    [[nodiscard]] bool may_have(const T& value) const {
        if constexpr (is_self_contained<T>) {
            return false;
        } else if constexpr (one_of<T, std::string_view, document_view, array_view>) {
            return have(value.data());
        } else if constexpr (one_of<T, const char*, char*>) {
            return have(value);
        } else if constexpr (std::same_as<T, value_view>) {
            return have(value.raw().data());
        } else if constexpr (one_of<T, document, array>) {
            // An empty one has no bytes; it gets some as soon as the appending to it begins.
            return static_cast<const void*>(&value) == owner_ || have(value.data());
        } else if constexpr (std::same_as<T, binary_view>) {
            return have(value.bytes.data());
        } else if constexpr (std::same_as<T, regex_view>) {
            return have(value.pattern.data()) || have(value.options.data());
        } else if constexpr (std::same_as<T, code_view>) {
            return have(value.code.data());
        } else if constexpr (std::same_as<T, symbol_view>) {
            return have(value.symbol.data());
        } else if constexpr (std::same_as<T, db_pointer_view>) {
            return have(value.collection.data());
        } else if constexpr (std::same_as<T, code_with_scope_view>) {
            return have(value.code.data()) || have(value.scope.data());
        } else if constexpr (optional_value<T>) {
            return may_have_in(value);
        } else if constexpr (contiguous_values<T>) {
            return may_have_elements(value.data(), value.size());
        } else {
            return true;
        }
    }

 private:
    // Not inlined, for the same reason as the writer of an optional.
    template <typename T>
    [[gnu::noinline]] [[nodiscard]] bool may_have_in(const std::optional<T>& value) const {
        return value.has_value() && may_have(*value);
    }
    template <typename T>
    [[nodiscard]] bool may_have_elements(const T* elements, std::size_t count) const {
        if (have(elements)) {
            return true;
        }
        if constexpr (!is_self_contained<T>) {
            for (std::size_t i = 0; i < count; ++i) {
                if (may_have(elements[i])) {
                    return true;
                }
            }
        }
        return false;
    }

    const void* owner_;
    std::uintptr_t first_;
    std::size_t size_;
};

}  // namespace detail

}  // namespace mongoro::bson
