#include "spec_file.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace mongoro::spec {

namespace {

namespace fs = std::filesystem;

/// Where a folder of PyMongo's lies in the specifications repository.
struct moved_folder {
    std::string_view folder;
    std::string_view area;        // empty: data of PyMongo's own tests, no spec files
    std::string_view below = {};  // a folder of the area
};

// The longest one that fits is taken. A folder that is not here (a later PyMongo's) is an area of
// its own, so that its files are seen as not run.
constexpr std::array<moved_folder, 42> moved_folders{{
    {"atlas", ""},
    {"auth", "auth"},
    {"auth/legacy", "auth", "legacy"},
    {"bson_binary_vector", "bson-binary-vector"},
    {"bson_corpus", "bson-corpus"},
    {"causal_consistency", "causal-consistency"},
    {"certificates", ""},
    {"change_streams", "change-streams"},
    {"client-backpressure", "client-backpressure"},
    {"client-side-encryption", ""},
    {"client-side-encryption/spec", "client-side-encryption"},
    {"collection_management", "collection-management"},
    {"command_logging", "command-logging-and-monitoring", "logging"},
    {"command_monitoring", "command-logging-and-monitoring", "monitoring"},
    {"connection_logging", "connection-monitoring-and-pooling", "logging"},
    {"connection_monitoring", "connection-monitoring-and-pooling", "cmap-format"},
    {"connection_string/test", "connection-string"},
    {"crud", "crud"},
    {"csot", "client-side-operations-timeout"},
    {"data_lake", "atlas-data-lake-testing"},
    {"discovery_and_monitoring", "server-discovery-and-monitoring"},
    {"gridfs", "gridfs"},
    {"handshake", "mongodb-handshake"},
    {"index_management", "index-management"},
    {"lambda", ""},
    {"load_balancer", "load-balancers"},
    {"max_staleness", "max-staleness"},
    {"read_write_concern", "read-write-concern"},
    {"retryable_reads", "retryable-reads"},
    {"retryable_writes", "retryable-writes"},
    {"run_command", "run-command"},
    {"sdam_monitoring", "server-discovery-and-monitoring", "monitoring"},
    {"server_selection", "server-selection"},
    {"server_selection_logging", "server-selection", "logging"},
    {"sessions", "sessions"},
    {"srv_seedlist", "initial-dns-seedlist-discovery"},
    {"transactions", "transactions"},
    {"transactions-convenient-api", "transactions-convenient-api"},
    {"unified-test-format", "unified-test-format"},
    {"unicode", ""},
    {"uri_options", "uri-options"},
    {"versioned-api", "versioned-api"},
}};

/// Areas that PyMongo does not ship.
constexpr std::array<std::string_view, 1> other_areas{"open-telemetry"};

std::string joined(std::string_view folder, const std::string& name) {
    return folder.empty() ? name : std::string(folder) + '/' + name;
}

/// `relative` is below PyMongo's test folder.
std::optional<spec_file> from_pymongo(const fs::path& relative) {
    const std::string path = relative.generic_string();
    const moved_folder* best = nullptr;
    for (const auto& candidate : moved_folders) {
        if (path.starts_with(std::string(candidate.folder) + '/') &&
            (best == nullptr || candidate.folder.size() > best->folder.size())) {
            best = &candidate;
        }
    }
    spec_file file;
    if (best != nullptr) {
        file.area = best->area;
        file.name = joined(best->below, path.substr(best->folder.size() + 1));
    } else if (const auto slash = path.find('/'); slash != std::string::npos) {
        file.area = path.substr(0, slash);
        std::ranges::replace(file.area, '_', '-');
        file.name = path.substr(slash + 1);
    }
    return file.area.empty() ? std::nullopt : std::optional(file);
}

/// `relative` is below the repository's source folder. Files outside of an area's `tests` are data
/// or schemas, not tests.
std::optional<spec_file> from_repository(const fs::path& relative) {
    const std::string path = relative.generic_string();
    const auto tests = path.find("/tests/");
    if (tests == std::string::npos || path.find('/') != tests) {
        return std::nullopt;
    }
    spec_file file;
    file.area = path.substr(0, tests);
    file.name = path.substr(tests + 7);
    return file;
}

bool is_pymongo_tests(const fs::path& folder) {
    return fs::is_directory(folder / "bson_corpus") || fs::is_directory(folder / "csot") ||
           fs::is_directory(folder / "discovery_and_monitoring");
}

bool is_repository_source(const fs::path& folder) {
    return fs::is_directory(folder / "bson-corpus" / "tests") ||
           fs::is_directory(folder / "crud" / "tests") ||
           fs::is_directory(folder / "server-discovery-and-monitoring" / "tests");
}

template <typename Place>
void collect(const fs::path& folder, const fs::path& root, Place place,
             std::vector<spec_file>& out) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || entry.path().extension() != ".json") {
            continue;
        }
        if (auto file = place(entry.path().lexically_relative(folder))) {
            file->path = entry.path();
            file->shown = entry.path().lexically_relative(root).generic_string();
            out.push_back(std::move(*file));
        }
    }
}

/// `folder` itself, or what lies below it; nothing is looked for inside a layout that was found.
void search(const fs::path& folder, const fs::path& root, std::vector<spec_file>& out) {
    if (is_pymongo_tests(folder)) {
        collect(folder, root, from_pymongo, out);
        return;
    }
    if (is_repository_source(folder)) {
        collect(folder, root, from_repository, out);
        return;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_directory() && !entry.is_symlink() &&
            !entry.path().filename().string().starts_with('.')) {
            search(entry.path(), root, out);
        }
    }
}

}  // namespace

std::vector<spec_file> find_spec_files(const fs::path& root) {
    std::vector<spec_file> found;
    search(root, root, found);
    std::ranges::sort(found, {},
                      [](const spec_file& f) { return std::tie(f.area, f.name, f.shown); });
    return found;
}

bool is_known_area(std::string_view name) {
    return !name.empty() &&
           (std::ranges::find(moved_folders, name, &moved_folder::area) != moved_folders.end() ||
            std::ranges::find(other_areas, name) != other_areas.end());
}

}  // namespace mongoro::spec
