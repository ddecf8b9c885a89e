#pragma once

#include "backends.hpp"
#include "deployment.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/client.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

using namespace std::chrono_literals;

/// Keeps what a client's monitors told, all on the reactor's thread.
class watcher final : public topology_listener {
 public:
    void on(const topology_description_changed_event& e) noexcept override {
        now = e.new_description;
    }
    void on(const server_closed_event& e) noexcept override { closed.push_back(e.address); }
    void on(const server_heartbeat_succeeded_event& e) noexcept override {
        ++(e.awaited ? awaited : asked)[e.address];
    }
    void on(const server_heartbeat_failed_event& e) noexcept override { ++failed[e.address]; }

    [[nodiscard]] server_type type_of(const std::string& address) const {
        const auto* const server = now->find(address);
        return server == nullptr ? server_type::unknown : server->type;
    }
    [[nodiscard]] bool all_known() const {
        for (const auto& server : now->servers) {
            if (server->type == server_type::unknown) {
                return false;
            }
        }
        return !now->servers.empty();
    }

    topology_description_ptr now = std::make_shared<const topology_description>();
    std::vector<std::string> closed;
    std::map<std::string, std::size_t> awaited;  // heartbeats that came by themselves
    std::map<std::string, std::size_t> asked;
    std::map<std::string, std::size_t> failed;
};

inline const std::vector<role> three_members{role::primary, role::secondary, role::secondary};

/// Servers that tell one story, and a client that watches them.
struct set_scene {
    explicit set_scene(reactor& on, const std::vector<role>& roles = three_members,
                       std::string_view options = {}, std::string_view app_name = {})
        : r(on),
          set(roles),
          client(on, set.uri(options), {.app_name = app_name, .topology_listener = seen}) {}

    /// Polls until the client has seen it.
    template <typename Done>
    [[nodiscard]] bool until(Done done) {
        return poll_until(r, done);
    }
    [[nodiscard]] bool until_all_known() {
        return until([this] { return seen->now->servers.size() > 0 && seen->all_known(); });
    }
    [[nodiscard]] bool until_type(topology_type type) {
        return until([this, type] { return seen->now->type == type; });
    }
    [[nodiscard]] bool until_member(std::size_t member, server_type type) {
        return until([this, member, type] { return seen->type_of(set.address(member)) == type; });
    }

    reactor& r;
    mongoro::test::deployment set;
    std::shared_ptr<watcher> seen = std::make_shared<watcher>();
    mongoro::client client;
    collection<> c = client["db"]["c"];
};

inline void find_often(reactor& r, const collection<>& c, int times) {
    for (int i = 0; i < times; ++i) {
        const auto e = error_of(r, c.find_one());
        CHECK_MESSAGE(!e, e.to_string());
    }
}

}  // namespace mongoro::test
