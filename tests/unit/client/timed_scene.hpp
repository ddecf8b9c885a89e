#pragma once

#include "client_support.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace mongoro::test {

/// A scripted server, and a client whose connection string has these options.
struct timed_scene {
    timed_scene(reactor& on, const std::string& uri_options, const client_options& options = {})
        : r(on), client(on, peer.uri() + "?" + uri_options, options) {}

    /// The peer answers every command of that name with this.
    void always(std::string name, document_view reply) {
        peer.always(std::move(name), reply_script().reply(reply));
    }
    /// The last command of that name.
    [[nodiscard]] document last(std::string_view name) const {
        const auto commands = peer.received(name);
        REQUIRE(!commands.empty());
        return commands.back().body;
    }
    [[nodiscard]] bool all_idle() const {
        const auto counted = client.statistics();
        return counted.connections == counted.idle_connections;
    }

    reactor& r;
    op_msg_peer peer;
    mongoro::client client;
    collection<> c = client["db"]["c"];
};

inline bool says(const error& e, std::string_view text) {
    return e.to_string().find(text) != std::string::npos;
}

}  // namespace mongoro::test
