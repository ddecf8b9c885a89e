#pragma once

#include <mongoro/bson/value_view.hpp>
#include <mongoro/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mongoro::bson {

/// Where a decode that fails says so: collects the error and, on the way out, the path to it.
///
/// A codec returns what `fail` returns, false; whoever called it for a member puts the member's key
/// before the path. So a codec knows nothing of where its value stands. Costs nothing until a
/// failure.
class decode_context {
 public:
    /// Documents and arrays inside each other; deeper is `errc::too_deep`. As `writer::max_depth`.
    static constexpr unsigned max_depth = 200;

    /// Records the error. `what` follows the path and a colon: it must not quote the data. Always
    /// false.
    bool fail(errc code, std::string_view what);
    /// The error of reading a value as `expected`: `expected string, got int32`, `out of range for
    /// int32`, `malformed BSON`. Always false.
    bool fail(errc code, bson::type expected, bson::type got);
    /// `key not found`, at that key. Always false.
    bool missing(std::string_view key);
    /// Puts a key before the path of the error.
    void prepend(std::string_view key);
    void prepend(std::size_t index);

    [[nodiscard]] bool failed() const noexcept { return code_ != errc{}; }
    /// `address.zip: expected string, got int32`
    [[nodiscard]] mongoro::error error() const;

    /// One level down; false, with the error, if that is one too many.
    [[nodiscard]] bool enter() {
        return ++depth_ <= max_depth || fail(errc::too_deep, "nested too deep");
    }
    void leave() noexcept { --depth_; }

 private:
    errc code_{};
    unsigned depth_ = 0;
    std::string path_;
    std::string what_;
};

}  // namespace mongoro::bson
