// With the prose tests of source/polling-srv-records-for-mongos-discovery/tests/README.md, by their
// numbers: what the polling tells goes through the topology's state machine.

#include "dns_support.hpp"

#include "dns/poll_srv.hpp"
#include "dns/seed_list.hpp"
#include "topology/state_machine.hpp"

#include <algorithm>
#include <set>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using manner = dns_server::manner;
using texts = std::vector<std::string>;

constexpr std::string_view name = "_mongodb._tcp.test1.test.build.10gen.cc";
constexpr std::string_view host = "localhost.test.build.10gen.cc";

std::string at(int port) {
    return std::string(host) + ':' + std::to_string(port);
}

/// A topology whose seeds came of DNS, and the polling of its record.
class polled : dns::srv_listener {
 public:
    polled(reactor& on, const dns_server& server, std::string_view text)
        : r_(on), names_(on.core(), asking_briefly(server)) {
        const auto from = uri::parse(text);
        REQUIRE_MESSAGE(from, from.error().to_string());
        dns::resolver first(on.core(), asking(server));
        auto found = sync_wait(on, dns::resolve_seed_list(first, *from));
        REQUIRE_MESSAGE(found, found.error().to_string());
        topology::settings settings;
        for (const auto& seed : found->resolved.hosts()) {
            settings.seeds.push_back(seed.to_string());
        }
        settings.srv = true;
        settings.load_balanced = found->resolved.options().load_balanced.value_or(false);
        settings.srv_max_hosts = from->options().srv_max_hosts.value_or(0);
        machine_ = std::make_unique<topology::state_machine>(std::move(settings));
        static_cast<void>(machine_->open());
        // As soon as may be, whatever the records say.
        dns::srv_polling how{*dns::srv_rules::of(*from)};
        how.heartbeat_frequency = how.minimal_interval = 5ms;
        how.ttl = 0s;
        scope_.emplace(on);
        scope_->spawn(dns::poll_srv(on.core(), names_, how, *this));
    }
    polled(const polled&) = delete;
    polled& operator=(const polled&) = delete;

    /// The topology's hosts.
    [[nodiscard]] texts hosts() const {
        texts all;
        for (const auto& server : machine_->description()->servers) {
            all.push_back(server->address);
        }
        std::ranges::sort(all);
        return all;
    }
    /// Polls until the hosts are these; false if they never are.
    [[nodiscard]] bool become(texts wanted) {
        std::ranges::sort(wanted);
        return poll_until(r_, [&] { return hosts() == wanted; });
    }
    /// Polls until two more queries have come to nothing.
    [[nodiscard]] bool learn_nothing() {
        const auto before = warnings.size();
        return poll_until(r_, [&] { return warnings.size() >= before + 2; });
    }
    [[nodiscard]] reactor& on() noexcept { return r_; }
    void stop() {
        scope_->cancel();
        sync_wait(r_, scope_->join());
    }

    texts warnings;
    std::size_t told = 0;

 private:
    void srv_hosts(std::span<const std::string> hosts) override {
        ++told;
        static_cast<void>(machine_->srv_hosts(hosts));
    }
    void srv_warning(std::string text) override { warnings.push_back(std::move(text)); }

    reactor& r_;
    dns::resolver names_;
    std::unique_ptr<topology::state_machine> machine_;
    std::optional<task_scope> scope_;
};

task<void> in_background(task<void> work) {
    detail::task_context mine = co_await detail::this_context{};
    mine.background = true;
    co_await detail::use_context{&mine};
    co_await std::move(work);
}

/// The zone that every test begins with. No time to live: it is polled as soon as may be.
void begin(dns_server& server) {
    server.srv(name, 27017, host, 0).srv(name, 27018, host, 0);
}

void replace(dns_server& server, const std::vector<int>& ports) {
    server.remove(name);
    for (const int port : ports) {
        server.srv(name, static_cast<std::uint16_t>(port), host, 0);
    }
}

constexpr std::string_view test1 = "mongodb+srv://test1.test.build.10gen.cc";

}  // namespace

TEST_CASE("prose 1 to 5: hosts that come and go are followed") {
    on_each_backend([](reactor& r) {
        const std::vector<std::pair<std::vector<int>, texts>> cases{
            {{27017, 27018, 27019}, {at(27017), at(27018), at(27019)}},
            {{27017}, {at(27017)}},
            {{27017, 27019}, {at(27017), at(27019)}},
            {{27019}, {at(27019)}},
            {{27019, 27020}, {at(27019), at(27020)}},
        };
        for (const auto& [ports, wanted] : cases) {
            dns_server server;
            begin(server);
            polled topology(r, server, test1);
            REQUIRE(topology.hosts() == texts{at(27017), at(27018)});
            replace(server, ports);
            CHECK(topology.become(wanted));
            topology.stop();
        }
    });
}

TEST_CASE("prose 6 to 8: what DNS does not answer, or denies, changes nothing, and is warned of") {
    on_each_backend([](reactor& r) {
        for (const auto how : {manner::keep_silent, manner::fail, manner::refuse, manner::answer}) {
            dns_server server;
            begin(server);
            polled topology(r, server, test1);
            if (how == manner::answer) {
                server.remove(name);  // NXDOMAIN
            } else {
                server.behave(name, how);
            }
            CHECK(topology.learn_nothing());
            CHECK(topology.hosts() == texts{at(27017), at(27018)});
            CHECK(topology.warnings.front().find(name) != std::string::npos);
            // And once it is there again it is followed again.
            server.behave(name, manner::answer);
            replace(server, {27020});
            CHECK(topology.become({at(27020)}));
            topology.stop();
        }
        dns_server server;
        begin(server);
        polled topology(r, server, test1);
        server.remove(name).txt(name, {"of another type"});  // no SRV record left
        CHECK(topology.learn_nothing());
        CHECK(topology.hosts() == texts{at(27017), at(27018)});
        topology.stop();
    });
}

TEST_CASE("prose 9: a load balancer's topology stays as it is") {
    on_each_backend([](reactor& r) {
        dns_server server;
        constexpr std::string_view test3 = "_mongodb._tcp.test3.test.build.10gen.cc";
        server.srv(test3, 27017, host, 0);
        polled topology(r, server, "mongodb+srv://test3.test.build.10gen.cc/?loadBalanced=true");
        server.srv(test3, 27018, host, 0);
        // The client does not start the polling at all; the topology would not follow it either.
        const auto told = topology.told;
        CHECK(poll_until(r, [&] { return topology.told >= told + 2; }));
        CHECK(topology.hosts() == texts{at(27017)});
        topology.stop();
    });
}

TEST_CASE("prose 10, 11: with a srvMaxHosts that is large enough, or 0, all are followed") {
    on_each_backend([](reactor& r) {
        dns_server all;
        begin(all);
        polled unlimited(r, all, std::string(test1) + "/?srvMaxHosts=0");
        replace(all, {27017, 27019, 27020});
        CHECK(unlimited.become({at(27017), at(27019), at(27020)}));
        unlimited.stop();

        dns_server server;
        begin(server);
        polled two(r, server, std::string(test1) + "/?srvMaxHosts=2");
        replace(server, {27019, 27020});
        CHECK(two.become({at(27019), at(27020)}));
        two.stop();
    });
}

TEST_CASE(
    "prose 12: with a smaller srvMaxHosts a new host is chosen by chance, and the old one stays") {
    on_each_backend([](reactor& r) {
        std::set<std::string> chosen;
        for (int i = 0; i < 60 && chosen.size() < 2; ++i) {
            dns_server server;
            begin(server);
            polled topology(r, server, std::string(test1) + "/?srvMaxHosts=2");
            replace(server, {27017, 27019, 27020});
            REQUIRE(poll_until(r, [&] {
                const auto hosts = topology.hosts();
                return hosts.size() == 2 && hosts[0] == at(27017) && hosts[1] != at(27018);
            }));
            chosen.insert(topology.hosts()[1]);
            topology.stop();
        }
        CHECK(chosen == std::set<std::string>{at(27019), at(27020)});
    });
}

TEST_CASE("prose 13: the record of another service name is polled") {
    on_each_backend([](reactor& r) {
        dns_server server;
        constexpr std::string_view custom = "_customname._tcp.test22.test.build.10gen.cc";
        server.srv(custom, 27017, host, 0).srv(custom, 27018, host, 0);
        polled topology(r, server,
                        "mongodb+srv://test22.test.build.10gen.cc/?srvServiceName=customname");
        server.remove(custom).srv(custom, 27019, host, 0).srv(custom, 27020, host, 0);
        CHECK(topology.become({at(27019), at(27020)}));
        topology.stop();
    });
}

TEST_CASE("a host of another domain is left out with a warning, and the others are told") {
    on_each_backend([](reactor& r) {
        dns_server server;
        begin(server);
        polled topology(r, server, test1);
        server.remove(name)
            .srv(name, 27017, "localhost.evil.10gen.cc", 0)
            .srv(name, 27019, host, 0);
        CHECK(topology.become({at(27019)}));
        CHECK(std::ranges::any_of(topology.warnings, [](const std::string& text) {
            return text.find("localhost.evil.10gen.cc") != std::string::npos;
        }));
        // None but such hosts is as good as none.
        const auto told = topology.told;
        server.remove(name).srv(name, 27017, "localhost.evil.10gen.cc", 0);
        CHECK(topology.learn_nothing());
        CHECK(topology.learn_nothing());
        CHECK(topology.told <= told + 1);
        CHECK(topology.hosts() == texts{at(27019)});
        topology.stop();
    });
}

TEST_CASE("a record that nobody can connect to is left out with a warning, and the others told") {
    on_each_backend([](reactor& r) {
        dns_server server;
        begin(server);
        polled topology(r, server, test1);
        server.remove(name)
            .srv(name, 27017, "a b.test.build.10gen.cc", 0)
            .srv(name, 0, host, 0)
            .srv(name, 27019, host, 0)
            .srv(name, 27020, host, 0);
        CHECK(topology.become({at(27019), at(27020)}));
        for (const std::string_view what :
             {"a b.test.build.10gen.cc is left out: the target of an SRV record is no host name",
              "localhost.test.build.10gen.cc is left out: the port of an SRV record is 0"}) {
            CAPTURE(what);
            CHECK(std::ranges::any_of(topology.warnings, [&](const std::string& text) {
                return text.find(what) != std::string::npos;
            }));
        }
        topology.stop();
    });
}

TEST_CASE("the record is not asked for before the time of its records is over") {
    on_each_backend([](reactor& r) {
        struct nobody_listens final : dns::srv_listener {
            void srv_hosts(std::span<const std::string>) override { ++told; }
            void srv_warning(std::string) override { ++told; }
            int told = 0;
        } listener;
        dns_server server;
        server.srv(name, 27017, host, 86400);
        dns::resolver names(r.core(), asking(server));
        const auto from = uri::parse(test1);
        REQUIRE(from);
        dns::srv_polling how{*dns::srv_rules::of(*from)};
        how.minimal_interval = 1ms;
        {
            // Its first answer says a day: there is no second question.
            task_scope scope(r);
            scope.spawn(in_background(dns::poll_srv(r.core(), names, how, listener)));
            REQUIRE(poll_until(r, [&] { return listener.told == 1; }));
            // A reactor with nothing to do but this one's sleep has nothing to do.
            r.run();
            scope.cancel();
            sync_wait(r, scope.join());
        }
        CHECK(server.asked(name) == 1);
        {
            how.minimal_interval = 24h;
            task_scope scope(r);
            scope.spawn(in_background(dns::poll_srv(r.core(), names, how, listener)));
            r.run();
            scope.cancel();
            sync_wait(r, scope.join());
        }
        CHECK(server.asked(name) == 1);
        CHECK(listener.told == 1);
        {
            // Neither does a question that nobody else waits for.
            server.behave(name, manner::keep_silent);
            how.minimal_interval = 0ms;
            task_scope scope(r);
            scope.spawn(in_background(dns::poll_srv(r.core(), names, how, listener)));
            REQUIRE(poll_until(r, [&] { return server.asked(name) == 2; }));
            r.run();
            CHECK(listener.told == 1);
            scope.cancel();
            sync_wait(r, scope.join());
        }
    });
}
