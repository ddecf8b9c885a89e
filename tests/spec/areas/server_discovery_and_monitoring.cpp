// Spec: source/server-discovery-and-monitoring/tests/README.md. A test is a file: its phases go
// through one topology, whose pools are counters here.

#include "area.hpp"
#include "error/retry_tables.hpp"
#include "topology/state_machine.hpp"
#include "unified/unified.hpp"
#include "wire/hello.hpp"
#include "wire/server_error.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mongoro::spec {

namespace {

using bson::document_view;
using bson::value_view;

/// The few options that these files use, out of a connection string without escapes.
topology::settings settings_of(std::string_view uri) {
    topology::settings s;
    s.id = bson::object_id::generate();
    const auto take = [](std::string_view& from, char end) {
        const auto at = std::min(from.find(end), from.size());
        const auto taken = from.substr(0, at);
        from.remove_prefix(std::min(at + 1, from.size()));
        return taken;
    };
    std::string_view options = uri.substr(std::string_view("mongodb://").size());
    auto place = take(options, '?');
    auto hosts = take(place, '/');
    while (!hosts.empty()) {
        s.seeds.emplace_back(take(hosts, ','));
    }
    while (!options.empty()) {
        auto value = take(options, '&');
        const auto name = take(value, '=');
        if (name == "replicaSet") {
            s.set_name = value;
        } else if (name == "directConnection") {
            s.direct_connection = value == "true";
        } else if (name == "loadBalanced") {
            s.load_balanced = value == "true";
        } else {
            throw std::invalid_argument("an option that the area does not know: " +
                                        std::string(name));
        }
    }
    return s;
}

template <typename T>
std::optional<T> given(const value_view& value) {
    return value.get<std::optional<T>>();
}

std::vector<std::string> strings(const value_view& list) {
    std::vector<std::string> all;
    for (const auto& item : list) {
        all.push_back(item.value().get<std::string>());
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// The type that drivers which monitor all servers at once have for a PossiblePrimary.
std::string_view type_name(std::string_view wanted) {
    return wanted == "PossiblePrimary" ? "Unknown" : wanted;
}

class scenario {
 public:
    scenario(document_view test, checks& made)
        : scenario(settings_of(test["uri"].get<std::string_view>()), made) {}

    void phase(document_view phase, std::size_t number) {
        where_ = "phase " + std::to_string(number);
        for (const auto& response : phase["responses"]) {
            respond(topology::normal_address(response.value().at(0).get<std::string_view>()),
                    response.value().at(1).get<document_view>());
        }
        for (const auto& error : phase["applicationErrors"]) {
            fail(error.value());
        }
        const auto outcome = phase["outcome"];
        if (outcome["events"]) {
            check_events(outcome["events"]);
        } else {
            check_topology(outcome);
        }
        events_.clear();
    }

 private:
    using time_point = topology::state_machine::time_point;

    scenario(topology::settings settings, checks& made)
        : checks_(made), id_(settings.id), topology_(std::move(settings)) {
        perform(topology_.open());
    }

    void expect(bool right, const std::string& what) {
        checks_.expect(right, where_ + ": " + what);
    }
    template <typename Got, typename Wanted>
    void same(const Got& got, const Wanted& wanted, const std::string& what) {
        expect(got == wanted, what + " is not as wanted");
    }

    void perform(const topology::actions& actions) {
        for (const auto& action : actions) {
            if (const auto* published = std::get_if<topology::publish>(&action)) {
                events_.push_back(published->event);
            } else if (const auto* opened = std::get_if<topology::open_server>(&action)) {
                generations_[opened->address] = 0;
            } else if (const auto* closed = std::get_if<topology::close_server>(&action)) {
                generations_.erase(closed->address);
            } else if (const auto* cleared = std::get_if<topology::clear_pool>(&action)) {
                ++generations_.at(cleared->address);
            }
        }
    }

    void respond(const std::string& address, document_view response) {
        now_ += std::chrono::seconds(1);
        if (response.empty()) {
            perform(topology_.check_failed(address, errc::network_error, now_));
            return;
        }
        const auto hello = wire::parse_hello(response);
        perform(hello ? topology_.hello(address, *hello, std::nullopt, now_)
                      : topology_.check_failed(address, hello.error(), now_));
    }

    void fail(const value_view& test) {
        const auto address = topology::normal_address(test["address"].get<std::string_view>());
        const bool before = test["when"].get<std::string_view>() == "beforeHandshakeCompletes";
        const auto kind = test["type"].get<std::string_view>();
        const error e = kind == "command"
                            ? detail::write_reply_error(test["response"].get<document_view>())
                            : network_error(kind == "timeout", before);
        const auto pool = generations_.find(address);
        const std::uint64_t now = pool != generations_.end() ? pool->second : 0;
        const auto generation = given<std::int64_t>(test["generation"]);
        perform(topology_.application_failed(
            {.address = address,
             .error = e,
             .generation = generation ? static_cast<std::uint64_t>(*generation) : now,
             .pool_generation = now,
             .handshake_complete = !before},
            now_));
    }

    /// As a pool hands it on: while a connection is opened it puts the blame on an overload
    /// (connection-monitoring-and-pooling, "Backpressure-enabled").
    static error network_error(bool timeout, bool while_opening) {
        error::details d;
        d.code = make_error_code(timeout ? errc::connect_timed_out : errc::connection_closed);
        if (while_opening) {
            d.labels = {std::string(detail::label::system_overloaded_error),
                        std::string(detail::label::retryable_error)};
        }
        return error(std::move(d));
    }

    void check_topology(const value_view& outcome) {
        const auto& t = *topology_.description();
        same(to_string(t.type), outcome["topologyType"].get<std::string_view>(), "topologyType");
        same(t.set_name, given<std::string>(outcome["setName"]).value_or(""), "setName");
        if (const auto value = outcome["logicalSessionTimeoutMinutes"]) {
            same(t.logical_session_timeout_minutes, given<std::int32_t>(value),
                 "logicalSessionTimeoutMinutes");
        }
        if (const auto value = outcome["maxSetVersion"]) {
            same(t.max_set_version, given<std::int64_t>(value), "maxSetVersion");
        }
        if (const auto value = outcome["maxElectionId"]) {
            same(t.max_election_id, given<bson::object_id>(value), "maxElectionId");
        }
        if (const auto value = outcome["compatible"]) {
            same(t.is_compatible(), value.get<bool>(), "compatible");
        }
        std::size_t count = 0;
        for (const auto& server : outcome["servers"]) {
            ++count;
            if (const auto* found = t.find(topology::normal_address(server.key()))) {
                check_server(*found, server.value());
            } else {
                expect(false, std::string(server.key()) + " is not in the topology");
            }
        }
        same(t.servers.size(), count, "the number of servers");
    }

    void check_server(const server_description& s, const value_view& wanted) {
        const auto what = [&s](const char* name) { return name + (" of " + s.address); };
        same(to_string(s.type), type_name(wanted["type"].get<std::string_view>()), what("type"));
        if (const auto value = wanted["setName"]) {
            same(s.set_name, given<std::string>(value).value_or(""), what("setName"));
        }
        if (const auto value = wanted["setVersion"]) {
            same(s.set_version, given<std::int64_t>(value), what("setVersion"));
        }
        if (const auto value = wanted["electionId"]) {
            same(s.election_id, given<bson::object_id>(value), what("electionId"));
        }
        if (const auto value = wanted["logicalSessionTimeoutMinutes"]) {
            same(s.logical_session_timeout_minutes, given<std::int32_t>(value),
                 what("logicalSessionTimeoutMinutes"));
        }
        if (const auto value = wanted["minWireVersion"]) {
            same(s.min_wire_version, given<std::int32_t>(value).value_or(0),
                 what("minWireVersion"));
        }
        if (const auto value = wanted["maxWireVersion"]) {
            same(s.max_wire_version, given<std::int32_t>(value).value_or(0),
                 what("maxWireVersion"));
        }
        if (const auto value = wanted["topologyVersion"]) {
            std::optional<topology_version> version;
            if (!value.is_null()) {
                version = {value["processId"].get<bson::object_id>(),
                           value["counter"].get<std::int64_t>()};
            }
            same(s.topology_version, version, what("topologyVersion"));
        }
        if (const auto value = wanted["error"]) {
            const auto text = s.error.to_string();
            expect(text.find(value.get<std::string_view>()) != std::string::npos,
                   what("error") + " is: " + text);
        }
        if (const auto pool = wanted["pool"]) {
            same(static_cast<std::int64_t>(generations_.at(s.address)),
                 pool["generation"].get<std::int64_t>(), what("generation"));
        }
    }

    void check_events(const value_view& wanted) {
        std::size_t count = 0;
        for (const auto& item : wanted) {
            const auto event = *item.value().begin();
            const std::string what =
                "event " + std::to_string(count) + ", " + std::string(event.key());
            if (count < events_.size()) {
                check_event(events_[count], event.key(), event.value(), what);
            }
            ++count;
        }
        expect(events_.size() == count,
               std::to_string(events_.size()) + " events, not " + std::to_string(count));
    }

    void check_event(const topology::event& got, std::string_view kind, const value_view& wanted,
                     const std::string& what) {
        std::visit([&](const auto& e) { check_typed(e, kind, wanted, what); }, got);
    }

    template <typename Event>
    void check_typed(const Event& e, std::string_view kind, const value_view& wanted,
                     const std::string& what) {
        expect(kind == name_of(e), what + ": got a " + std::string(name_of(e)));
        expect(e.topology_id == id_, what + ": another topologyId");
        if constexpr (requires { e.address; }) {
            expect(e.address == wanted["address"].get_or<std::string_view>({}), what + ": address");
        }
        if constexpr (requires { e.new_description; }) {
            describes(*e.previous_description, wanted["previousDescription"], what + ", previous");
            describes(*e.new_description, wanted["newDescription"], what + ", new");
        }
    }

    void describes(const server_description& s, const value_view& wanted, const std::string& what) {
        same(s.address, wanted["address"].get<std::string>(), what + " address");
        same(to_string(s.type), type_name(wanted["type"].get<std::string_view>()), what + " type");
        same(s.hosts, strings(wanted["hosts"]), what + " hosts");
        same(s.passives, strings(wanted["passives"]), what + " passives");
        same(s.arbiters, strings(wanted["arbiters"]), what + " arbiters");
        same(s.primary, given<std::string>(wanted["primary"]).value_or(""), what + " primary");
        same(s.set_name, given<std::string>(wanted["setName"]).value_or(""), what + " setName");
    }

    void describes(const topology_description& t, const value_view& wanted,
                   const std::string& what) {
        same(to_string(t.type), wanted["topologyType"].get<std::string_view>(), what + " type");
        same(t.set_name, given<std::string>(wanted["setName"]).value_or(""), what + " setName");
        std::size_t count = 0;
        for (const auto& server : wanted["servers"]) {
            ++count;
            const auto address = server.value()["address"].get<std::string>();
            const auto* const found = t.find(address);
            expect(found != nullptr, what + ": no " + address);
            if (found != nullptr) {
                describes(*found, server.value(), what + ", " + address);
            }
        }
        same(t.servers.size(), count, what + ": the number of servers");
    }

    static std::string_view name_of(const topology_opening_event&) {
        return "topology_opening_event";
    }
    static std::string_view name_of(const topology_closed_event&) {
        return "topology_closed_event";
    }
    static std::string_view name_of(const topology_description_changed_event&) {
        return "topology_description_changed_event";
    }
    static std::string_view name_of(const server_opening_event&) { return "server_opening_event"; }
    static std::string_view name_of(const server_closed_event&) { return "server_closed_event"; }
    static std::string_view name_of(const server_description_changed_event&) {
        return "server_description_changed_event";
    }

    checks& checks_;
    bson::object_id id_;
    topology::state_machine topology_;
    time_point now_{};
    std::map<std::string, std::uint64_t> generations_;
    std::vector<topology::event> events_;
    std::string where_;
};

class server_discovery_and_monitoring final : public area {
 public:
    explicit server_discovery_and_monitoring(const settings& s) : unified_(s) {}

    void run(file_run& run) override {
        if (unified_.run(run)) {
            return;
        }
        const auto content = run.content();
        run.test(content["description"].get<std::string_view>(), [content](checks& made) {
            scenario test(content, made);
            std::size_t number = 0;
            for (const auto& phase : content["phases"]) {
                test.phase(phase.value().get<document_view>(), number++);
            }
        });
    }

 private:
    unified::runner unified_;
};

}  // namespace

std::unique_ptr<area> make_server_discovery_and_monitoring(const settings& s) {
    return std::make_unique<server_discovery_and_monitoring>(s);
}

}  // namespace mongoro::spec
