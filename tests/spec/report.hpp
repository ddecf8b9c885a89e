#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

enum class outcome : std::uint8_t { passed, failed, skipped };

struct test_record {
    std::string area;
    std::string file;
    std::string description;
    outcome result = outcome::passed;
    std::string reason;  ///< why it failed or was skipped
};

/// What became of every test.
class report {
 public:
    void add_file(std::string_view area);
    void add(test_record record);

    [[nodiscard]] std::size_t count(outcome result) const;
    /// Each failure, one row an area, and the last line "N passed, N failed, N skipped".
    void print(std::ostream& out) const;
    /// Everything, for programs; false if the file cannot be written.
    [[nodiscard]] bool write_json(const std::filesystem::path& path) const;

 private:
    struct row {
        std::string area;
        std::size_t files = 0;
    };
    [[nodiscard]] std::size_t count(std::string_view area, outcome result) const;
    [[nodiscard]] std::string skip_reasons(std::string_view area) const;

    std::vector<row> rows_;
    std::vector<test_record> records_;
};

}  // namespace mongoro::spec
