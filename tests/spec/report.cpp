#include "report.hpp"

#include <mongoro/bson/json.hpp>

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <map>
#include <ostream>

namespace mongoro::spec {

namespace {

std::string_view name_of(outcome result) {
    switch (result) {
        case outcome::passed:
            return "passed";
        case outcome::failed:
            return "failed";
        case outcome::skipped:
            break;
    }
    return "skipped";
}

}  // namespace

void report::add_file(std::string_view area) {
    const auto found = std::ranges::find(rows_, area, &row::area);
    if (found != rows_.end()) {
        ++found->files;
    } else {
        rows_.push_back({std::string(area), 1});
    }
}

void report::add(test_record record) {
    records_.push_back(std::move(record));
}

std::size_t report::count(outcome result) const {
    return static_cast<std::size_t>(std::ranges::count(records_, result, &test_record::result));
}

std::size_t report::count(std::string_view area, outcome result) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        records_, [&](const test_record& r) { return r.area == area && r.result == result; }));
}

std::string report::skip_reasons(std::string_view area) const {
    std::map<std::string, std::size_t> reasons;
    for (const auto& record : records_) {
        if (record.area == area && record.result == outcome::skipped) {
            ++reasons[record.reason];
        }
    }
    std::string text;
    for (const auto& [reason, times] : reasons) {
        text += text.empty() ? "  " : "; ";
        text += std::to_string(times) + ' ' + reason;
    }
    return text;
}

void report::print(std::ostream& out) const {
    for (const auto& record : records_) {
        if (record.result == outcome::failed) {
            out << "FAILED " << record.area << (record.area.empty() ? "" : ", ") << record.file
                << (record.description.empty() ? "" : ", ") << record.description << ": "
                << record.reason << '\n';
        }
    }
    std::size_t width = 4;
    for (const auto& row : rows_) {
        width = std::max(width, row.area.size());
    }
    const auto column = [&out](const auto& cell) { out << std::right << std::setw(9) << cell; };
    const auto name = [&](std::string_view text) {
        out << std::left << std::setw(static_cast<int>(width)) << text;
    };
    name("area");
    for (const auto* heading : {"files", "tests", "passed", "failed", "skipped"}) {
        column(heading);
    }
    out << '\n';
    for (const auto& row : rows_) {
        const std::size_t counts[3] = {count(row.area, outcome::passed),
                                       count(row.area, outcome::failed),
                                       count(row.area, outcome::skipped)};
        name(row.area);
        column(row.files);
        column(counts[0] + counts[1] + counts[2]);
        for (const auto n : counts) {
            column(n);
        }
        out << skip_reasons(row.area) << '\n';
    }
    out << count(outcome::passed) << " passed, " << count(outcome::failed) << " failed, "
        << count(outcome::skipped) << " skipped" << std::endl;
}

bool report::write_json(const std::filesystem::path& path) const {
    bson::array tests;
    for (const auto& record : records_) {
        bson::document test;
        test.append("area", record.area);
        test.append("file", record.file);
        test.append("description", record.description);
        test.append("outcome", name_of(record.result));
        if (!record.reason.empty()) {
            test.append("reason", record.reason);
        }
        tests.append(test);
    }
    bson::document all;
    for (const auto result : {outcome::passed, outcome::failed, outcome::skipped}) {
        all.append(name_of(result), static_cast<std::int64_t>(count(result)));
    }
    all.append("tests", tests);
    const auto text = bson::try_to_json(all, {.indent = 1});
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (text) {
        file << *text << '\n';
    }
    file.close();
    return text && file;
}

}  // namespace mongoro::spec
