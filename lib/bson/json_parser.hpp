#pragma once

#include <mongoro/bson/json.hpp>
#include <mongoro/bson/writer.hpp>

#include "bson/json_scalar.hpp"
#include "bson/json_scanner.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace mongoro::bson::detail {

/// The keys that make an object a type wrapper.
enum class wrapper : std::uint8_t {
    none,
    oid,
    symbol,
    number_int,
    number_long,
    number_double,
    number_decimal,
    binary,
    uuid,
    code,
    scope,
    timestamp,
    regular_expression,
    db_pointer,
    date,
    min_key,
    max_key,
    undefined,
};

[[nodiscard]] wrapper wrapper_of(std::string_view key) noexcept;

/// Extended JSON into a BSON writer, in one pass and without a tree in between.
///
/// An object is a wrapper if its first key is one of a wrapper. That is enough to decide before the
/// rest is read: such a key further behind is an error by the specification, as wrappers have no
/// keys but their own.
class json_parser {
 public:
    json_parser(std::string_view text, const json_parse_options& options)
        : scan_(text), options_(options) {}

    /// See `json_scanner`. The writer's buffer is the caller's to reserve and to wipe.
    void keep_secret() noexcept { scan_.keep_secret(); }

    /// The whole text, one object or one array; false if `why()` says what is wrong.
    bool document(writer& out);
    bool array(writer& out);
    [[nodiscard]] const error& why() const noexcept { return scan_.why(); }

 private:
    // json_parser.cpp: JSON.
    bool value(writer& out, std::string_view key);
    bool object(writer& out, std::string_view key);
    bool members(writer& out, json_string& key, bool outermost);
    bool elements(writer& out);
    bool number(writer& out, std::string_view key);
    bool key(json_string& out);
    bool enter();
    void leave() noexcept { --depth_; }
    bool written(const writer& out, std::size_t at);

    // json_wrapper.cpp: type wrappers. Each is called behind its first key.
    bool wrapped(writer& out, std::string_view key, wrapper kind);
    bool wrapped_text(writer& out, std::string_view key, wrapper kind);
    bool wrapped_number(writer& out, std::string_view key, wrapper kind);
    bool wrapped_binary(writer& out, std::string_view key);
    bool wrapped_code(writer& out, std::string_view key, bool scope_first);
    bool wrapped_timestamp(writer& out, std::string_view key);
    bool wrapped_regex(writer& out, std::string_view key);
    bool wrapped_db_pointer(writer& out, std::string_view key);
    bool wrapped_date(writer& out, std::string_view key);
    bool wrapped_one(writer& out, std::string_view key, wrapper kind);
    template <typename Field>
    bool two_fields(std::string_view first, std::string_view second, std::string_view what,
                    Field field);
    bool oid(object_id& out);
    bool scope(byte_buffer& out);
    bool text(json_string& out, std::string_view what);
    bool no_nul(const json_string& s, std::string_view what);
    bool bad_number(number_error e, std::size_t at, std::string_view what);

    json_scanner scan_;
    const json_parse_options& options_;
    unsigned depth_ = 0;
    json_string text_;  // a value's text, which is never needed after the next one was read
};

}  // namespace mongoro::bson::detail
