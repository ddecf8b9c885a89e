// Spec: source/initial-dns-seedlist-discovery/tests/README.md. Its records are served by a name
// server of the runner's own. What a deployment is needed for, the hosts that are found behind the
// seeds, is a test of its own in each file.

#include "area.hpp"
#include "dns_server.hpp"
#include "uri_shown.hpp"

#include "dns/seed_list.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/uri.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

void fill(test::dns_server& zone) {
    zone.a("localhost.test.build.10gen.cc", "127.0.0.1");
    zone.a("localhost.sub.test.build.10gen.cc", "127.0.0.1");
    for (const auto& row : srv_rows) {
        zone.srv(std::string(row.name) + std::string(domain), row.port, row.target);
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

void check_seeds(const uri& resolved, bson::array_view wanted, checks& made) {
    std::vector<std::string> expected;
    for (const auto& element : wanted) {
        expected.push_back(element.value().get<std::string>());
    }
    std::vector<std::string> got;
    for (const auto& host : resolved.hosts()) {
        got.push_back(host.to_string());
    }
    std::ranges::sort(expected);
    std::ranges::sort(got);
    made.expect(got == expected, "other seeds than there should be");
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

class initial_dns_seedlist_discovery final : public area {
 public:
    initial_dns_seedlist_discovery() : names_(reactor_.core(), options()) { fill(server_); }

    void run(file_run& run) override {
        const auto test = run.content();
        const bool fails = test["error"].get<std::optional<bool>>().value_or(false);
        run.test("seeds", [&](checks& made) { check(test, fails, made); });
        const bool found = test["hosts"].get<std::optional<bson::array_view>>().has_value() ||
                           test["numHosts"].get<std::optional<std::int32_t>>().has_value();
        if (!fails && found) {
            run.test("hosts", [](checks& made) {
                made.skip("the hosts behind the seeds need a deployment");
            });
        }
    }

 private:
    [[nodiscard]] dns::resolver_options options() const {
        dns::resolver_options chosen;
        chosen.servers = server_.address();
        return chosen;
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
};

}  // namespace

std::unique_ptr<area> make_initial_dns_seedlist_discovery(const settings& /*s*/) {
    return std::make_unique<initial_dns_seedlist_discovery>();
}

}  // namespace mongoro::spec
