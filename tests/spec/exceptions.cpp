#include "exceptions.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mongoro::spec {

namespace {

constexpr std::array<std::string_view, 4> kinds{"server", "operation", "deployment",
                                                "specification"};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string folder_of(const std::string& file) {
    return file.substr(0, file.rfind('/') + 1);
}

exception_row row_of(std::string_view line, std::size_t number) {
    const auto refuse = [number](const char* what) {
        throw std::runtime_error("exceptions, line " + std::to_string(number) + ": " + what);
    };
    std::array<std::string_view, 4> cells;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto bar = i + 1 < cells.size() ? line.find(" | ") : line.size();
        if (bar == std::string_view::npos) {
            refuse("is not four cells with \" | \" between them");
        }
        cells[i] = trimmed(line.substr(0, bar));
        line.remove_prefix(std::min(bar + 3, line.size()));
        if (cells[i].empty()) {
            refuse("has an empty cell");
        }
    }
    const auto* const kind = std::ranges::find(kinds, cells[2]);
    if (kind == kinds.end()) {
        refuse("is none of server, operation, deployment, specification");
    }
    return {std::string(cells[0]), std::string(cells[1]),
            static_cast<exception_kind>(kind - kinds.begin()), std::string(cells[3])};
}

}  // namespace

std::string_view to_string(exception_kind kind) noexcept {
    return kinds[static_cast<std::size_t>(kind)];
}

exceptions exceptions::parse(std::string_view text) {
    exceptions all;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        auto row = row_of(line, number);
        const bool twice = std::ranges::any_of(all.rows_, [&](const exception_row& other) {
            return other.file == row.file && other.test == row.test;
        });
        if (twice) {
            throw std::runtime_error("exceptions, line " + std::to_string(number) +
                                     ": has a row already");
        }
        all.rows_.push_back(std::move(row));
    }
    return all;
}

exceptions exceptions::read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
        throw std::runtime_error(path.string() + " cannot be read");
    }
    return parse(text);
}

const exception_row* exceptions::find(const spec_file& file, std::string_view test) {
    const auto below_area = file.area + "/" + file.name;
    const exception_row* first = nullptr;
    for (auto& row : rows_) {
        if ((row.file == below_area || row.file == file.shown) &&
            (row.test == test || row.test == "*")) {
            row.found = true;
            first = first == nullptr ? &row : first;
        }
    }
    return first;
}

std::vector<const exception_row*> exceptions::unused(std::span<const spec_file> all,
                                                     bool on_each_deployment) const {
    std::vector<const exception_row*> rows;
    for (const auto& row : rows_) {
        const auto folder = folder_of(row.file);
        const bool there = std::ranges::any_of(all, [&](const spec_file& file) {
            return folder_of(file.area + "/" + file.name) == folder ||
                   folder_of(file.shown) == folder;
        });
        if (!row.found && there && (on_each_deployment || !row.test.ends_with(']'))) {
            rows.push_back(&row);
        }
    }
    return rows;
}

}  // namespace mongoro::spec
