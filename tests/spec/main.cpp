// mongoro-spec: runs the test files of the driver specifications.

#include "area.hpp"
#include "report.hpp"
#include "spec_file.hpp"

#include <mongoro/bson/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mongoro::spec {

namespace {

constexpr std::string_view usage =
    "usage: mongoro-spec --root DIR [--root DIR...] [--uri URI...] [--area NAME...] [--json FILE]\n"
    "                    [--exceptions FILE] [--check-exceptions] [--every-deployment] [--list]\n"
    "\n"
    "Runs the test files of the driver specifications that lie below DIR, in the layout of the\n"
    "specifications repository (source/<area>/tests/) or of PyMongo's source distribution "
    "(test/<area>/).\n"
    "\n"
    "  --root DIR   where to look; without it, MONGORO_SPEC_ROOT\n"
    "  --uri URI    a server for the areas that need one; of several, a test gets the first that\n"
    "               fits it; without it, MONGODB_URI and those in MONGORO_SPEC_URIS\n"
    "  --area NAME  only this area, as the specifications repository calls it; may be repeated\n"
    "  --json FILE  writes what became of each test to FILE\n"
    "  --exceptions FILE   the tests that are left out, and why; without it, "
    "tests/spec/exceptions\n"
    "                      of the source; \"none\" leaves none out\n"
    "  --check-exceptions  runs them all the same: one that passes is a failure\n"
    "  --every-deployment  runs a test on each server that fits it\n"
    "  --list       says which files and tests there are, and runs none\n"
    "\n"
    "MONGORO_SPEC_FLAGS holds more flags.\n"
    "\n"
    "Exit status: 0 if no test failed, 1 if one did, 2 if there was nothing to run, 77 (skipped) "
    "if it\n"
    "was not told where to look.\n";

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_skipped = 77;

struct arguments {
    std::vector<std::filesystem::path> roots;
    std::vector<std::string> areas;
    std::optional<std::filesystem::path> json;
    std::filesystem::path exceptions = MONGORO_SPEC_EXCEPTIONS;
    settings for_areas;
    bool check_exceptions = false;
    bool list = false;
    bool help = false;
};

int complain(std::string_view what, int status = exit_usage) {
    std::cerr << "mongoro-spec: " << what << '\n';
    return status;
}

/// The arguments, or what is wrong with them in `why`.
std::optional<arguments> parse(const std::vector<std::string>& words, std::string& why) {
    arguments args;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == "--list") {
            args.list = true;
            continue;
        }
        if (word == "--check-exceptions") {
            args.check_exceptions = true;
            continue;
        }
        if (word == "--every-deployment") {
            args.for_areas.every_deployment = true;
            continue;
        }
        if (word == "--help" || word == "-h") {
            args.help = true;
            continue;
        }
        const bool known = word == "--root" || word == "--uri" || word == "--area" ||
                           word == "--json" || word == "--exceptions";
        if (!known || i + 1 == words.size() || words[i + 1].empty()) {
            why = known ? std::string(word) + " needs a value"
                        : "unknown argument " + std::string(word) + " (see --help)";
            return std::nullopt;
        }
        const std::string& value = words[++i];
        if (word == "--root") {
            args.roots.emplace_back(value);
        } else if (word == "--uri") {
            args.for_areas.uris.push_back(value);
        } else if (word == "--json") {
            args.json = value;
        } else if (word == "--exceptions") {
            args.exceptions = value;
        } else {
            // One name after each --area, or several after one.
            args.areas.push_back(value);
            for (; i + 1 < words.size() && !words[i + 1].starts_with('-'); ++i) {
                args.areas.emplace_back(words[i + 1]);
            }
        }
    }
    return args;
}

/// All of a file, which for every area is one JSON object.
result<bson::document> read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
        return error(make_error_code(errc::invalid_argument), "cannot be read");
    }
    return bson::from_json(text);
}

class runner {
 public:
    runner(const arguments& args, report& results, known_exceptions& known)
        : args_(args), results_(results), known_(known) {}

    void file(const spec_file& file) {
        results_.add_file(file.area);
        if (args_.list) {
            std::cout << file.area << ": " << file.shown << '\n';
        }
        const auto content = read(file.path);
        if (!content) {
            fail(file, "the file cannot be read: " + content.error().to_string());
            return;
        }
        area* const runs_it = find(file.area);
        if (runs_it == nullptr) {
            results_.add({file.area, file.shown, "", outcome::skipped, "area not built yet"});
            return;
        }
        file_run run(file, *content, results_,
                     args_.list ? file_run::mode::list : file_run::mode::run, &known_);
        try {
            runs_it->run(run);
        } catch (const std::exception& e) {
            fail(file, std::string("the file is not as its area has it: ") + e.what());
            return;
        }
        if (run.tests() == 0) {
            fail(file, "the file has no tests");
        }
    }

 private:
    void fail(const spec_file& file, std::string reason) {
        results_.add({file.area, file.shown, "", outcome::failed, std::move(reason)});
    }

    area* find(const std::string& name) {
        if (const auto made = areas_.find(name); made != areas_.end()) {
            return made->second.get();
        }
        const auto built = built_areas();
        const auto entry = std::ranges::find(built, name, &area_entry::name);
        auto& place = areas_[name];
        if (entry != built.end()) {
            place = entry->make(args_.for_areas);
        }
        return place.get();
    }

    const arguments& args_;
    report& results_;
    known_exceptions& known_;
    std::map<std::string, std::unique_ptr<area>> areas_;
};

int run(const arguments& args) {
    std::vector<spec_file> files;
    for (const auto& root : args.roots) {
        std::vector<spec_file> found;
        try {
            found = find_spec_files(root);
        } catch (const std::filesystem::filesystem_error& e) {
            return complain(e.path1().string() + ": " + e.code().message());
        }
        if (found.empty()) {
            return complain("no spec files below " + root.string() +
                            " (neither source/<area>/tests nor test/<area>)");
        }
        files.insert(files.end(), found.begin(), found.end());
    }
    for (const auto& name : args.areas) {
        const bool found = std::ranges::find(files, name, &spec_file::area) != files.end();
        if (!found) {
            return complain(is_known_area(name) ? "no spec files of the area " + name + " there"
                                                : "there is no area " + name);
        }
    }
    known_exceptions known{{}, args.check_exceptions};
    try {
        if (args.exceptions != "none") {
            known.rows = exceptions::read(args.exceptions);
        }
    } catch (const std::runtime_error& e) {
        return complain(e.what());
    }
    report results;
    runner each(args, results, known);
    for (const auto& file : files) {
        if (args.areas.empty() || std::ranges::find(args.areas, file.area) != args.areas.end()) {
            each.file(file);
        }
    }
    if (args.areas.empty() && !args.list) {
        for (const auto* row : known.rows.unused(files, args.for_areas.every_deployment)) {
            results.add({"", row->file, row->test, outcome::failed,
                         "the table of exceptions has a row for it, and there is no such test"});
        }
    }
    if (args.list) {
        // What could not be read would be missing from the list.
        if (results.count(outcome::failed) > 0) {
            results.print(std::cerr);
            return exit_failed;
        }
        return EXIT_SUCCESS;
    }
    if (args.json && !results.write_json(*args.json)) {
        return complain(args.json->string() + " cannot be written", exit_failed);
    }
    results.print(std::cout);
    return results.count(outcome::failed) == 0 ? EXIT_SUCCESS : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
    std::string why;
    const auto from_environment = [](const char* name) {
        const char* const value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    std::vector<std::string> words(argv + 1, argv + argc);
    std::istringstream flags(from_environment("MONGORO_SPEC_FLAGS"));
    for (std::string flag; flags >> flag;) {
        words.push_back(flag);
    }
    auto args = parse(words, why);
    if (!args) {
        return complain(why);
    }
    if (args->help) {
        std::cout << usage;
        return EXIT_SUCCESS;
    }
    if (args->for_areas.uris.empty()) {
        std::istringstream words(from_environment("MONGODB_URI") + " " +
                                 from_environment("MONGORO_SPEC_URIS"));
        for (std::string uri; words >> uri;) {
            args->for_areas.uris.push_back(uri);
        }
    }
    if (args->roots.empty()) {
        const auto root = from_environment("MONGORO_SPEC_ROOT");
        if (root.empty()) {
            return complain("no --root DIR, and MONGORO_SPEC_ROOT is not set (see --help)",
                            argc == 1 ? exit_skipped : exit_usage);
        }
        args->roots.emplace_back(root);
    }
    return run(*args);
}

}  // namespace mongoro::spec

int main(int argc, char** argv) {
    return mongoro::spec::main(argc, argv);
}
