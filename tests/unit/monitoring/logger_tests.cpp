#include "monitoring_support.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

using namespace mongoro;
using namespace mongoro::test;
using monitoring::logger;

namespace {

/// A folder that goes with the test.
class scratch_folder {
 public:
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "log-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
    std::filesystem::path path_;
};

std::string content(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

bool is_line(const std::string& text, const std::string& end) {
    const std::regex stamp(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )");
    std::smatch found;
    return std::regex_search(text, found, stamp, std::regex_constants::match_continuous) &&
           found.suffix().str() == end;
}

}  // namespace

TEST_CASE("a logger has what is at least as severe as its level") {
    recorder r(log_level::off, {.command = log_level::trace, .connection = log_level::warn});
    CHECK(r.log().enabled(log_component::command, log_level::trace));
    CHECK(r.log().enabled(log_component::connection, log_level::warn));
    CHECK(r.log().enabled(log_component::connection, log_level::emergency));
    CHECK_FALSE(r.log().enabled(log_component::connection, log_level::notice));
    CHECK_FALSE(r.log().enabled(log_component::topology, log_level::emergency));
    r.log().warn(log_component::topology, "not seen");
    CHECK(r.records().empty());
    r.log().warn(log_component::connection, "seen");
    CHECK(r.only().message == "seen");

    const logger silent;
    CHECK_FALSE(silent.enabled(log_component::client, log_level::emergency));
}

TEST_CASE("records are appended to the file as lines, each with its time") {
    const scratch_folder folder;
    const auto path = folder.file("driver.log");
    std::ofstream(path) << "before\n";
    const auto made = logger::create({.all = log_level::warn, .path = path}, environment_of({}));
    REQUIRE(made);
    made->warn(log_component::client, "one");
    made->warn(log_component::topology, "two\nlines");
    const auto text = content(path);
    REQUIRE(text.starts_with("before\n"));
    const auto second = text.find('\n', 7) + 1;
    CHECK(is_line(text.substr(7, second - 7), "warn client: one\n"));
    CHECK(is_line(text.substr(second), "warn topology: two\\x0alines\n"));
}

TEST_CASE("the environment alone makes a log, in a file that is its owner's") {
    const scratch_folder folder;
    const auto path = folder.file("driver.log");
    const auto made = logger::create(
        {}, environment_of({{"MONGODB_LOG_CLIENT", "warn"},  // there is no such variable
                            {"MONGODB_LOG_COMMAND", "loud"},
                            {"MONGODB_LOG_ALL", "WARN"},
                            {"MONGODB_LOG_PATH", path}}));
    REQUIRE(made);
    CHECK(is_line(content(path),
                  "warn client: the environment variable MONGODB_LOG_COMMAND is no log level and "
                  "is ignored\n"));
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a file is not made where nothing is logged, or a callback has the records") {
    const scratch_folder folder;
    const auto path = folder.file("driver.log");
    REQUIRE(logger::create({}, environment_of({{"MONGODB_LOG_PATH", path}})));
    REQUIRE(logger::create({.callback = [](const log_record&) {}, .all = log_level::debug},
                           environment_of({{"MONGODB_LOG_PATH", path}})));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a file that cannot be opened is an error of the options, and a warning of the rest") {
    const scratch_folder folder;
    const auto path = folder.file("no/such/folder");
    const auto refused =
        logger::create({.all = log_level::debug, .path = path}, environment_of({}));
    CHECK(refused.error() == errc::invalid_argument);
    REQUIRE(refused.error().cause() != nullptr);
    CHECK(refused.error().cause()->code() == std::errc::no_such_file_or_directory);
    // With a level that has no warnings: the test's own stderr stays as it is.
    CHECK(logger::create(
        {}, environment_of({{"MONGODB_LOG_ALL", "error"}, {"MONGODB_LOG_PATH", path}})));
}

TEST_CASE("where MONGODB_LOG_PATH cannot be opened, stderr gets the log and a warning first") {
    const scratch_folder folder;
    const auto copy = folder.file("stderr");
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO);
    REQUIRE(std::freopen(copy.c_str(), "w", stderr) != nullptr);
    {
        const auto made = logger::create(
            {}, environment_of({{"MONGODB_LOG_ALL", "warn"}, {"MONGODB_LOG_PATH", "/no/such/x"}}));
        if (made) {
            made->warn(log_component::client, "after");
        }
    }
    std::fflush(stderr);
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    const auto text = content(copy);
    CHECK(text.find("MONGODB_LOG_PATH cannot be opened") != std::string::npos);
    CHECK(text.find("warn client: after\n") != std::string::npos);
}

TEST_CASE("what a callback throws is lost, and the next record is not") {
    int calls = 0;
    const auto made = logger::create({.callback =
                                          [&calls](const log_record&) {
                                              if (++calls == 1) {
                                                  throw std::runtime_error("not now");
                                              }
                                          }},
                                     environment_of({}));
    REQUIRE(made);
    made->warn(log_component::client, "one");
    made->warn(log_component::client, "two");
    CHECK(calls == 2);
}
