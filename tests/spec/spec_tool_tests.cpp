#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <stdlib.h>  // mkdtemp

#include "area.hpp"
#include "json_text.hpp"
#include "report.hpp"
#include "spec_file.hpp"

namespace fs = std::filesystem;
using namespace mongoro::spec;

namespace {

/// A folder of its own that goes away with it.
class temporary_folder {
 public:
    temporary_folder() {
        std::string name = (fs::temp_directory_path() / "mongoro-spec-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() { fs::remove_all(path_); }

    [[nodiscard]] const fs::path& path() const { return path_; }
    void add(const std::string& file) const {
        fs::create_directories((path_ / file).parent_path());
        std::ofstream(path_ / file) << "{}";
    }

 private:
    fs::path path_;
};

std::vector<std::string> found(const fs::path& root) {
    std::vector<std::string> out;
    for (const auto& file : find_spec_files(root)) {
        out.push_back(file.area + ": " + file.name);
    }
    return out;
}

}  // namespace

TEST_CASE("files of PyMongo's layout have the areas and names of the specifications repository") {
    const temporary_folder folder;
    for (const auto* file :
         {"bson_corpus/top.json", "csot/deprecated-options.json",
          "discovery_and_monitoring/rs/a.json", "sdam_monitoring/standalone.json",
          "connection_string/test/valid-auth.json", "client-side-encryption/spec/unified/a.json",
          "client-side-encryption/etc/data/b.json", "lambda/events/event.json",
          "new_area/unified/c.json", "test_bson.py", "loose.json"}) {
        folder.add("pymongo-4.20.1/test/" + std::string(file));
    }
    const std::vector<std::string> expected{
        "bson-corpus: top.json",
        "client-side-encryption: unified/a.json",
        "client-side-operations-timeout: deprecated-options.json",
        "connection-string: valid-auth.json",
        "new-area: unified/c.json",
        "server-discovery-and-monitoring: monitoring/standalone.json",
        "server-discovery-and-monitoring: rs/a.json"};
    CHECK(found(folder.path()) == expected);
    CHECK(found(folder.path() / "pymongo-4.20.1") == expected);
    CHECK(found(folder.path() / "pymongo-4.20.1/test") == expected);
}

TEST_CASE("only what lies in an area's tests is a spec file of the repository's layout") {
    const temporary_folder folder;
    for (const auto* file :
         {"crud/tests/unified/a.json", "crud/tests/unified/a.yml", "bson-corpus/tests/top.json",
          "client-side-encryption/etc/data/tests/b.json", "unified-test-format/schema-1.0.json"}) {
        folder.add("specifications/source/" + std::string(file));
    }
    const std::vector<std::string> expected{"bson-corpus: top.json", "crud: unified/a.json"};
    CHECK(found(folder.path()) == expected);
    CHECK(found(folder.path() / "specifications/source") == expected);
    CHECK(find_spec_files(folder.path())[1].shown ==
          "specifications/source/crud/tests/unified/a.json");
}

TEST_CASE("both layouts below one folder are found together") {
    const temporary_folder folder;
    folder.add("a/test/bson_corpus/x.json");
    folder.add("b/source/bson-corpus/tests/x.json");
    CHECK(found(folder.path()).size() == 2);
}

TEST_CASE("a folder without spec files gives none and one that is not there throws") {
    const temporary_folder folder;
    folder.add("test/notes.json");
    CHECK(found(folder.path()).empty());
    CHECK_THROWS_AS((void)found(folder.path() / "none"), fs::filesystem_error);
}

TEST_CASE("areas are known by the repository's names alone") {
    CHECK(is_known_area("client-side-operations-timeout"));
    CHECK(is_known_area("bson-corpus"));
    CHECK_FALSE(is_known_area("csot"));
    CHECK_FALSE(is_known_area("bson_corpus"));
    CHECK_FALSE(is_known_area(""));
    for (const auto& built : built_areas()) {
        CHECK(is_known_area(built.name));
    }
}

TEST_CASE("a test fails with a failed check, with an exception and without a check") {
    const spec_file file{"x.json", "crud", "x.json", "x.json"};
    report results;
    file_run run(file, {}, results, file_run::mode::run);
    run.test("right", [](checks& made) { made.expect(true, "never"); });
    run.test("wrong", [](checks& made) {
        made.expect(false, "first");
        made.expect(true, "never");
        made.fail("second");
    });
    run.test("throws", [](checks&) { throw std::runtime_error("oops"); });
    run.test("empty", [](checks&) {});
    run.test("skips", [](checks& made) { made.skip("no server"); });
    run.test("fails and skips", [](checks& made) {
        made.fail("first");
        made.skip("no server");
    });
    results.add_file("crud");
    CHECK(run.tests() == 6);
    CHECK(results.count(outcome::passed) == 1);
    CHECK(results.count(outcome::failed) == 4);
    CHECK(results.count(outcome::skipped) == 1);
    std::ostringstream out;
    results.print(out);
    const auto text = out.str();
    CHECK(text.find("FAILED crud, x.json, wrong: first; second\n") != std::string::npos);
    CHECK(text.find("FAILED crud, x.json, throws: threw: oops\n") != std::string::npos);
    CHECK(text.find("1 no server\n") != std::string::npos);
    CHECK(text.ends_with("\n1 passed, 4 failed, 1 skipped\n"));
}

TEST_CASE("a test with an exception is skipped, and a failure when it passes after all") {
    const spec_file file{"x.json", "crud", "x.json", "x.json"};
    const auto count = [&](bool check, outcome what) {
        known_exceptions known{exceptions::parse("crud/x.json | a | server | why\n"
                                                 "crud/x.json | b | server | why\n"),
                               check};
        report results;
        file_run run(file, {}, results, file_run::mode::run, &known);
        run.test("a", [](checks& made) { made.expect(true, "never"); });
        run.test("b", [](checks& made) { made.fail("as ever"); });
        run.test("c", [](checks& made) { made.expect(true, "never"); });
        return results.count(what);
    };
    CHECK(count(false, outcome::skipped) == 2);
    CHECK(count(false, outcome::passed) == 1);
    CHECK(count(true, outcome::failed) == 1);
    CHECK(count(true, outcome::skipped) == 1);
    CHECK(count(true, outcome::passed) == 1);
}

TEST_CASE("an exception that is for one deployment leaves the test to the others") {
    const spec_file file{"x.json", "crud", "x.json", "x.json"};
    known_exceptions known{exceptions::parse("crud/x.json | a [sharded] | server | why\n"), false};
    report results;
    file_run run(file, {}, results, file_run::mode::run, &known);
    const auto right = [](checks& made) { made.expect(true, "never"); };
    run.test("a", right, "sharded");
    run.test("a", right, "single");
    run.test("a", right);
    CHECK(results.count(outcome::skipped) == 1);
    CHECK(results.count(outcome::passed) == 2);
    CHECK(known.rows.unused({}, true).empty());
}

TEST_CASE("an exception without a test is told of where the folder of its file is") {
    const std::vector<spec_file> all{{"x.json", "crud", "unified/x.json", "crud/x.json"},
                                     {"y.json", "crud", "unified/y.json", "crud/y.json"}};
    auto rows = exceptions::parse(
        "crud/unified/x.json | a | server | found\n"
        "crud/unified/x.json | b | server | of no test\n"
        "crud/unified/z.json | * | server | of no file\n"
        "crud/z.json | * | server | of no file of the other layout\n"
        "crud/unified/x.json | a [sharded] | server | of a deployment\n"
        "crud/legacy/x.json | a | server | the folder is not there\n"
        "source/crud/tests/x.json | a | server | nor is this one\n");
    CHECK(rows.find(all[0], "a") != nullptr);
    const auto unused = [&](bool on_each) {
        std::vector<std::string> names;
        for (const auto* row : rows.unused(all, on_each)) {
            names.push_back(row->proof);
        }
        return names;
    };
    std::vector<std::string> expected{"of no test", "of no file", "of no file of the other layout"};
    CHECK(unused(false) == expected);
    expected.emplace_back("of a deployment");
    CHECK(unused(true) == expected);
}

TEST_CASE("normal JSON differs only in what means something") {
    CHECK(normal_json("{ \"a\" : [ 1.0 ,\n2 ] }") == R"({"a":[1.0,2]})");
    CHECK(normal_json(R"("\u00e9\ud83d\ude00\n\/")") ==
          normal_json("\"\u00e9\U0001F600\\u000a/\""));
    CHECK(normal_json(R"("a b")") == R"("a b")");
    CHECK(normal_json(R"({"a":1,"b":2})") != normal_json(R"({"b":2,"a":1})"));
    CHECK(normal_json("1.0") != normal_json("1"));
    CHECK(normal_json(R"("\"")") == R"("\u0022")");
}
