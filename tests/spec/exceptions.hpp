#pragma once

#include "spec_file.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

/// Why a test is left out although it is built.
enum class exception_kind : std::uint8_t {
    server,        ///< the test server does not do what a mongod does; the proof is its own reply
    operation,     ///< an operation that the driver has not
    deployment,    ///< only for a replica set of several members, though the test does not say so
    specification  ///< it asks for what the specification, or the test itself, rules out
};
[[nodiscard]] std::string_view to_string(exception_kind kind) noexcept;

/// A row of the table of exceptions.
struct exception_row {
    /// The area, and the file below its tests: "auth/unified/a.json". Or the file below its root,
    /// "source/auth/tests/unified/a.json", for the copy there alone.
    std::string file;
    /// Its description, or "*" for all of the file. With " [sharded]" behind it, on that deployment
    /// alone.
    std::string test;
    exception_kind kind = exception_kind::server;
    std::string proof;
    bool found = false;  ///< there is such a test
};

/// The tests that are known not to pass here, and why.
///
/// A text of lines: empty, a comment that begins with `#`, or
/// `area/file.json | test | server|operation|deployment|specification | proof`.
class exceptions {
 public:
    exceptions() = default;
    /// Throws `std::runtime_error`, with the line, for what is no row and for a second row of a
    /// test.
    [[nodiscard]] static exceptions parse(std::string_view text);
    /// Also if it cannot be read.
    [[nodiscard]] static exceptions read(const std::filesystem::path& path);

    /// Null if the test is to be run.
    [[nodiscard]] const exception_row* find(const spec_file& file, std::string_view test);
    /// The rows that no test was found for, although the folder of their file is there. Of a row
    /// for one deployment that cannot be told if `on_each_deployment` is false.
    [[nodiscard]] std::vector<const exception_row*> unused(std::span<const spec_file> all,
                                                           bool on_each_deployment) const;
    [[nodiscard]] const std::vector<exception_row>& rows() const noexcept { return rows_; }

 private:
    std::vector<exception_row> rows_;
};

}  // namespace mongoro::spec
