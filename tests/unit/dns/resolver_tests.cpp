#include "dns_support.hpp"

#include <algorithm>
#include <chrono>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using manner = dns_server::manner;
using type = dns_server::type;
using names = std::vector<std::string>;

result<std::vector<io::address>> look_up(reactor& r, const dns_server& server,
                                         const std::string& name) {
    dns::resolver with(r.core(), asking(server));
    return sync_wait(r, with.addresses(name, 27017));
}

/// Waits long for an answer, unless there is to be none.
error failure(reactor& r, const dns_server& server, const std::string& name, bool answered) {
    dns::resolver with(r.core(), answered ? asking(server) : asking_briefly(server));
    return sync_wait(r, with.addresses(name, 1)).error();
}

}  // namespace

TEST_CASE("a name has the addresses of both families, with the port that was asked for") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.a("db.example.test", "192.0.2.1")
            .a("db.example.test", "192.0.2.2")
            .aaaa("db.example.test", "2001:db8::1");
        const auto found = look_up(r, server, "DB.example.test");
        REQUIRE_MESSAGE(found, found.error().to_string());
        auto texts = texts_of(*found);
        std::ranges::sort(texts);
        CHECK(texts == names{"192.0.2.1:27017", "192.0.2.2:27017", "[2001:db8::1]:27017"});
    });
}

TEST_CASE("a name with addresses of one family is found, whatever becomes of the other question") {
    on_each_backend([](reactor& r) {
        for (const auto how : {manner::answer, manner::fail, manner::refuse}) {
            dns_server server;
            server.a("db.example.test", "192.0.2.1").behave("db.example.test", type::aaaa, how);
            const auto found = look_up(r, server, "db.example.test");
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) == names{"192.0.2.1:27017"});
        }
    });
}

TEST_CASE("a lost answer about one family costs half a second, and not the other's addresses") {
    on_each_backend([](reactor& r) {
        for (const auto lost : {type::a, type::aaaa}) {
            dns_server server;
            server.a("db.example.test", "192.0.2.1")
                .aaaa("db.example.test", "2001:db8::1")
                .behave("db.example.test", lost, manner::keep_silent);
            dns::resolver with(r.core(), asking(server));
            const auto begin = std::chrono::steady_clock::now();
            const auto found = sync_wait(r, with.addresses("db.example.test", 1));
            const auto took = std::chrono::steady_clock::now() - begin;
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) ==
                  names{lost == type::aaaa ? "192.0.2.1:1" : "[2001:db8::1]:1"});
            CHECK(took >= 400ms);
            CHECK(took < 4s);  // before the time-out of the question that nobody answers
            // Nobody waits for it any more.
            r.run();
            CHECK(std::chrono::steady_clock::now() - begin < 4s);
            CHECK(server.asked("db.example.test", lost) == 1);
        }
    });
}

TEST_CASE("addresses that there is no way to wait for the others, and stand behind them") {
    on_each_backend([](reactor& r) {
        for (const auto useful : {type::a, type::aaaa}) {
            dns_server server;
            server.a("db.example.test", "192.0.2.1")
                .aaaa("db.example.test", "2001:db8::1")
                .delay("db.example.test", useful, 700ms);
            auto options = asking(server);
            options.is_reachable =
                useful == type::a
                    ? [](const io::address& to) noexcept { return to.family() == AF_INET; }
                    : [](const io::address& to) noexcept { return to.family() == AF_INET6; };
            dns::resolver with(r.core(), std::move(options));
            const auto found = sync_wait(r, with.addresses("db.example.test", 1));
            REQUIRE_MESSAGE(found, found.error().to_string());
            const auto texts = texts_of(*found);
            CHECK(texts == (useful == type::a ? names{"192.0.2.1:1", "[2001:db8::1]:1"}
                                              : names{"[2001:db8::1]:1", "192.0.2.1:1"}));
        }
    });
}

TEST_CASE("a task with less time than that has half of it for connecting") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.a("db.example.test", "192.0.2.1")
            .behave("db.example.test", type::aaaa, manner::keep_silent);
        dns::resolver with(r.core(), asking(server));
        const auto found = sync_wait(r, with_deadline(with.addresses("db.example.test", 1), 450ms));
        CHECK_MESSAGE(found, found.error().to_string());
    });
}

TEST_CASE("an answer that is only late is used, and IPv6 comes first") {
    on_each_backend([](reactor& r) {
        for (const auto late : {type::a, type::aaaa}) {
            dns_server server;
            server.a("db.example.test", "192.0.2.1")
                .aaaa("db.example.test", "2001:db8::1")
                .delay("db.example.test", late, 50ms);
            const auto found = look_up(r, server, "db.example.test");
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) == names{"[2001:db8::1]:27017", "192.0.2.1:27017"});
        }
    });
}

TEST_CASE("an answer about one family that is malformed, and the last, does not matter") {
    on_each_backend([](reactor& r) {
        for (const auto bad : {type::a, type::aaaa}) {
            dns_server server;
            server.a("db.example.test", "192.0.2.1")
                .aaaa("db.example.test", "2001:db8::1")
                .behave("db.example.test", bad, manner::babble)
                .delay("db.example.test", bad, 50ms);
            const auto found = look_up(r, server, "db.example.test");
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) ==
                  names{bad == type::aaaa ? "192.0.2.1:27017" : "[2001:db8::1]:27017"});
        }
    });
}

TEST_CASE("a name with AAAA alone is found, however late the answer is") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.aaaa("six.example.test", "2001:db8::1")
            .aaaa("six.example.test", "2001:db8::2")
            .delay("six.example.test", type::aaaa, 700ms);
        const auto found = look_up(r, server, "six.example.test");
        REQUIRE_MESSAGE(found, found.error().to_string());
        CHECK(found->size() == 2);
    });
}

TEST_CASE("of two failures the one is told that leaves open whether there are addresses") {
    on_each_backend([](reactor& r) {
        for (const auto failing : {type::a, type::aaaa}) {
            dns_server server;
            server.txt("db.example.test", {"x"})
                .behave("db.example.test", failing, manner::fail)
                .txt("mute.example.test", {"x"})
                .behave("mute.example.test", failing, manner::keep_silent);
            for (const bool mute : {false, true}) {
                const std::string name = mute ? "mute.example.test" : "db.example.test";
                const auto e = failure(r, server, name, !mute);
                CHECK(e == errc::name_resolution_failed);
                CHECK_MESSAGE(says(e, name + " (A, AAAA): "), e.to_string());
                CHECK_MESSAGE(says(e, mute ? "in time" : "SERVFAIL"), e.to_string());
            }
        }
    });
}

TEST_CASE("addresses that two search domains have are not mixed: they are of two hosts") {
    const search_domains set("one.test two.test");
    on_each_backend([](reactor& r) {
        for (const bool first : {false, true}) {
            dns_server server;
            server.a(first ? "db.one.test" : "db.two.test", "192.0.2.1")
                .aaaa(first ? "db.two.test" : "db.one.test", "2001:db8::1")
                .a("both.two.test", "192.0.2.2")
                .aaaa("both.two.test", "2001:db8::2");
            auto found = look_up(r, server, "db");
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) == names{first ? "192.0.2.1:27017" : "[2001:db8::1]:27017"});
            found = look_up(r, server, "both");
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) == names{"[2001:db8::2]:27017", "192.0.2.2:27017"});
            CHECK(server.asked("both.two.test") == 2);
        }
    });
}

TEST_CASE("the first search domain counts, however late its answer is") {
    const search_domains set("one.test two.test");
    on_each_backend([](reactor& r) {
        dns_server server;
        server.aaaa("db.one.test", "2001:db8::1")
            .a("db.two.test", "192.0.2.1")
            .delay("db.one.test", type::aaaa, 700ms);
        const auto found = look_up(r, server, "db");
        REQUIRE_MESSAGE(found, found.error().to_string());
        CHECK(texts_of(*found) == names{"[2001:db8::1]:27017"});
    });
}

TEST_CASE("a look-up that ends while it waits for the other family leaves nothing behind") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.a("db.example.test", "192.0.2.1")
            .behave("db.example.test", type::aaaa, manner::keep_silent);
        dns::resolver with(r.core(), asking(server));
        const auto for_a_while = [](reactor& on) {
            const auto until = std::chrono::steady_clock::now() + 100ms;
            while (std::chrono::steady_clock::now() < until) {
                on.poll();
            }
        };
        {
            const running one(r, with.addresses("db.example.test", 1));
            for_a_while(r);
            CHECK(!one.done());
        }
        std::stop_source stop;
        running two(r, with_stop(with.addresses("db.example.test", 1), stop.get_token()));
        for_a_while(r);
        stop.request_stop();
        CHECK(two.wait()->error() == errc::operation_cancelled);
        r.run();
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        dns_server server;
        server.a("db.example.test", "192.0.2.1")
            .behave("db.example.test", type::aaaa, manner::keep_silent);
        dns::resolver with(r->core(), asking(server));
        auto waits = std::make_unique<task_scope>(*r);
        waits->spawn(with.addresses("db.example.test", 1));
        const auto until = std::chrono::steady_clock::now() + 100ms;
        while (std::chrono::steady_clock::now() < until) {
            r->poll();
        }
        r.reset();
        waits.reset();
        CHECK(server.asked("db.example.test") == 2);
    });
}

TEST_CASE("another name's address is found through a CNAME") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.cname("www.example.test", "db.example.test").a("db.example.test", "192.0.2.3");
        const auto found = look_up(r, server, "www.example.test");
        REQUIRE_MESSAGE(found, found.error().to_string());
        CHECK(texts_of(*found) == names{"192.0.2.3:27017"});
    });
}

TEST_CASE("an answer that is too long for UDP comes over TCP") {
    on_each_backend([](reactor& r) {
        dns_server server;
        names expected;
        for (int i = 1; i <= 60; ++i) {
            const auto address = "192.0.2." + std::to_string(i);
            server.a("many.example.test", address);
            expected.push_back(address + ":27017");
        }
        const auto found = look_up(r, server, "many.example.test");
        REQUIRE_MESSAGE(found, found.error().to_string());
        auto texts = texts_of(*found);
        std::ranges::sort(texts);
        std::ranges::sort(expected);
        CHECK(texts == expected);
        CHECK(server.tcp_queries() > 0);
    });
}

TEST_CASE("what DNS says is name_resolution_failed, with the name and a text of its own") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.txt("empty.example.test", {"x"})
            .a("broken.example.test", "192.0.2.1")
            .behave("broken.example.test", manner::fail)
            .behave("closed.example.test", manner::refuse)
            .behave("babel.example.test", manner::babble)
            .behave("mute.example.test", manner::keep_silent)
            .behave("liar.example.test", manner::other_id);
        const std::vector<std::pair<std::string, std::string>> wanted{
            {"none.example.test", "NXDOMAIN"},
            {"empty.example.test", "no such record"},
            {"broken.example.test", "SERVFAIL"},
            {"closed.example.test", "REFUSED"},
            {"babel.example.test", "malformed"},
            {"mute.example.test", "in time"},
            {"liar.example.test", "in time"},
            {std::string(70, 'a') + ".test", "not a name"},
            {std::string("a\0b.test", 8), "not a name"}};
        for (const auto& [name, what] : wanted) {
            CAPTURE(name);
            const auto e = failure(r, server, name, what != "in time");
            CHECK(e == errc::name_resolution_failed);
            CHECK_MESSAGE(says(e, name), e.to_string());
            CHECK_MESSAGE(says(e, what), e.to_string());
        }
    });
}

TEST_CASE("without a name server there is nobody to ask") {
    on_each_backend([](reactor& r) {
        dns::resolver with(r.core(), asking(nobody));
        const auto e = sync_wait(r, with.addresses("db.example.test", 1)).error();
        CHECK(e == errc::name_resolution_failed);
        CHECK_MESSAGE(says(e, "can be reached"), e.to_string());
    });
}

TEST_CASE("the next name server is asked when the first one does not answer") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.a("db.example.test", "192.0.2.1");
        auto options = asking(std::string(nobody) + ',' + server.address());
        dns::resolver with(r.core(), options);
        const auto found = sync_wait(r, with.addresses("db.example.test", 1));
        CHECK_MESSAGE(found, found.error().to_string());
    });
}

TEST_CASE("SRV and TXT records are asked for as they stand; a name without TXT has none") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.srv("_mongodb._tcp.c.example.test", 27018, "A.example.test", 70)
            .txt("c.example.test", {"replica", "Set=rs"})
            .txt("two.example.test", {"a"})
            .txt("two.example.test", {"b"})
            .behave("failing.example.test", manner::fail);
        dns::resolver with(r.core(), asking(server));
        const auto found = sync_wait(r, with.srv("_mongodb._tcp.c.example.test"));
        REQUIRE_MESSAGE(found, found.error().to_string());
        REQUIRE(found->size() == 1);
        CHECK(found->front() == dns::srv_record{"a.example.test", 27018, 70s});
        CHECK(*sync_wait(r, with.txt("c.example.test")) == names{"replicaSet=rs"});
        CHECK(sync_wait(r, with.txt("two.example.test"))->size() == 2);
        CHECK(sync_wait(r, with.txt("_tcp.c.example.test"))->empty());
        CHECK(sync_wait(r, with.txt("none.example.test"))->empty());
        CHECK(says(sync_wait(r, with.txt("failing.example.test")).error(), "SERVFAIL"));
        CHECK(says(sync_wait(r, with.srv("none.example.test")).error(), "NXDOMAIN"));
        CHECK(says(sync_wait(r, with.srv("c.example.test")).error(), "no such record"));
        // No search domain is tried: what is asked for is one name.
        CHECK(server.asked("none.example.test", type::srv) == 1);
    });
}

TEST_CASE("an SRV answer that is malformed, or empty of hosts, is an error that says so") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.raw("short.example.test", type::srv, {0, 0, 0})
            .raw("dot.example.test", type::srv, {0, 0, 0, 0, 0, 1, 3, 'a', '.', 'b', 0})
            .srv("gone.example.test", 0, ".")
            .raw("txt.example.test", type::txt, {9, 'x'});
        dns::resolver with(r.core(), asking(server));
        CHECK(says(sync_wait(r, with.srv("short.example.test")).error(), "malformed"));
        const auto dot = sync_wait(r, with.srv("dot.example.test"));
        REQUIRE_MESSAGE(dot, dot.error().to_string());
        CHECK(dot->front().fault.ends_with("no host name"));
        CHECK(says(sync_wait(r, with.srv("gone.example.test")).error(), "no such record"));
        CHECK(says(sync_wait(r, with.txt("txt.example.test")).error(), "malformed"));
    });
}

TEST_CASE("a query ends with its task's deadline or stop, and leaves nothing behind") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.behave("mute.example.test", manner::keep_silent).a("db.example.test", "192.0.2.1");
        dns::resolver with(r.core(), asking(server));
        CHECK(sync_wait(r, with_deadline(with.addresses("mute.example.test", 1), 20ms)).error() ==
              errc::deadline_exceeded);
        std::stop_source source;
        running waits(r, with_stop(with.srv("mute.example.test"), source.get_token()));
        REQUIRE(poll_until(r, [&] { return server.asked("mute.example.test", type::srv) > 0; }));
        source.request_stop();
        CHECK(waits.wait()->error() == errc::operation_cancelled);
        // run() ends although the server has never answered: nobody waits any more.
        r.run();
        CHECK(sync_wait(r, with.addresses("db.example.test", 1)));
    });
}

TEST_CASE("a query that is already stopped asks nobody") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.a("db.example.test", "192.0.2.1");
        dns::resolver with(r.core(), asking(server));
        std::stop_source source;
        source.request_stop();
        CHECK(sync_wait(r, with_stop(with.addresses("db.example.test", 1), source.get_token()))
                  .error() == errc::operation_cancelled);
        CHECK(server.asked("db.example.test") == 0);
    });
}

TEST_CASE("one query that is given up does not end the others") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.behave("mute.example.test", manner::keep_silent)
            .a("late.example.test", "192.0.2.1")
            .delay("late.example.test", 100ms);
        dns::resolver with(r.core(), asking(server));
        running late(r, with.addresses("late.example.test", 1));
        CHECK(sync_wait(r, with_deadline(with.addresses("mute.example.test", 1), 20ms)).error() ==
              errc::deadline_exceeded);
        CHECK(!late.done());
        const auto& found = late.wait();
        REQUIRE(found);
        CHECK(*found);
    });
}

TEST_CASE("a task that is destroyed, its resolver gone before it, is not called any more") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.a("late.example.test", "192.0.2.1").delay("late.example.test", 30ms);
        {
            auto with = std::make_unique<dns::resolver>(r.core(), asking(server));
            const running one(r, with->addresses("late.example.test", 1));
            const running two(r, with->srv("late.example.test"));
            REQUIRE(
                poll_until(r, [&] { return server.asked("late.example.test", type::srv) > 0; }));
            with.reset();
        }
        r.run();
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
        // And the other way: an answer that is there, and not looked at yet.
        dns::resolver with(r.core(), asking(server));
        {
            const running one(r, with.addresses("late.example.test", 1));
            for (int i = 0; i < 20 && !one.done(); ++i) {
                r.poll();
            }
        }
        r.run();
    });
}

TEST_CASE("a reactor that goes while a query is under way leaves it behind") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        dns_server server;
        server.behave("mute.example.test", manner::keep_silent);
        dns::resolver with(r->core(), asking(server));
        auto waits = std::make_unique<task_scope>(*r);
        waits->spawn(with.addresses("mute.example.test", 1));
        REQUIRE(poll_until(*r, [&] { return server.asked("mute.example.test") > 0; }));
        r.reset();
        waits.reset();
        CHECK(server.asked("mute.example.test") > 0);
    });
}

TEST_CASE("name servers are IP addresses, each with or without a port") {
    CHECK(dns::check_servers("127.0.0.1").value() == "127.0.0.1:53");
    CHECK(dns::check_servers("127.0.0.1:5353,192.0.2.1").value() == "127.0.0.1:5353,192.0.2.1:53");
    CHECK(dns::check_servers("::1,[::1],[2001:db8::1]:54").value() ==
          "[::1]:53,[::1]:53,[2001:db8::1]:54");
    for (const std::string_view bad :
         {"", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1,", ",::1",
          "127.0.0.1 ", "%2Ftmp%2Fx.sock", "a.b"}) {
        CAPTURE(bad);
        CHECK(dns::check_servers(bad).error() == errc::invalid_argument);
    }
}
