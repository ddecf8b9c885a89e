#pragma once

#include "backends.hpp"
#include "real_server.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/client.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace mongoro::test {

using namespace std::chrono_literals;
using documents = std::vector<document>;

/// A client of the real server, with a database of its own that is dropped at the end.
struct server_scene {
    server_scene(reactor& on, const std::string& uri, const client_options& options = {});
    server_scene(const server_scene&) = delete;
    server_scene& operator=(const server_scene&) = delete;
    ~server_scene();

    /// All documents of `c`, by `_id`.
    [[nodiscard]] documents all() const;
    /// Inserts {_id: 0, x: 0}, {_id: 1, x: 1}, …
    void insert_numbered(int count) const;
    /// Makes the server fail commands of this client: what `data` says, until the result ends.
    [[nodiscard]] fail_point fail_command(const document& mode, const document& data) const;

    reactor& r;
    mongoro::client client;
    mongoro::client admin;  // so that neither fail points nor their end need `client`'s connections
    database db;
    collection<> c;
};

/// {_id: i, x: i}
[[nodiscard]] document numbered_document(int i);
[[nodiscard]] std::vector<int> ids_of(const documents& of);

}  // namespace mongoro::test
