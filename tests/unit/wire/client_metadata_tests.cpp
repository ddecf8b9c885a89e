#include "wire/client_metadata.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/validate.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using mongoro::errc;
namespace wire = mongoro::wire;
namespace bson = mongoro::bson;

namespace {

using variables = std::map<std::string, std::string>;
const variables* current = nullptr;

wire::host_environment environment(const variables& set, bool docker = false) {
    current = &set;
    wire::host_environment out;
    wire::read_environment(
        out,
        [](const char* name) -> const char* {
            const auto found = current->find(name);
            return found == current->end() ? nullptr : found->second.c_str();
        },
        docker);
    return out;
}

struct metadata {
    std::vector<std::uint8_t> bytes;
    [[nodiscard]] bson::document_view view() const { return {bytes.data(), bytes.size()}; }
    bson::value_view operator[](std::string_view key) const { return view()[key]; }
};

metadata encode(std::string_view application, const wire::host_environment& host,
                const std::vector<wire::driver_info>& wrappers = {}) {
    auto encoded = wire::encode_client_metadata(application, host, wrappers);
    REQUIRE(encoded);
    CHECK(encoded->size() <= 512);
    metadata out{*std::move(encoded)};
    CHECK(mongoro::bson::validate(out.view()));
    return out;
}

errc code_of(const mongoro::error& e) {
    return static_cast<errc>(e.code().value());
}

std::string text(const bson::value_view& value) {
    return std::string(value.get<std::string_view>());
}

}  // namespace

TEST_CASE("the metadata names the driver, the system and the application") {
    wire::host_environment host;
    host.os_type = "Linux";
    host.os_name = "Debian GNU/Linux 12 (bookworm)";
    host.os_architecture = "x86_64";
    host.os_version = "6.1.0";
    const auto sent = encode("message-board", host);
    CHECK(text(sent["application"]["name"]) == "message-board");
    CHECK(text(sent["driver"]["name"]) == "mongoro");
    CHECK_FALSE(text(sent["driver"]["version"]).empty());
    CHECK(text(sent["os"]["type"]) == "Linux");
    CHECK(text(sent["os"]["name"]) == "Debian GNU/Linux 12 (bookworm)");
    CHECK(text(sent["os"]["architecture"]) == "x86_64");
    CHECK(text(sent["os"]["version"]) == "6.1.0");
    CHECK_FALSE(text(sent["platform"]).empty());
    CHECK_FALSE(sent["env"]);
    // No name, no document: the driver must not invent one.
    CHECK_FALSE(encode("", host)["application"]);
    CHECK(text(encode("", {})["os"]["type"]) == "unknown");
}

TEST_CASE("this machine's own metadata can be sent") {
    const auto host = wire::detect_host_environment();
    CHECK(host.os_type == "Linux");
    CHECK_FALSE(host.os_architecture.empty());
    encode("x", host);
}

TEST_CASE("an application name may have 128 bytes and no NUL") {
    CHECK(text(encode(std::string(128, 'a'), {})["application"]["name"]).size() == 128);
    const auto long_name = wire::encode_client_metadata(std::string(129, 'a'), {});
    REQUIRE_FALSE(long_name);
    CHECK(code_of(long_name.error()) == errc::invalid_argument);
    const auto nul = wire::encode_client_metadata(std::string_view("a\0b", 3), {});
    REQUIRE_FALSE(nul);
    CHECK(code_of(nul.error()) == errc::embedded_nul);
}

TEST_CASE("the environment of each function service is recognised, as the prose tests list them") {
    const auto aws = encode("", environment({{"AWS_EXECUTION_ENV", "AWS_Lambda_java8"},
                                             {"AWS_REGION", "us-east-2"},
                                             {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"}}));
    CHECK(text(aws["env"]["name"]) == "aws.lambda");
    CHECK(text(aws["env"]["region"]) == "us-east-2");
    CHECK(aws["env"]["memory_mb"].type() == bson::type::int32);
    CHECK(aws["env"]["memory_mb"].get<int>() == 1024);
    CHECK(text(encode("", environment({{"AWS_LAMBDA_RUNTIME_API", "x"}}))["env"]["name"]) ==
          "aws.lambda");

    const auto azure = encode("", environment({{"FUNCTIONS_WORKER_RUNTIME", "node"}}));
    CHECK(text(azure["env"]["name"]) == "azure.func");

    const auto gcp = encode("", environment({{"K_SERVICE", "servicename"},
                                             {"FUNCTION_MEMORY_MB", "1024"},
                                             {"FUNCTION_TIMEOUT_SEC", "60"},
                                             {"FUNCTION_REGION", "us-central1"}}));
    CHECK(text(gcp["env"]["name"]) == "gcp.func");
    CHECK(gcp["env"]["memory_mb"].get<int>() == 1024);
    CHECK(gcp["env"]["timeout_sec"].get<int>() == 60);
    CHECK(text(gcp["env"]["region"]) == "us-central1");

    const auto vercel = encode("", environment({{"VERCEL", "1"}, {"VERCEL_REGION", "cdg1"}}));
    CHECK(text(vercel["env"]["name"]) == "vercel");
    CHECK(text(vercel["env"]["region"]) == "cdg1");
}

TEST_CASE("vercel counts before lambda, any other two services cancel each other") {
    CHECK(
        text(encode("", environment({{"VERCEL", "1"},
                                     {"AWS_EXECUTION_ENV", "AWS_Lambda_java8"}}))["env"]["name"]) ==
        "vercel");
    CHECK_FALSE(encode("", environment({{"AWS_EXECUTION_ENV", "AWS_Lambda_java8"},
                                        {"FUNCTIONS_WORKER_RUNTIME", "node"}}))["env"]);
    CHECK_FALSE(encode("", environment({{"VERCEL", "1"}, {"K_SERVICE", "x"}}))["env"]);
}

TEST_CASE("a variable that does not mean what is asked for is left out") {
    const auto big = encode("", environment({{"AWS_EXECUTION_ENV", "AWS_Lambda_java8"},
                                             {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "big"}}));
    CHECK(text(big["env"]["name"]) == "aws.lambda");
    CHECK_FALSE(big["env"]["memory_mb"]);
    for (const char* number : {"12x", "", " 1", "99999999999", "1.5"}) {
        CAPTURE(number);
        CHECK_FALSE(encode(
            "", environment({{"AWS_LAMBDA_RUNTIME_API", "x"},
                             {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", number}}))["env"]["memory_mb"]);
    }
    CHECK_FALSE(encode("", environment({{"AWS_EXECUTION_ENV", "EC2"}}))["env"]);
    CHECK_FALSE(encode("", environment({{"VERCEL", ""}}))["env"]);
}

TEST_CASE("a container is told of, alone and beside a function service") {
    const auto both = encode("", environment({{"AWS_EXECUTION_ENV", "AWS_Lambda_java8"},
                                              {"AWS_REGION", "us-east-2"},
                                              {"KUBERNETES_SERVICE_HOST", "1"}},
                                             true));
    CHECK(text(both["env"]["name"]) == "aws.lambda");
    CHECK(text(both["env"]["container"]["orchestrator"]) == "kubernetes");
    CHECK(text(both["env"]["container"]["runtime"]) == "docker");
    const auto alone = encode("", environment({}, true));
    CHECK_FALSE(alone["env"]["name"]);
    CHECK(text(alone["env"]["container"]["runtime"]) == "docker");
    CHECK_FALSE(alone["env"]["container"]["orchestrator"]);
}

TEST_CASE("a coding agent is told by its variable, as the prose tests list them") {
    const auto agent = [](const variables& set) {
        const auto sent = encode("", environment(set));
        return sent["env"] ? text(sent["env"]["agent"]) : std::string("none");
    };
    CHECK(agent({{"CLAUDECODE", "1"}}) == "claude_code");
    CHECK(agent({{"CLAUDE_CODE_ENTRYPOINT", "cli"}}) == "claude_code");
    CHECK(agent({{"CURSOR_AGENT", "some-value-42"}}) == "cursor");
    CHECK(agent({{"CODEX_SANDBOX", "1"}}) == "codex_cli");
    CHECK(agent({{"CLINE_ACTIVE", "1"}}) == "cline");
    CHECK(agent({{"GEMINI_CLI", "1"}}) == "gemini_cli");
    CHECK(agent({{"AUGMENT_AGENT", "1"}}) == "auggie_cli");
    CHECK(agent({{"OPENCODE", "1"}}) == "opencode_client");
    CHECK(agent({{"OPENCODE_CLIENT", "1"}}) == "opencode_client");
    CHECK(agent({{"TRAE_AI_SHELL_ID", "x"}}) == "trae_ai");
    CHECK(agent({{"GOOSE_TERMINAL", "1"}}) == "goose");
    CHECK(agent({{"GOOSE_AGENT", "1"}}) == "goose");
    CHECK(agent({{"GEMINI_CLI", "1"}, {"CURSOR_AGENT", "1"}}) == "cursor");
    CHECK(agent({{"AI_AGENT", "custom-agent"}, {"CLAUDECODE", "1"}}) == "claude_code");
    CHECK(agent({{"AI_AGENT", "custom-agent"}}) == "custom-agent");
    for (const char* truth : {"1", "true", " true ", "TRUE"}) {
        CHECK(agent({{"AI_AGENT", truth}}) == "ai_agent");
    }
    CHECK(agent({{"AI_AGENT", " Claude-Code_2-1-238_Agent "}}) == "claude-code_2-1-238_agent");
    CHECK(agent({{"AI_AGENT", std::string(100, 'a')}}) == std::string(64, 'a'));
    CHECK(agent({{"AI_AGENT", std::string(63, 'a') + "\u00e9"}}) == std::string(63, 'a'));
    CHECK(agent({{"AI_AGENT", std::string(62, 'a') + "\u00e9"}}) ==
          std::string(62, 'a') + "\u00e9");
    CHECK(agent({{"AI_AGENT", "custom-\xff"}}) == "custom-");
    CHECK(agent({{"AI_AGENT", "a\xe2\x82z\xf0\x9f\x98\x80"}}) == "az\xf0\x9f\x98\x80");
    CHECK(agent({{"AI_AGENT", "\xff true"}}) == "ai_agent");
    for (const char* nothing : {"", "   ", "\xff", "\xff \xff"}) {
        CHECK(agent({{"AI_AGENT", nothing}}) == "none");
    }
    CHECK(agent({{"CLAUDECODE", "   "}}) == "none");

    const auto both = encode("", environment({{"AWS_EXECUTION_ENV", "AWS_Lambda_java8"},
                                              {"AWS_REGION", "us-east-2"},
                                              {"CLAUDECODE", "1"}}));
    CHECK(text(both["env"]["name"]) == "aws.lambda");
    CHECK(text(both["env"]["region"]) == "us-east-2");
    CHECK(text(both["env"]["agent"]) == "claude_code");
}

TEST_CASE("the agent is cut after the details of env and before those of os") {
    wire::host_environment host;
    host.os_name = "name";
    host.agent = "goose";
    const auto first_without_agent = [&](auto&& each_with) {
        for (std::size_t size = 0; size <= 512; ++size) {
            auto sent = encode("", host, {{"w", "1", std::string(size, 'p')}});
            if (!sent["env"]["agent"]) {
                return sent;
            }
            each_with(sent);
        }
        FAIL("the agent is always there");
        return metadata{};
    };
    const auto alone = first_without_agent([](const metadata&) {});
    CHECK_FALSE(alone["env"]);
    CHECK(text(alone["os"]["name"]) == "name");

    host.faas_name = "azure.func";
    host.faas_region = "region";
    bool without_details = false;
    const auto named = first_without_agent(
        [&](const metadata& sent) { without_details |= !sent["env"]["region"]; });
    CHECK(without_details);
    CHECK(text(named["env"]["name"]) == "azure.func");
    CHECK(text(named["os"]["name"]) == "name");
}

TEST_CASE("what does not fit is cut in the specification's order") {
    wire::host_environment host;
    host.os_type = "Linux";
    host.os_name = "name";
    host.os_architecture = "x86_64";
    host.os_version = "1";
    host.faas_name = "aws.lambda";
    host.container_runtime = "docker";

    // First the details of env go.
    host.faas_region = std::string(512, 'a');
    auto sent = encode("", host);
    CHECK(text(sent["env"]["name"]) == "aws.lambda");
    CHECK_FALSE(sent["env"]["region"]);
    CHECK_FALSE(sent["env"]["container"]);
    CHECK(sent["os"]["name"]);

    // Then those of os.
    host.os_name = std::string(400, 'b');
    sent = encode("", host);
    CHECK(sent["env"]["name"]);
    CHECK_FALSE(sent["os"]["name"]);
    CHECK_FALSE(sent["os"]["architecture"]);
    CHECK(text(sent["os"]["type"]) == "Linux");

    // Then env.
    host.faas_name = std::string(400, 'c');
    sent = encode("", host);
    CHECK_FALSE(sent["env"]);
    CHECK(text(sent["os"]["type"]) == "Linux");

    // Then the end of platform, between two characters.
    std::string platform;
    for (int i = 0; i < 200; ++i) {
        platform += "\xE2\x82\xAC";  // the euro sign
    }
    for (const auto shift : {"", "x", "xy"}) {
        const std::string shifted = shift + platform;
        sent = encode("", host, {{"w", "1", shifted}});
        CHECK(sent.bytes.size() > 509);
        CHECK(text(sent["platform"]).find("|" + std::string(shift) + "\xE2\x82\xAC") !=
              std::string::npos);
    }
}

TEST_CASE("a wrapping library is appended, once however often it is named") {
    const auto sent = encode("", {},
                             {{"library", "1.2", "Library Platform"},
                              {"framework", "2.0", ""},
                              {"library", "1.2", "Library Platform"},
                              {"framework", "", ""}});
    CHECK(text(sent["driver"]["name"]) == "mongoro|library|framework|framework");
    const auto version = text(sent["driver"]["version"]);
    CHECK(version.ends_with("|1.2|2.0|"));
    CHECK(text(sent["platform"]).ends_with("|Library Platform"));
}

TEST_CASE("test 10: names and versions of wrapping libraries correspond by their places") {
    const auto own = encode("", {});
    const auto name = text(own["driver"]["name"]);
    const auto version = text(own["driver"]["version"]);
    const auto check = [&](const std::vector<wire::driver_info>& wrappers, const std::string& names,
                           const std::string& versions) {
        CAPTURE(names);
        const auto sent = encode("", {}, wrappers);
        CHECK(text(sent["driver"]["name"]) == name + names);
        CHECK(text(sent["driver"]["version"]) == version + versions);
    };
    check({{}, {"F2"}}, "||F2", "||");
    check({{"F1"}, {"F2", "2.0"}}, "|F1|F2", "||2.0");
    check({{"F1"}}, "|F1", "|");
    check({{"F1", version}}, "|F1", "|" + version);
    check({{name, "1.0"}}, "|" + name, "|1.0");
    check({{"F1", "1.0"}, {"F1", "1.0"}}, "|F1", "|1.0");
    check({{"F1"}, {"F2"}}, "|F1|F2", "||");
    check({{"", "1.0"}, {"", "2.0"}}, "||", "|1.0|2.0");
    check({{"F1", "1.0"}, {"F2", "2.0"}, {"F1", "1.0"}}, "|F1|F2", "|1.0|2.0");
    check({{"F1", "1.0", "P1"}, {"F1", "1.0", "P2"}}, "|F1|F1", "|1.0|1.0");
    check({{name, version}}, "|" + name, "|" + version);
    check({{"F1"}, {"F1"}}, "|F1", "|");
}

TEST_CASE("a wrapping library's text may hold no delimiter, no NUL, and must leave room") {
    const auto refused = [](const wire::driver_info& wrapper) {
        const std::vector<wire::driver_info> wrappers{wrapper};
        const auto encoded = wire::encode_client_metadata("", {}, wrappers);
        REQUIRE_FALSE(encoded);
        return code_of(encoded.error());
    };
    CHECK(refused({"a|b", "", ""}) == errc::invalid_argument);
    CHECK(refused({"a", "1|2", ""}) == errc::invalid_argument);
    CHECK(refused({"a", "", "|"}) == errc::invalid_argument);
    CHECK(refused({std::string_view("a\0", 2), "", ""}) == errc::embedded_nul);
    CHECK(refused({std::string(600, 'a'), "", ""}) == errc::invalid_argument);
}
