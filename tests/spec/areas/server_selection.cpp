// Specs: source/server-selection/tests/README.md and source/max-staleness/tests/README.md. A test
// is a file. Round trip times are in `rtt`, choices of one server in `in_window`.

#include "topology/server_selection.hpp"
#include "area.hpp"
#include "topology/rtt.hpp"
#include "topology/server_description.hpp"
#include "unified/unified.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

namespace {

using bson::document_view;
using bson::value_view;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

nanoseconds from_ms(double ms) {
    return nanoseconds(std::llround(ms * 1'000'000));
}

template <typename Enum>
Enum named(std::string_view name, Enum last) {
    for (auto i = 0; i <= static_cast<int>(last); ++i) {
        if (to_string(static_cast<Enum>(i)) == name) {
            return static_cast<Enum>(i);
        }
    }
    throw std::invalid_argument("a name that the area does not know: " + std::string(name));
}

server_description_ptr server_of(const value_view& from) {
    server_description s;
    s.address = from["address"].get<std::string>();
    const auto type = from["type"].get<std::string_view>();
    s.type =
        type == "PossiblePrimary" ? server_type::unknown : named(type, server_type::load_balancer);
    if (const auto rtt = from["avg_rtt_ms"]) {
        s.round_trip_time = from_ms(rtt.get<double>());
    }
    for (const auto& tag : from["tags"]) {
        s.tags.emplace(tag.key(), tag.value().get<std::string>());
    }
    s.max_wire_version = from["maxWireVersion"].get_or<std::int32_t>(0);
    if (const auto update = from["lastUpdateTime"]) {
        s.last_update_time =
            server_description::time_point(milliseconds(update.get<std::int64_t>()));
    }
    if (const auto write = from["lastWrite"]["lastWriteDate"]) {
        s.last_write_date = bson::date(milliseconds(write.get<std::int64_t>()));
    }
    return std::make_shared<const server_description>(std::move(s));
}

topology_description topology_of(const value_view& from) {
    topology_description t;
    t.type = named(from["type"].get<std::string_view>(), topology_type::load_balanced);
    for (const auto& server : from["servers"]) {
        t.servers.push_back(server_of(server.value()));
    }
    return t;
}

read_preference preference_of(const value_view& from) {
    read_preference preference;
    if (const auto mode = from["mode"]) {
        auto name = mode.get<std::string>();  // as in the class names of some drivers: "Primary"
        name.at(0) = name.at(0) == 'P' ? 'p' : name.at(0) == 'S' ? 's' : 'n';
        preference.mode = named(name, read_mode::nearest);
    }
    preference.tag_sets =
        from["tag_sets"].get<std::optional<bson::array_view>>().value_or(bson::array_view{});
    if (const auto staleness = from["maxStalenessSeconds"]) {
        preference.max_staleness = std::chrono::seconds(staleness.get<std::int64_t>());
    }
    return preference;
}

std::vector<std::string> addresses(const value_view& list) {
    std::vector<std::string> all;
    for (const auto& server : list) {
        all.push_back(server.value()["address"].get<std::string>());
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::string> addresses(const topology::server_list& list) {
    std::vector<std::string> all;
    for (const auto* server : list) {
        all.push_back(server->address);
    }
    std::sort(all.begin(), all.end());
    return all;
}

void expect_same(checks& made, std::string_view what, const std::vector<std::string>& got,
                 const std::vector<std::string>& wanted) {
    const auto joined = [](const std::vector<std::string>& list) {
        std::string text;
        for (const auto& item : list) {
            text += text.empty() ? item : ", " + item;
        }
        return "[" + text + "]";
    };
    made.expect(got == wanted,
                std::string(what) + ": got " + joined(got) + ", wanted " + joined(wanted));
}

void selection(document_view test, checks& made) {
    const auto topology = topology_of(test["topology_description"]);
    topology::selection_criteria criteria;
    if (test["operation"].get_or<std::string_view>("read") == "write") {
        criteria.operation = topology::operation_kind::write;
    }
    criteria.preference = preference_of(test["read_preference"]);
    const auto avoided = addresses(test["deprioritized_servers"]);
    criteria.deprioritized = avoided;
    if (const auto frequency = test["heartbeatFrequencyMS"]) {
        criteria.heartbeat_frequency = milliseconds(frequency.get<std::int64_t>());
    }

    topology::server_list servers;
    const auto found = topology::find_suitable(topology, criteria, servers);
    if (test["error"].get_or(false)) {
        made.expect(found.error() == errc::invalid_argument, "the read preference was taken");
        return;
    }
    if (!made.expect(found.has_value(), found.error().to_string())) {
        return;
    }
    expect_same(made, "suitable", addresses(servers), addresses(test["suitable_servers"]));
    topology::keep_in_window(servers, criteria.local_threshold);
    const auto in_window = addresses(test["in_latency_window"]);
    expect_same(made, "in the window", addresses(servers), in_window);

    std::minstd_rand random;
    const auto one = topology::select(
        topology, criteria, [](const auto&) { return 0; }, random, servers);
    if (made.expect(one.has_value(), "nothing selected: " + one.error().to_string())) {
        made.expect(*one == nullptr ? in_window.empty()
                                    : std::ranges::count(in_window, (*one)->address) == 1,
                    "the one selected is not in the window");
    }
    made.expect(!topology::selection_timeout(topology, criteria, milliseconds(1)).message().empty(),
                "no text for a timeout");
}

void in_window(document_view test, checks& made) {
    const auto topology = topology_of(test["topology_description"]);
    std::map<std::string, std::int64_t> counts;
    for (const auto& state : test["mocked_topology_state"]) {
        counts[state.value()["address"].get<std::string>()] =
            state.value()["operation_count"].get<std::int64_t>();
    }
    topology::selection_criteria criteria;
    criteria.preference.mode = read_mode::nearest;
    topology::server_list scratch;
    std::mt19937 random(42);
    std::map<std::string, double> selected;
    const auto iterations = test["iterations"].get<std::int32_t>();
    for (int i = 0; i < iterations; ++i) {
        const auto one = topology::select(
            topology, criteria, [&](const server_description& s) { return counts.at(s.address); },
            random, scratch);
        ++selected[one.value()->address];
    }
    const auto tolerance = test["outcome"]["tolerance"].get<double>();
    for (const auto& expected : test["outcome"]["expected_frequencies"]) {
        const auto wanted = expected.value().get<double>();
        const auto got = selected[std::string(expected.key())] / iterations;
        const bool exactly = wanted == 0 || wanted == 1;
        made.expect(exactly ? got == wanted : std::abs(got - wanted) <= tolerance,
                    std::string(expected.key()) + ": got " + std::to_string(got) + ", wanted " +
                        std::to_string(wanted));
    }
}

void round_trip_time(document_view test, checks& made) {
    topology::rtt times;
    if (test["avg_rtt_ms"].type() != bson::type::string) {  // "NULL"
        times = topology::rtt(from_ms(test["avg_rtt_ms"].get<double>()));
    }
    times.add(from_ms(test["new_rtt_ms"].get<double>()));
    const auto wanted = from_ms(test["new_avg_rtt"].get<double>());
    const auto got = times.get().average.value();
    made.expect(got >= wanted - nanoseconds(1) && got <= wanted + nanoseconds(1),
                "got " + std::to_string(got.count()) + " ns");
}

class server_selection final : public area {
 public:
    explicit server_selection(const settings& s) : unified_(s) {}

    void run(file_run& run) override {
        if (unified_.run(run)) {
            return;
        }
        const auto content = run.content();
        // The folders' files say what is tested by what they have; few have a description.
        const auto description = content["description"].get_or<std::string_view>(run.file().name);
        run.test(description, [content](checks& made) {
            if (content["iterations"]) {
                in_window(content, made);
            } else if (content["new_avg_rtt"]) {
                round_trip_time(content, made);
            } else {
                selection(content, made);
            }
        });
    }

 private:
    unified::runner unified_;
};

}  // namespace

std::unique_ptr<area> make_server_selection(const settings& s) {
    return std::make_unique<server_selection>(s);
}

}  // namespace mongoro::spec
