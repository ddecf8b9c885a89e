#pragma once

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/types.hpp>
#include <mongoro/bson/value_view.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace mongoro::fuzz {

/// A property that does not hold is a crash, which is what the fuzzer looks for.
inline void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

/// What a walk met. The sum depends on every byte that was reached, so that nothing is left unread.
struct walk_result {
    std::uint64_t sum = 0;
    bool malformed = false;
};

inline void touch(walk_result& to, std::span<const std::uint8_t> bytes) {
    for (const auto byte : bytes) {
        to.sum = to.sum * 31 + byte;
    }
}

inline void touch(walk_result& to, std::string_view text) {
    touch(to, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// Reads the value as a `T`. It must work for a `T` of the value's own type unless the bytes are
/// malformed, and must be `wrong_type`, `out_of_range` or malformed for any other.
template <typename T>
bool read_as(walk_result& to, const bson::value_view& value) {
    T out{};
    const errc code = value.read(out);
    to.malformed |= code == errc::malformed_bson;
    if (code == errc{}) {
        return true;
    }
    require(code == errc::malformed_bson || code == errc::wrong_type || code == errc::out_of_range,
            "reading a value gives one of three errors");
    return false;
}

inline void walk(walk_result& to, bson::document_view document, int depth);

inline void read_every_way(walk_result& to, const bson::value_view& value, int depth) {
    read_as<bool>(to, value);
    read_as<std::int32_t>(to, value);
    read_as<std::int64_t>(to, value);
    read_as<std::uint8_t>(to, value);
    read_as<double>(to, value);
    read_as<bson::object_id>(to, value);
    read_as<bson::date>(to, value);
    read_as<bson::timestamp>(to, value);
    read_as<bson::decimal128>(to, value);
    read_as<std::string>(to, value);
    std::string_view text;
    if (value.read(text) == errc{}) {
        touch(to, text);
    }
    bson::binary_view binary;
    if (value.read(binary) == errc{}) {
        touch(to, binary.bytes);
    } else {
        to.malformed |= value.read(binary) == errc::malformed_bson;
    }
    bson::regex_view regex;
    if (value.read(regex) == errc{}) {
        touch(to, regex.pattern);
        touch(to, regex.options);
    } else {
        to.malformed |= value.read(regex) == errc::malformed_bson;
    }
    bson::code_view code;
    if (value.read(code) == errc{}) {
        touch(to, code.code);
    }
    bson::symbol_view symbol;
    if (value.read(symbol) == errc{}) {
        touch(to, symbol.symbol);
    }
    bson::db_pointer_view pointer;
    if (value.read(pointer) == errc{}) {
        touch(to, pointer.collection);
    } else {
        to.malformed |= value.read(pointer) == errc::malformed_bson;
    }
    bson::code_with_scope_view scoped;
    if (value.read(scoped) == errc{}) {
        touch(to, scoped.code);
        walk(to, scoped.scope, depth + 1);
    } else {
        to.malformed |= value.read(scoped) == errc::malformed_bson;
    }
    bson::array_view array;
    if (value.read(array) == errc{}) {
        walk(to, array.as_document(), depth + 1);
    }
    bson::document_view document;
    if (value.read(document) == errc{}) {
        walk(to, document, depth + 1);
    }
}

/// Visits every element below `document`, and reads each in every way that there is.
inline void walk(walk_result& to, bson::document_view document, int depth = 0) {
    if (depth > 300) {  // deeper than validate() allows; the stack is not what is tested
        return;
    }
    for (const auto& element : document) {
        if (element.malformed()) {
            to.malformed = true;
            require(!element.value().exists(), "a malformed value does not exist");
        }
        touch(to, element.key());
        touch(to, element.value().raw());
        read_every_way(to, element.value(), depth);
    }
}

/// Every value's own path and its look-up by key, which walk the document once more.
inline void look_up(walk_result& to, bson::document_view document) {
    int budget = 16;
    for (const auto& element : document) {
        if (--budget == 0) {
            break;
        }
        const std::string path = element.value().path();
        touch(to, path);
        const auto found = document[element.key()];
        touch(to, found.raw());
        touch(to, found["x"].path());
        touch(to, found.at(1).raw());
    }
}

}  // namespace mongoro::fuzz
