#pragma once

#include "unified/arguments.hpp"
#include "unified/entities.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/bson/value.hpp>
#include <mongoro/error.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mongoro::spec::unified {

class test_run;

/// What an operation of an entity came to.
struct operation_result {
    error failure;      ///< the driver's error, if it ended with one
    bson::value value;  ///< else what it gave, as BSON; nothing if it gives nothing
    /// Whether the elements of `value`, an array, are what a cursor gave.
    bool from_cursor = false;
    /// What `saveResultAsEntity` saves; without it, `value`.
    std::optional<entity> made = std::nullopt;
};

/// An operation of a test on its way.
struct call {
    test_run& test;
    arguments args;
    entity* on;  ///< null for the test runner's

    template <typename T>
    [[nodiscard]] T& as() {
        return std::get<T>(*on);
    }
};

using operation_function = task<operation_result> (*)(call& c);

/// To add an operation: a function, and its row in the table of its file. The function asks for its
/// arguments, calls `finish()` on them, runs the operation and says what it came to; what the
/// format does not allow it throws (see failure.hpp).
struct operation_entry {
    std::string_view kind;  ///< of the entity, or "testRunner"
    std::string_view name;
    operation_function run;  ///< null if it is known and not built: its tests are skipped
};

/// Null for a name that the specifications do not have.
[[nodiscard]] const operation_entry* find_operation(std::string_view kind, std::string_view name);

[[nodiscard]] std::span<const operation_entry> client_operations();
[[nodiscard]] std::span<const operation_entry> database_operations();
[[nodiscard]] std::span<const operation_entry> collection_operations();
[[nodiscard]] std::span<const operation_entry> write_operations();
[[nodiscard]] std::span<const operation_entry> cursor_operations();
[[nodiscard]] std::span<const operation_entry> test_runner_operations();
[[nodiscard]] std::span<const operation_entry> unbuilt_operations();

/// \name What operations give, as BSON
///@{
template <typename T>
[[nodiscard]] operation_result gave(const T& value) {
    document holder;
    holder.append("v", value);
    operation_result r;
    r.value = bson::value(holder["v"]);
    return r;
}
[[nodiscard]] operation_result gave(const std::optional<document>& found);
[[nodiscard]] operation_result gave(const std::vector<document>& from_cursor);
[[nodiscard]] operation_result gave(const std::vector<std::string>& names);
[[nodiscard]] operation_result gave_nothing();
[[nodiscard]] operation_result failed(const error& e);
///@}

/// The options that are given, the last of the arguments.
template <typename Options>
[[nodiscard]] Options options_of(call& c) {
    Options options;
    c.args.options(options);
    c.args.finish();
    return options;
}

/// What the operation of the driver's comes to, whose value is BSON as it is.
template <typename Operation>
[[nodiscard]] task<operation_result> come_of(Operation operation) {
    const auto done = co_await as_result(std::move(operation));
    if (!done) {
        co_return failed(done.error());
    }
    if constexpr (std::is_void_v<typename std::remove_cvref_t<decltype(done)>::value_type>) {
        co_return gave_nothing();
    } else {
        co_return gave(*done);
    }
}

/// A cursor's documents, all of them.
[[nodiscard]] task<operation_result> all_of(cursor<> from);
/// A cursor as an entity, with its first batch fetched.
[[nodiscard]] task<operation_result> opened(cursor<> from);

/// Why the error is not the expected one, an `expectError` of the format; empty if it is.
[[nodiscard]] std::string error_mismatch(const matcher& by, const bson::value_view& expected,
                                         const error& got);

}  // namespace mongoro::spec::unified
