// Spec: source/initial-dns-seedlist-discovery/tests/README.md. Its records are served by a name
// server of the runner's own, and so are the deployments behind them: scripted ones, of the kind
// that the file's folder asks for, on ports that are free. Their records name these ports; what a
// client finds is compared by the port that the README has in the place of each.

#include "area.hpp"
#include "certificates.hpp"
#include "deployment.hpp"
#include "dns_server.hpp"
#include "tls_server.hpp"
#include "uri_shown.hpp"

#include "dns/seed_list.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/bson/array_view.hpp>
#include <mongoro/client.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/uri.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mongoro::spec {

namespace {

using bson::document_view;

constexpr std::string_view domain = ".test.build.10gen.cc";

struct srv_row {
    std::string_view name;
    std::uint16_t port;
    std::string_view target;
};
constexpr std::array<srv_row, 26> srv_rows{{
    {"_mongodb._tcp.test1", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test1", 27018, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test2", 27018, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test2", 27019, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test3", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test5", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test6", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test7", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test8", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test10", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test11", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test12", 27017, "localhost.build.10gen.cc"},
    {"_mongodb._tcp.test13", 27017, "test.build.10gen.cc"},
    {"_mongodb._tcp.test14", 27017, "localhost.not-test.build.10gen.cc"},
    {"_mongodb._tcp.test15", 27017, "localhost.test.not-build.10gen.cc"},
    {"_mongodb._tcp.test16", 27017, "localhost.test.build.not-10gen.cc"},
    {"_mongodb._tcp.test17", 27017, "localhost.test.build.10gen.not-cc"},
    {"_mongodb._tcp.test18", 27017, "localhost.sub.test.build.10gen.cc"},
    {"_mongodb._tcp.test19", 27017, "localhost.evil.build.10gen.cc"},
    {"_mongodb._tcp.test19", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test20", 27017, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test21", 27017, "localhost.test.build.10gen.cc"},
    {"_customname._tcp.test22", 27017, "localhost.test.build.10gen.cc"},
    // Not in the list of records, and yet in the file's seeds.
    {"_customname._tcp.test22", 27018, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test23", 8000, "localhost.test.build.10gen.cc"},
    {"_mongodb._tcp.test24", 8000, "localhost.test.build.10gen.cc"},
}};

/// The port that stands in the place of one of the README's.
using port_map = std::map<std::uint16_t, std::uint16_t>;

void fill(test::dns_server& zone, const port_map& ports = {}) {
    zone.a("localhost.test.build.10gen.cc", "127.0.0.1");
    zone.a("localhost.sub.test.build.10gen.cc", "127.0.0.1");
    for (const auto& row : srv_rows) {
        const auto instead = ports.find(row.port);
        zone.srv(std::string(row.name) + std::string(domain),
                 instead != ports.end() ? instead->second : row.port, row.target);
    }
    // Of names of three and four labels that are their own only host: not in the list either.
    zone.srv("_mongodb._tcp.build.10gen.cc", 27017, "build.10gen.cc");
    zone.srv("_mongodb._tcp.test.build.10gen.cc", 27017, "test.build.10gen.cc");
    const auto txt = [&](std::string_view name, const std::vector<std::string>& strings) {
        zone.txt(std::string(name) + std::string(domain), strings);
    };
    txt("test5", {"replicaSet=repl0&authSource=thisDB"});
    txt("test6", {"replicaSet=repl0"});
    txt("test6", {"authSource=otherDB"});
    txt("test7", {"ssl=false"});
    txt("test8", {"authSource"});
    txt("test10", {"socketTimeoutMS=500"});
    txt("test11", {"replicaS", "et=rep", "l0"});
    txt("test20", {"loadBalanced=true"});
    txt("test21", {"loadBalanced=false"});
    txt("test24", {"loadBalanced=true"});
}

std::string differs(std::string_view what, std::string_view got, std::string_view wanted) {
    return std::string(what) + ": got " + std::string(got) + ", wanted " + std::string(wanted);
}

std::vector<std::string> sorted_texts(bson::array_view from) {
    std::vector<std::string> texts;
    for (const auto& element : from) {
        texts.push_back(element.value().get<std::string>());
    }
    std::ranges::sort(texts);
    return texts;
}

void check_seeds(const uri& resolved, bson::array_view wanted, checks& made) {
    std::vector<std::string> got;
    for (const auto& host : resolved.hosts()) {
        got.push_back(host.to_string());
    }
    std::ranges::sort(got);
    made.expect(got == sorted_texts(wanted), "other seeds than there should be");
}

void check_options(const uri& resolved, document_view wanted, checks& made) {
    for (const auto& element : wanted) {
        const std::string name(element.key());
        // What is asked for is what holds, and the scheme alone is enough for it.
        const bool tls = name == "ssl" || name == "tls";
        const auto got = tls ? std::optional<std::string>(resolved.uses_tls() ? "true" : "false")
                             : shown_option(resolved, name);
        if (made.expect(got.has_value(), "no option is called " + name)) {
            const auto value = shown_value(element.value());
            made.expect(*got == value, differs(name, *got, value));
        }
    }
}

void check_parsed_options(const uri& resolved, document_view wanted, checks& made) {
    const auto* const who = resolved.credential();
    for (const auto& element : wanted) {
        const auto name = element.key();
        const auto value = element.value().get<std::string_view>();
        if (name == "user") {
            made.expect(who != nullptr && who->username == value, "another user name");
        } else if (name == "password") {
            made.expect(who != nullptr && who->password == value, "another password");
        } else if (name == "db" || name == "defaultDatabase") {
            made.expect(resolved.database() == value,
                        differs("database", resolved.database(), value));
        } else if (name == "auth_database") {
            // Where to log in; without a login the database of the string says where it would be.
            const std::string_view source = who != nullptr ? who->source : resolved.database();
            made.expect(source == value, differs("auth_database", source, value));
        } else {
            made.fail("an unknown parsed option: " + std::string(name));
        }
    }
}

/// The last that a client's monitors told.
class last_topology final : public topology_listener {
 public:
    void on(const topology_description_changed_event& e) noexcept override {
        now = e.new_description;
    }
    topology_description_ptr now = std::make_shared<const topology_description>();
};

/// A deployment of the README's, and the name server that leads to it.
class scene {
 public:
    /// `folder`: of the file. `tls`: null where the file turns it off.
    scene(std::string_view folder, test::tls_server* tls)
        : servers_(roles_of(folder), options(tls)) {
        if (folder == "load-balanced") {
            ports_ = {{8000, servers_.port(0)}};
        } else {
            for (std::size_t i = 0; i < servers_.size(); ++i) {
                ports_[static_cast<std::uint16_t>(27017 + i)] = servers_.port(i);
            }
        }
        fill(names_, ports_);
    }

    [[nodiscard]] const test::dns_server& names() const noexcept { return names_; }
    [[nodiscard]] std::size_t connections() const {
        std::size_t all = 0;
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            all += servers_.connections(i);
        }
        return all;
    }
    /// The addresses of the servers, with the README's ports.
    [[nodiscard]] std::vector<std::string> hosts_of(const topology_description& topology) const {
        std::vector<std::string> hosts;
        for (const auto& server : topology.servers) {
            auto host = server->address;
            for (const auto& [known, real] : ports_) {
                const auto ending = ':' + std::to_string(real);
                if (host.ends_with(ending)) {
                    host.replace(host.size() - ending.size(), ending.size(),
                                 ':' + std::to_string(known));
                    break;
                }
            }
            hosts.push_back(std::move(host));
        }
        std::ranges::sort(hosts);
        return hosts;
    }

 private:
    static std::vector<test::role> roles_of(std::string_view folder) {
        using test::role;
        if (folder == "load-balanced") {
            return {role::load_balancer};
        }
        if (folder == "sharded") {
            return {role::mongos, role::mongos};
        }
        return {role::primary, role::secondary, role::secondary};
    }
    static test::deployment_options options(test::tls_server* tls) {
        test::deployment_options made;
        made.set_name = "repl0";
        made.host = "localhost";
        made.tls = tls;
        return made;
    }

    test::deployment servers_;
    test::dns_server names_;
    port_map ports_;
};

class initial_dns_seedlist_discovery final : public area {
 public:
    initial_dns_seedlist_discovery() : names_(reactor_.core(), options()), tls_(serving()) {
        fill(server_);
    }

    void run(file_run& run) override {
        const auto test = run.content();
        const bool fails = test["error"].get<std::optional<bool>>().value_or(false);
        run.test("seeds", [&](checks& made) { check(test, fails, made); });
        const std::string_view name = run.file().name;
        const auto folder = name.substr(0, name.find('/'));
        if (fails) {
            run.test("error", [&](checks& made) { check_error(test, folder, made); });
        } else if (test["hosts"].exists() || test["numHosts"].exists()) {
            run.test("hosts", [&](checks& made) { check_hosts(test, folder, made); });
        }
    }

 private:
    [[nodiscard]] dns::resolver_options options() const {
        dns::resolver_options chosen;
        chosen.servers = server_.address();
        return chosen;
    }

    [[nodiscard]] test::tls_server_options serving() const {
        test::tls_server_options made;
        made.certificate =
            authority_.issue({.alternative = "DNS:localhost,DNS:*.test.build.10gen.cc,"
                                             "DNS:localhost.sub.test.build.10gen.cc"});
        return made;
    }

    /// The file's connection string, and whom to trust.
    [[nodiscard]] std::string with_authority(std::string_view text) const {
        const auto begin = text.find("://") + 3;
        const auto* const between = text.find('?') != std::string_view::npos          ? "&"
                                    : text.find('/', begin) != std::string_view::npos ? "?"
                                                                                      : "/?";
        return std::string(text) + between + "tlsCAFile=" + ca_file_;
    }

    result<client> make_client(document_view test, const scene& there,
                               const std::shared_ptr<last_topology>& seen) {
        client_options chosen;
        const auto servers = there.names().address();
        chosen.dns_servers = servers;
        chosen.topology_listener = seen;
        return client::create(reactor_, with_authority(test["uri"].get<std::string_view>()),
                              chosen);
    }

    void check_error(document_view test, std::string_view folder, checks& made) {
        const scene there(folder, &tls_);
        const auto seen = std::make_shared<last_topology>();
        const auto c = make_client(test, there, seen);
        error why = c.error();
        if (c) {
            const auto pinged = sync_wait(reactor_, as_result(c->ping()));
            if (!made.expect(!pinged.has_value(), "no error")) {
                return;
            }
            why = pinged.error();
        }
        made.expect(why == errc::invalid_uri || why == errc::name_resolution_failed,
                    "another error: " + why.to_string());
        made.expect(there.connections() == 0, "a server was connected to");
    }

    void check_hosts(document_view test, std::string_view folder, checks& made) {
        const bool plain = test["options"]["ssl"].get_or<bool>(true) == false;
        const scene there(folder, plain ? nullptr : &tls_);
        const auto seen = std::make_shared<last_topology>();
        const auto handshakes = tls_.handshakes();
        const auto c = make_client(test, there, seen);
        if (!made.expect(c.has_value(), c.error().to_string())) {
            return;
        }
        if (test["ping"].get_or<bool>(true)) {
            const auto pinged = sync_wait(reactor_, as_result(c->ping()));
            made.expect(pinged.has_value(), "ping: " + pinged.error().to_string());
        }
        const auto until = [&](auto done) {
            const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
            while (!done() && std::chrono::steady_clock::now() < limit) {
                if (reactor_.poll() == 0) {
                    std::this_thread::sleep_for(std::chrono::microseconds(200));
                }
            }
        };
        // All of them, and nothing that has still to be looked at: no other could be found any
        // more.
        const auto all_known = [&] {
            return !seen->now->servers.empty() &&
                   std::ranges::none_of(seen->now->servers, [](const auto& server) {
                       return server->type == server_type::unknown;
                   });
        };
        until(all_known);
        made.expect(all_known(), "not all servers are known: " + seen->now->to_string());
        const auto got = there.hosts_of(*seen->now);
        if (const auto wanted = test["hosts"].get<std::optional<bson::array_view>>()) {
            made.expect(got == sorted_texts(*wanted), "other hosts: " + seen->now->to_string());
        }
        if (const auto count = test["numHosts"].get<std::optional<std::int32_t>>()) {
            made.expect(got.size() == static_cast<std::size_t>(*count),
                        "another number of hosts: " + seen->now->to_string());
        }
        made.expect((tls_.handshakes() == handshakes) == plain, "TLS is not as it should be");
        const auto closed = sync_wait(reactor_, as_result(c->close()));
        made.expect(closed.has_value(), "close: " + closed.error().to_string());
    }

    /// All that can be said of a client that has not connected yet.
    void check(document_view test, bool fails, checks& made) {
        const auto resolved = resolve(test["uri"].get<std::string_view>());
        if (fails) {
            made.expect(!resolved.has_value(), "no error");
            made.expect(resolved.error() == errc::invalid_uri ||
                            resolved.error() == errc::name_resolution_failed,
                        "another error: " + resolved.error().to_string());
            return;
        }
        if (!made.expect(resolved.has_value(), resolved.error().to_string())) {
            return;
        }
        if (const auto seeds = test["seeds"].get<std::optional<bson::array_view>>()) {
            check_seeds(*resolved, *seeds, made);
        }
        if (const auto count = test["numSeeds"].get<std::optional<std::int32_t>>()) {
            made.expect(resolved->hosts().size() == static_cast<std::size_t>(*count),
                        "another number of seeds");
        }
        if (const auto wanted = test["options"].get<std::optional<document_view>>()) {
            check_options(*resolved, *wanted, made);
        }
        if (const auto wanted = test["parsed_options"].get<std::optional<document_view>>()) {
            check_parsed_options(*resolved, *wanted, made);
        }
    }

    result<uri> resolve(std::string_view text) {
        const auto from = uri::parse(text);
        if (!from) {
            return from.error();
        }
        auto found = sync_wait(reactor_, dns::resolve_seed_list(names_, *from));
        if (!found) {
            return found.error();
        }
        return std::move(found->resolved);
    }

    test::dns_server server_;
    reactor reactor_;
    dns::resolver names_;
    test::identity authority_ = test::identity::authority();
    test::temporary_files files_;
    std::string ca_file_ = files_.write("ca.pem", authority_.certificate_pem());
    test::tls_server tls_;
};

}  // namespace

std::unique_ptr<area> make_initial_dns_seedlist_discovery(const settings& /*s*/) {
    return std::make_unique<initial_dns_seedlist_discovery>();
}

}  // namespace mongoro::spec
