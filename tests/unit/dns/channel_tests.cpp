#include "dns/channel.hpp"

#include "dns_support.hpp"

#include <chrono>
#include <thread>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using manner = dns_server::manner;
using clock = std::chrono::steady_clock;

}  // namespace

TEST_CASE("a query that was given up ends with the last that somebody waits for") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.behave("mute.example.test", manner::keep_silent)
            .a("late.example.test", "192.0.2.1")
            .delay("late.example.test", 100ms);
        auto options = asking(server);
        options.timeout = 60s;
        dns::resolver with(r.core(), std::move(options));
        const auto begin = clock::now();
        running late(r, with.addresses("late.example.test", 1));
        CHECK(sync_wait(r, with_deadline(with.srv("mute.example.test"), 20ms)).error() ==
              errc::deadline_exceeded);
        CHECK(*late.wait());
        // Its socket is not polled for the rest of its time.
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(clock::now() - begin < 20s);
    });
}

TEST_CASE("a configuration that is old is read again, also while queries are under way") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.behave("mute.example.test", manner::keep_silent).a("db.two.test", "192.0.2.1");
        auto options = asking(server);
        options.timeout = 60s;
        options.configuration_age = 50ms;
        dns::resolver with(r.core(), std::move(options));
        const auto asked = [&](std::size_t times) {
            return poll_until(r, [&] { return server.asked("mute.example.test") >= times; });
        };
        {
            const search_domains before("one.test");
            const running first(r, with.srv("mute.example.test"));
            REQUIRE(asked(1));
            CHECK(!sync_wait(r, with.addresses("db", 27017)));
            const search_domains after("two.test");
            std::this_thread::sleep_for(60ms);
            const running second(r, with.srv("mute.example.test"));
            REQUIRE(asked(2));
            const auto found = sync_wait(r, with.addresses("db", 27017));
            REQUIRE_MESSAGE(found, found.error().to_string());
            CHECK(texts_of(*found) == std::vector<std::string>{"192.0.2.1:27017"});
            // What was under way goes on as it began, until nobody waits for it.
            CHECK(!first.done());
            CHECK(!second.done());
        }
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
}
