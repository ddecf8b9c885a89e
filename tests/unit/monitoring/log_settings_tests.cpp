#include "monitoring_support.hpp"

#include "monitoring/log_settings.hpp"

using namespace mongoro;
using namespace mongoro::test;
using monitoring::resolve;

namespace {

std::string levels(const log_options& options, std::map<std::string, std::string> variables) {
    std::string text;
    for (const auto level : resolve(options, environment_of(std::move(variables))).levels) {
        text += text.empty() ? "" : " ";
        text += to_string(level);
    }
    return text;
}

}  // namespace

TEST_CASE("without options and variables nothing is logged") {
    const auto found = resolve({}, environment_of({}));
    CHECK_FALSE(found.logs_anything());
    CHECK(found.path == "");
    CHECK(found.max_document_length == 1000);
    CHECK(found.warnings.empty());
}

TEST_CASE("each component has its variable, and MONGODB_LOG_ALL is for those without one") {
    CHECK(levels({}, {{"MONGODB_LOG_COMMAND", "debug"}}) == "debug off off off off");
    CHECK(levels({}, {{"MONGODB_LOG_TOPOLOGY", "trace"}}) == "off trace off off off");
    CHECK(levels({}, {{"MONGODB_LOG_SERVER_SELECTION", "info"}}) == "off off info off off");
    CHECK(levels({}, {{"MONGODB_LOG_CONNECTION", "error"}}) == "off off off error off");
    CHECK(levels({}, {{"MONGODB_LOG_ALL", "notice"}}) == "notice notice notice notice notice");
    CHECK(levels({}, {{"MONGODB_LOG_ALL", "debug"}, {"MONGODB_LOG_CONNECTION", "off"}}) ==
          "debug debug debug off debug");
}

TEST_CASE("a level has every name of the specification, in any case") {
    const std::vector<std::string_view> names = {"off",  "emergency", "alert", "critical", "error",
                                                 "warn", "notice",    "info",  "debug",    "trace"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(parse_log_level(names[i]) == static_cast<log_level>(i));
        CHECK(to_string(static_cast<log_level>(i)) == names[i]);
    }
    CHECK(parse_log_level("DeBuG") == log_level::debug);
    CHECK_FALSE(parse_log_level(""));
    CHECK_FALSE(parse_log_level("warning"));
    CHECK_FALSE(parse_log_level("debug "));
    CHECK_FALSE(parse_log_level("7"));
}

TEST_CASE("components have the specification's names") {
    CHECK(to_string(log_component::command) == "command");
    CHECK(to_string(log_component::topology) == "topology");
    CHECK(to_string(log_component::server_selection) == "serverSelection");
    CHECK(to_string(log_component::connection) == "connection");
    CHECK(to_string(log_component::client) == "client");
}

TEST_CASE("an invalid variable counts as not set and is warned about without its value") {
    const auto found = resolve({}, environment_of({{"MONGODB_LOG_ALL", "debug"},
                                                   {"MONGODB_LOG_COMMAND", "s3cret"},
                                                   {"MONGODB_LOG_MAX_DOCUMENT_LENGTH", "-5"}}));
    CHECK(found.levels[0] == log_level::debug);
    CHECK(found.max_document_length == 1000);
    REQUIRE(found.warnings.size() == 2);
    CHECK(found.warnings[0] ==
          "the environment variable MONGODB_LOG_COMMAND is no log level and is ignored");
    CHECK(found.warnings[1] ==
          "the environment variable MONGODB_LOG_MAX_DOCUMENT_LENGTH is no length and is ignored");
    CHECK(resolve({}, environment_of({{"MONGODB_LOG_COMMAND", ""}, {"MONGODB_LOG_PATH", ""}}))
              .warnings.empty());
}

TEST_CASE("the length is a whole number of any size that fits") {
    const auto length = [](std::string text) {
        return resolve({}, environment_of({{"MONGODB_LOG_MAX_DOCUMENT_LENGTH", std::move(text)}}))
            .max_document_length;
    };
    CHECK(length("0") == 0);
    CHECK(length("5") == 5);
    CHECK(length("10000000000") == 10'000'000'000U);
    for (const auto* const bad : {"", "5x", " 5", "5.0", "many", "99999999999999999999999"}) {
        CHECK(length(bad) == 1000);
    }
}

TEST_CASE("the options beat the environment, one by one") {
    const std::map<std::string, std::string> variables = {{"MONGODB_LOG_ALL", "trace"},
                                                          {"MONGODB_LOG_COMMAND", "debug"},
                                                          {"MONGODB_LOG_CONNECTION", "bad"},
                                                          {"MONGODB_LOG_PATH", "/var/log/m"},
                                                          {"MONGODB_LOG_MAX_DOCUMENT_LENGTH", "7"}};
    CHECK(levels({.command = log_level::error}, variables) == "error trace trace trace trace");
    CHECK(levels({.all = log_level::warn}, variables) == "warn warn warn warn warn");
    CHECK(levels({.all = log_level::warn, .topology = log_level::off}, variables) ==
          "warn off warn warn warn");
    CHECK(levels({.client = log_level::info}, {}) == "off off off off info");
    CHECK(levels({.server_selection = log_level::info, .connection = log_level::debug}, {}) ==
          "off off info debug off");
    // What is not asked for is not judged either.
    CHECK(resolve({.connection = log_level::off}, environment_of(variables)).warnings.empty());

    const auto found = resolve({}, environment_of(variables));
    CHECK(found.path == "/var/log/m");
    CHECK_FALSE(found.path_is_an_option);
    CHECK(found.max_document_length == 7);
    const auto mine =
        resolve({.path = "stdout", .max_document_length = 0}, environment_of(variables));
    CHECK(mine.path == "stdout");
    CHECK(mine.path_is_an_option);
    CHECK(mine.max_document_length == 0);
}

TEST_CASE("a callback without any level gets the warnings") {
    const auto ignore = [](const log_record&) {};
    CHECK(levels({.callback = ignore}, {}) == "warn warn warn warn warn");
    CHECK(levels({.callback = ignore, .command = log_level::debug}, {}) == "debug off off off off");
    CHECK(levels({.callback = ignore, .all = log_level::off}, {}) == "off off off off off");
    CHECK(levels({.callback = ignore}, {{"MONGODB_LOG_TOPOLOGY", "info"}}) ==
          "off info off off off");
}
