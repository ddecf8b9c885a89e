#pragma once

#include "skip.hpp"

#include <mongoro/bson/document.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::test {

/// The server that integration tests use: MONGODB_URI. Nothing if it is not set or empty. Of
/// several mongos it is the first: a fail point that is set on one is not there on another.
[[nodiscard]] std::optional<std::string> server_uri();

/// Leaves a doctest case unless there is a server; otherwise defines `name` as its connection
/// string.
#define REQUIRE_SERVER(name)                                          \
    const auto name##_or_none = ::mongoro::test::server_uri();        \
    if (!name##_or_none) {                                            \
        SKIP_CASE("MONGODB_URI is not set: no server for this test"); \
    }                                                                 \
    const std::string& name = *name##_or_none

/// A database name that no other test, process or earlier run uses: "mongoro_<prefix>_<unique>".
[[nodiscard]] std::string unique_database(std::string_view prefix = "test");

/// A `configureFailPoint` that is switched off again at the end of the scope.
///
/// It needs only something that runs a command on `admin` and waits for it; what that throws on
/// switching on is the caller's, on switching off it is swallowed (a destructor has nobody to
/// tell).
class fail_point {
 public:
    using run_command = std::function<void(bson::document_view)>;

    /// `mode`: `times(n)` or `always_on()`; `data`: what the fail point wants to know.
    fail_point(run_command run, std::string name, bson::document_view mode,
               bson::document_view data);
    fail_point(const fail_point&) = delete;
    fail_point& operator=(const fail_point&) = delete;
    ~fail_point();

    /// {times: n}
    [[nodiscard]] static bson::document times(std::int32_t n);
    /// The empty document stands for the mode "alwaysOn".
    [[nodiscard]] static bson::document always_on() { return {}; }

 private:
    run_command run_;
    std::string name_;
};

}  // namespace mongoro::test
