#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

/// One JSON file of the driver specifications, found in one of the two layouts.
struct spec_file {
    std::filesystem::path path;
    std::string area;   ///< as the specifications repository calls it: "bson-corpus"
    std::string name;   ///< below the area's `tests` there: "monitoring/standalone.json"
    std::string shown;  ///< below the root that it was found in
};

/// All spec files below `root`, sorted by area and name.
///
/// `root` holds, at any depth or is itself, a folder in the specifications repository's layout
/// (`source/<area>/tests/`) or in that of PyMongo's source distribution (`test/<area>/`, where some
/// areas have other names). Throws std::filesystem::filesystem_error where it cannot be read.
[[nodiscard]] std::vector<spec_file> find_spec_files(const std::filesystem::path& root);

/// Every area that the specifications have files for, built or not.
[[nodiscard]] bool is_known_area(std::string_view name);

}  // namespace mongoro::spec
