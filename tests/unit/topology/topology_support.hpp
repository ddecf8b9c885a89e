#pragma once

#include "topology/state_machine.hpp"
#include "wire/hello.hpp"

#include <mongoro/bson/json.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mongoro::topology {

/// A hello's reply out of the fields that it has beside `ok` and a wire version in common.
inline wire::hello_reply hello_of(const std::string& fields) {
    const auto reply = bson::from_json(R"({"ok": 1, "minWireVersion": 0, "maxWireVersion": 21)" +
                                       (fields.empty() ? fields : ", " + fields) + "}");
    return wire::parse_hello(reply.value()).value();
}

inline const std::string primary_of_two =
    R"("isWritablePrimary": true, "setName": "rs", "hosts": ["a:27017", "b:27017"])";
inline const std::string secondary_of_two =
    R"("secondary": true, "setName": "rs", "hosts": ["a:27017", "b:27017"])";

/// The actions of one kind.
template <typename Action>
std::vector<Action> all(const actions& from) {
    std::vector<Action> found;
    for (const auto& action : from) {
        if (const auto* one = std::get_if<Action>(&action)) {
            found.push_back(*one);
        }
    }
    return found;
}

/// The events of one kind among the actions.
template <typename Event>
std::vector<Event> events(const actions& from) {
    std::vector<Event> found;
    for (const auto& published : all<publish>(from)) {
        if (const auto* one = std::get_if<Event>(&published.event)) {
            found.push_back(*one);
        }
    }
    return found;
}

/// A topology that is open, with servers to hear of.
class watched {
 public:
    explicit watched(settings s) : machine(std::move(s)), opening(machine.open()) {}

    actions hears(std::string_view address, const std::string& fields) {
        now += std::chrono::seconds(1);
        return machine.hello(address, hello_of(fields), round_trip{std::chrono::milliseconds(5)},
                             now);
    }
    actions check_fails(std::string_view address, const error& why) {
        now += std::chrono::seconds(1);
        return machine.check_failed(address, why, now);
    }
    [[nodiscard]] const topology_description& known() const { return *machine.description(); }
    [[nodiscard]] const server_description& known(std::string_view address) const {
        return *machine.description()->find(address);
    }

    state_machine machine;
    actions opening;
    state_machine::time_point now{};
};

/// A replica set of a, the primary, and b, a secondary.
inline watched replica_set() {
    settings s;
    s.seeds = {"a"};
    s.set_name = "rs";
    watched set(std::move(s));
    (void)set.hears("a:27017", primary_of_two);
    (void)set.hears("b:27017", secondary_of_two);
    return set;
}

}  // namespace mongoro::topology
