#include "deployment_support.hpp"

#include <mongoro/with_deadline.hpp>

#include <thread>

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("run() returns although monitors run, and they go on in the next one") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        r.run();
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        r.run();
        REQUIRE(s.until_all_known());
        r.run();
        s.set.elect(1);
        CHECK(s.until_member(1, server_type::rs_primary));
        r.run();
    });
}

TEST_CASE("a client that is destroyed at any moment leaves nothing in flight") {
    on_each_backend([](reactor& r) {
        const test::deployment set(three_members);
        for (int turns = 0; turns < 120; ++turns) {
            CAPTURE(turns);
            {
                const client c(r, set.uri());
                running insert(r, c["db"]["c"].insert_one({{"_id", turns}}));
                for (int i = 0; i < turns; ++i) {
                    if (r.poll() == 0) {
                        std::this_thread::sleep_for(50us);
                    }
                }
            }
            REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
        }
        // The later ones have got that far.
        CHECK(!set.store().documents("db.c").empty());
    });
}

TEST_CASE("a client that is destroyed while members hang, reset or change leaves nothing either") {
    on_each_backend([](reactor& r) {
        enum class what { hang, reset, step_down, elect, remove, close };
        for (const auto when :
             {what::hang, what::reset, what::step_down, what::elect, what::remove, what::close}) {
            CAPTURE(static_cast<int>(when));
            for (int turns = 0; turns < 20; ++turns) {
                auto s = std::make_unique<set_scene>(r);
                CHECK(!error_of(r, s->c.insert_one({{"_id", turns}})));
                std::optional<running<void>> closing;
                switch (when) {
                    case what::hang:
                        s->set.partition(0, partition_mode::hang);
                        break;
                    case what::reset:
                        s->set.partition(0, partition_mode::reset);
                        break;
                    case what::step_down:
                        s->set.step_down();
                        break;
                    case what::elect:
                        s->set.elect(1);
                        break;
                    case what::remove:
                        s->set.remove(0);
                        break;
                    case what::close:
                        closing.emplace(r, s->client.close());
                        break;
                }
                {
                    running insert(r, s->c.insert_one({{"_id", 1000}}));
                    for (int i = 0; i < turns; ++i) {
                        r.poll();
                    }
                }
                closing.reset();
                s.reset();
                REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
            }
        }
    });
}

TEST_CASE("close ends the monitors, and who waits for a server gets client_closed") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        REQUIRE(s.until_all_known());
        s.set.step_down();
        REQUIRE(s.until_type(topology_type::replica_set_no_primary));
        running waits(r, s.c.insert_one({{"_id", 2}}));
        r.poll();
        CHECK(error_of(r, s.client.close(deadline::after(50ms))) == errc::deadline_exceeded);
        CHECK(waits.wait().error() == errc::client_closed);
        CHECK(s.seen->closed.size() == 3);
        CHECK(error_of(r, s.c.insert_one({{"_id", 3}})) == errc::client_closed);
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(s.set.count("insert") == 1);
    });
}

TEST_CASE("a selection ends with its task's deadline, its stop, and its own timeout") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "serverSelectionTimeoutMS=300");
        REQUIRE(s.until_all_known());
        s.set.step_down();
        REQUIRE(s.until_type(topology_type::replica_set_no_primary));
        const auto late = error_of(r, with_deadline(s.c.insert_one({{"_id", 1}}), 30ms));
        CHECK(late == errc::deadline_exceeded);
        REQUIRE(late.cause() != nullptr);
        CHECK(*late.cause() == errc::server_selection_timeout);
        CHECK(error_of(r, s.c.insert_one({{"_id", 1}})) == errc::server_selection_timeout);
        CHECK(s.set.count("insert") == 0);
    });
}
