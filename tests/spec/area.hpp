#pragma once

#include "exceptions.hpp"
#include "report.hpp"
#include "spec_file.hpp"

#include <mongoro/bson/document.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::spec {

/// What the command line said that areas need to know.
struct settings {
    /// Of the servers there are, none without one. A test runs on the first that it can run on.
    std::vector<std::string> uris;
    /// A test of the unified format runs on each of them that it can run on.
    bool every_deployment = false;
};

/// The tests that are left out.
struct known_exceptions {
    exceptions rows;
    /// Run them all the same: one that passes is a failure, for its row is out of date.
    bool check = false;
};

/// The result of one test, filled in by its checks. A test passes if it made a check and none
/// failed.
class checks {
 public:
    /// Records `what` if `right` is false. The test goes on, so that one run shows all that is
    /// wrong.
    bool expect(bool right, std::string_view what);
    void fail(std::string_view what) { expect(false, what); }
    /// The rest of the test is to be left out; a failure before it stays one.
    void skip(std::string reason) { skipped_ = std::move(reason); }

    [[nodiscard]] outcome result() const noexcept;
    [[nodiscard]] std::string reason() const;

 private:
    std::size_t made_ = 0;
    std::string failures_;
    std::string skipped_;
};

/// One spec file on its way through an area: says which tests it has, and runs them unless they are
/// only to be listed.
class file_run {
 public:
    enum class mode : std::uint8_t { run, list };

    /// Without exceptions every test is run.
    file_run(const spec_file& file, bson::document_view content, report& results, mode what,
             known_exceptions* known = nullptr)
        : file_(file), content_(content), results_(results), mode_(what), known_(known) {}

    [[nodiscard]] const spec_file& file() const noexcept { return file_; }
    /// The file, read as Extended JSON.
    [[nodiscard]] bson::document_view content() const noexcept { return content_; }
    [[nodiscard]] std::size_t tests() const noexcept { return tests_; }
    [[nodiscard]] bool lists() const noexcept { return mode_ == mode::list; }
    /// Whether the test that runs is only for a replica set of several members: its row says so.
    [[nodiscard]] bool wants_several_members() const noexcept { return wants_several_members_; }

    /// One test: `body(checks&)`. An exception out of it is a failure. `where` is added to its name
    /// if it runs in several places.
    template <typename Body>
    void test(std::string_view description, Body&& body, std::string_view where = {}) {
        const auto name =
            std::string(description) + (where.empty() ? "" : " [" + std::string(where) + "]");
        if (!begin(description, name)) {
            return;
        }
        checks made;
        try {
            body(made);
        } catch (const std::exception& e) {
            made.fail(std::string("threw: ") + e.what());
        }
        end(name, made);
    }

 private:
    bool begin(std::string_view description, const std::string& name);
    void end(const std::string& name, const checks& made);

    const spec_file& file_;
    bson::document_view content_;
    report& results_;
    mode mode_;
    known_exceptions* known_;
    const exception_row* row_ = nullptr;  // of the test that runs
    bool wants_several_members_ = false;
    std::size_t tests_ = 0;
};

/// How the files of one area of the specifications are run.
class area {
 public:
    area() = default;
    area(const area&) = delete;
    area& operator=(const area&) = delete;
    virtual ~area() = default;

    /// Calls `run.test(...)` for every test of the file, in its order. A file that gives no test is
    /// a failure; an exception out of here as well.
    virtual void run(file_run& run) = 0;
};

/// An area that is built. Made once, before its first file, and kept to the last one: what it needs
/// for all of them (a client, say) lives in it.
struct area_entry {
    std::string_view name;
    std::unique_ptr<area> (*make)(const settings&);
};

/// To add an area: a file in `areas/`, its `make_` function here and its row in `area.cpp`.
[[nodiscard]] std::span<const area_entry> built_areas();

std::unique_ptr<area> make_bson_corpus(const settings& s);
std::unique_ptr<area> make_bson_binary_vector(const settings& s);
std::unique_ptr<area> make_server_discovery_and_monitoring(const settings& s);
/// Also of max-staleness, whose files are of the same kind.
std::unique_ptr<area> make_server_selection(const settings& s);
std::unique_ptr<area> make_connection_monitoring_and_pooling(const settings& s);
std::unique_ptr<area> make_auth(const settings& s);
/// Of every area whose files are of the unified test format alone.
std::unique_ptr<area> make_unified(const settings& s);
/// For `uri-options` as well.
std::unique_ptr<area> make_connection_string(const settings& s);
std::unique_ptr<area> make_initial_dns_seedlist_discovery(const settings& s);

}  // namespace mongoro::spec
