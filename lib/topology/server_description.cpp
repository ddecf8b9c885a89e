#include "topology/server_description.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <tuple>
#include <utility>

namespace mongoro {

std::string_view to_string(server_type type) noexcept {
    switch (type) {
        case server_type::unknown:
            break;
        case server_type::standalone:
            return "Standalone";
        case server_type::mongos:
            return "Mongos";
        case server_type::rs_primary:
            return "RSPrimary";
        case server_type::rs_secondary:
            return "RSSecondary";
        case server_type::rs_arbiter:
            return "RSArbiter";
        case server_type::rs_other:
            return "RSOther";
        case server_type::rs_ghost:
            return "RSGhost";
        case server_type::load_balancer:
            return "LoadBalancer";
    }
    return "Unknown";
}

std::string server_description::to_string() const {
    std::string text = address + ' ' + std::string(mongoro::to_string(type));
    if (round_trip_time) {
        const auto tenths = *round_trip_time / std::chrono::microseconds(100);
        text += ", rtt " + std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " ms";
    }
    if (error) {
        text += " (" + error.to_string() + ')';
    }
    return text;
}

bool operator==(const server_description& a, const server_description& b) {
    const auto compared = [](const server_description& s) {
        return std::tie(s.address, s.type, s.min_wire_version, s.max_wire_version, s.me, s.hosts,
                        s.passives, s.arbiters, s.tags, s.set_name, s.set_version, s.election_id,
                        s.primary, s.logical_session_timeout_minutes, s.topology_version,
                        s.is_cryptd);
    };
    return &a == &b || (compared(a) == compared(b) && topology::same_error(a.error, b.error));
}

namespace topology {

namespace {

std::vector<std::string> normal_addresses(const std::vector<std::string>& from) {
    std::vector<std::string> addresses;
    addresses.reserve(from.size());
    for (const auto& address : from) {
        addresses.push_back(normal_address(address));
    }
    // Sets: the order in which a member lists the others says nothing.
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    return addresses;
}

template <typename T>
std::optional<T> optional_field(const bson::value_view& value) {
    T out{};
    return value.read(out) == errc{} ? std::optional<T>(out) : std::nullopt;
}

/// Nothing for one of thirty thousand years ago, or ahead: with those no staleness can be computed.
std::optional<bson::date> date_of_write(const bson::value_view& value) {
    constexpr std::chrono::milliseconds farthest{1'000'000'000'000'000};
    const auto date = optional_field<bson::date>(value);
    const bool plausible =
        date && date->time_since_epoch() >= -farthest && date->time_since_epoch() <= farthest;
    return plausible ? date : std::nullopt;
}

}  // namespace

std::string normal_address(std::string_view address) {
    std::string normal(address);
    if (normal.empty() || normal.find('/') != std::string::npos) {
        return normal;  // a socket's path, perhaps a relative one
    }
    // But for the zone of an IPv6 address, which is the name of a network interface.
    const auto end = normal.front() == '[' ? normal.find('%') : std::string::npos;
    for (char& c : std::span(normal).first(std::min(end, normal.size()))) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const auto bracket = normal.rfind(']');
    const auto colon = normal.rfind(':');
    if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket)) {
        normal += ":27017";
    }
    return normal;
}

server_description described(std::string_view address, const wire::hello_reply& hello,
                             round_trip rtt, server_description::time_point now) {
    server_description s;
    s.address = address;
    s.type = hello.type();
    s.round_trip_time = rtt.average;
    s.min_round_trip_time = rtt.min;
    s.last_update_time = now;
    s.min_wire_version = hello.limits.min_wire_version;
    s.max_wire_version = hello.limits.max_wire_version;
    s.me = normal_address(hello.me);
    s.hosts = normal_addresses(hello.hosts);
    s.passives = normal_addresses(hello.passives);
    s.arbiters = normal_addresses(hello.arbiters);
    s.set_name = hello.set_name;
    s.primary = normal_address(hello.primary);
    s.logical_session_timeout_minutes = hello.logical_session_timeout_minutes;

    const auto reply = hello.document();
    s.topology_version = topology_version_of(reply);
    s.set_version = optional_field<std::int64_t>(reply["setVersion"]);
    s.election_id = optional_field<bson::object_id>(reply["electionId"]);
    s.is_cryptd = reply["iscryptd"].get_or(false);
    s.last_write_date = date_of_write(reply["lastWrite"]["lastWriteDate"]);
    for (const auto& tag : reply["tags"]) {
        std::string_view value;
        if (tag.value().read(value) == errc{}) {
            s.tags.emplace(tag.key(), value);
        }
    }
    return s;
}

server_description unknown_server(std::string_view address, error why,
                                  server_description::time_point when) {
    server_description s;
    s.address = address;
    s.error = std::move(why);
    s.last_update_time = when;
    return s;
}

std::optional<topology_version> topology_version_of(bson::document_view reply) {
    const auto from = reply["topologyVersion"];
    topology_version version;
    if (from["processId"].read(version.process_id) != errc{} ||
        from["counter"].read(version.counter) != errc{}) {
        return std::nullopt;
    }
    return version;
}

freshness compare(const std::optional<topology_version>& theirs,
                  const std::optional<topology_version>& ours) noexcept {
    if (!theirs || !ours || theirs->process_id != ours->process_id ||
        theirs->counter > ours->counter) {
        return freshness::newer;
    }
    return theirs->counter == ours->counter ? freshness::same : freshness::older;
}

bool same_error(const error& a, const error& b) noexcept {
    if (a.code() != b.code() || a.message() != b.message() || a.server_code() != b.server_code() ||
        a.server_message() != b.server_message()) {
        return false;
    }
    const auto* const cause = a.cause();
    const auto* const other = b.cause();
    return (cause == nullptr) == (other == nullptr) &&
           (cause == nullptr || same_error(*cause, *other));
}

}  // namespace topology

}  // namespace mongoro
