#include "monitoring_support.hpp"

#include "monitoring/selection_log.hpp"

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;
using monitoring::selection;
using monitoring::selection_log;

TEST_CASE("the records of a selection have the specification's keys, levels and text") {
    recorder r;
    const selection_log log(r.log());
    topology::selection_criteria criteria;
    criteria.preference = {.mode = read_mode::secondary, .max_staleness = 120s};
    const selection which{"find", 4, criteria};
    const topology_description unknown;

    log.started(which, unknown);
    auto record = r.only();
    CHECK(record.component == log_component::server_selection);
    CHECK(record.level == log_level::debug);
    CHECK(to_json(record.data) ==
          R"({"message": "Server selection started", )"
          R"("selector": "{mode: secondary, maxStalenessSeconds: 120}", "operationId": 4, )"
          R"("operation": "find", "topologyDescription": "Unknown without servers"})");
    CHECK(record.line ==
          "Server selection started for operation find with ID 4. Selector: {mode: secondary, "
          "maxStalenessSeconds: 120}, topology description: Unknown without servers");

    log.waiting(which, unknown, 29'999ms);
    record = r.only();
    CHECK(record.level == log_level::info);
    CHECK(record.message == "Waiting for suitable server to become available");
    CHECK(record.data["remainingTimeMS"].get<std::int64_t>() == 29'999);
    CHECK(
        record.line.starts_with("Waiting for server to become available for operation find with "
                                "ID 4. Remaining time: 29999 ms. Selector: {mode"));
    log.waiting(which, unknown, std::nullopt);
    CHECK_FALSE(r.only().data.contains("remainingTimeMS"));

    criteria.operation = topology::operation_kind::write;
    const selection write{"insert", std::nullopt, criteria};
    log.succeeded(write, unknown, "h:27017");
    record = r.only();
    CHECK(record.level == log_level::debug);
    CHECK(record.data["serverHost"].get<std::string>() == "h");
    CHECK(record.data["serverPort"].get<int>() == 27017);
    CHECK_FALSE(record.data.contains("operationId"));
    CHECK(record.line ==
          "Server selection succeeded for operation insert. Selected server: h:27017. Selector: "
          "writable server, topology description: Unknown without servers");

    log.failed(write, unknown, topology::selection_timeout(unknown, criteria, 30s));
    record = r.only();
    CHECK(record.level == log_level::debug);
    CHECK(record.message == "Server selection failed");
    CHECK(record.data["failure"].get<std::string>() == "server selection timed out");
    CHECK(record.line ==
          "Server selection failed for operation insert. Failure: server selection timed out. "
          "Selector: writable server, topology description: Unknown without servers");

    // The same where a deadline came first.
    log.failed(write, unknown,
               {errc::deadline_exceeded, "while a server was selected",
                topology::selection_timeout(unknown, criteria, 10s)});
    CHECK(r.only().data["failure"].get<std::string>() ==
          "deadline exceeded: while a server was selected: server selection timed out");
    log.failed(write, unknown, {errc::name_resolution_failed, "h", error(errc::connect_timed_out)});
    CHECK(r.only().data["failure"].get<std::string>().find("connect") != std::string::npos);
}

TEST_CASE("with level info only the waiting is logged") {
    recorder r(log_level::info);
    const selection_log log(r.log());
    const topology::selection_criteria criteria;
    const selection which{"find", 1, criteria};
    log.started(which, {});
    log.succeeded(which, {}, "h:1");
    log.failed(which, {}, errc::server_selection_timeout);
    CHECK(r.records().empty());
    log.waiting(which, {}, 1ms);
    CHECK(r.records().size() == 1);
}
