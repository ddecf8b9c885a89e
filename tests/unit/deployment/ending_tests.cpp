#include "deployment_support.hpp"

#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <list>
#include <optional>
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

TEST_CASE("close without a deadline ends when a selection that is under way has failed") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "serverSelectionTimeoutMS=500");
        REQUIRE(s.until_all_known());
        s.set.step_down();
        REQUIRE(s.until_type(topology_type::replica_set_no_primary));
        running insert(r, s.c.insert_one({{"_id", 1}}));
        std::optional<running<document>> dropped(std::in_place, r,
                                                 s.client["db"].run_command({{"ping", 1}}));
        r.poll();
        running closing(r, s.client.close());
        r.poll();
        CHECK(!closing.done());
        dropped.reset();
        r.poll();
        CHECK(!closing.done());
        closing.wait();
        CHECK(!closing.failure());
        CHECK(insert.done());
        CHECK(insert.failure() == errc::server_selection_timeout);
    });
}

TEST_CASE("close ends what hangs on a server that is no part of the topology any more") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        REQUIRE(s.until_all_known());
        failure_rule slow;
        slow.commands = {"find"};
        slow.block = 1h;
        s.set.fail(1, slow);
        s.set.fail(2, slow);
        running find(r, s.c.with_read_preference({.mode = read_mode::secondary}).find_one());
        REQUIRE(s.until([&] { return s.set.count("find") == 1; }));
        const std::size_t where = s.set.count(1, "find") == 1 ? 1 : 2;
        s.set.remove(where);
        REQUIRE(s.until([&] { return s.seen->now->servers.size() == 2; }));
        CHECK(error_of(r, s.client.close(deadline::after(20ms))) == errc::deadline_exceeded);
        CHECK(find.wait().error() == errc::client_closed);
    });
}

namespace {

/// The names of what is heard, in its order.
class in_order final : public topology_listener {
 public:
    void on(const server_heartbeat_started_event&) noexcept override { add("started"); }
    void on(const server_heartbeat_succeeded_event&) noexcept override { add("succeeded"); }
    void on(const server_heartbeat_failed_event& e) noexcept override {
        add(e.failure == errc::operation_cancelled ? "given up" : "failed");
    }
    void on(const server_closed_event&) noexcept override { add("server closed"); }
    void on(const topology_closed_event&) noexcept override { add("topology closed"); }

    std::vector<std::string> seen;

 private:
    void add(const char* what) { seen.emplace_back(what); }
};

}  // namespace

TEST_CASE("a check that is under way has failed before its server, and the topology, is closed") {
    on_each_backend([](reactor& r) {
        const test::deployment set({role::standalone});
        const auto heard = std::make_shared<in_order>();
        {
            const client c(r, set.uri(), {.topology_listener = heard});
            const auto count = [&](std::string_view what) {
                return std::ranges::count(heard->seen, what);
            };
            // The first, and the one that the server answers when something changes.
            REQUIRE(poll_until(r, [&] { return count("started") == 2; }));
            CHECK(!error_of(r, c.close()));
        }
        const std::vector<std::string> all{"started",  "succeeded",     "started",
                                           "given up", "server closed", "topology closed"};
        CHECK(heard->seen == all);
        r.run();
        REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(heard->seen == all);
    });
}

namespace {

/// A client that somebody listens to, and who may destroy it.
struct heard_client {
    explicit heard_client(reactor& r)
        : c(std::make_unique<client>(r, set.uri(), client_options{.topology_listener = heard})) {}
    [[nodiscard]] std::ptrdiff_t count(std::string_view what) const {
        return std::ranges::count(heard->seen, what);
    }

    test::deployment set{{role::standalone}};
    std::shared_ptr<in_order> heard = std::make_shared<in_order>();
    std::unique_ptr<client> c;
};

}  // namespace

TEST_CASE("a client that is destroyed without a close tells of the same end") {
    on_each_backend([](reactor& r) {
        heard_client waits(r);
        REQUIRE(poll_until(r, [&] { return waits.count("started") == 2; }));
        waits.c.reset();
        const std::vector<std::string> all{"started",  "succeeded",     "started",
                                           "given up", "server closed", "topology closed"};
        CHECK(waits.heard->seen == all);
        REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(waits.heard->seen == all);

        heard_client connects(r);
        // The turn that starts the first may end it, and start the next one.
        REQUIRE(poll_until(r, [&] { return connects.count("started") != 0; }));
        connects.c.reset();
        CHECK(connects.count("started") ==
              connects.count("succeeded") + connects.count("given up"));
        CHECK(connects.heard->seen.back() == "topology closed");

        heard_client rests(r);
        rests.c.reset();
        r.run();
        CHECK(rests.heard->seen.empty());
    });
}

TEST_CASE("a client that is destroyed after its reactor tells nothing") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        heard_client late(*r);
        REQUIRE(poll_until(*r, [&] { return late.count("started") == 2; }));
        r.reset();
        const auto before = late.heard->seen;
        late.c.reset();
        CHECK(late.heard->seen == before);
    });
}

namespace {

/// Starts an insert as soon as it hears of a primary.
class eager final : public topology_listener {
 public:
    explicit eager(reactor& r) : reactor_(r) {}
    void on(const topology_description_changed_event& e) noexcept override {
        const auto primary = std::ranges::find(e.new_description->servers, server_type::rs_primary,
                                               [](const auto& s) { return s->type; });
        if (primary != e.new_description->servers.end() && (*primary)->address != last_) {
            last_ = (*primary)->address;
            inserts.emplace_back(reactor_, of->insert_one({{"n", 1}}));
        }
    }

    std::optional<collection<>> of;
    std::list<running<insert_one_result>> inserts;

 private:
    reactor& reactor_;
    std::string last_;
};

}  // namespace

TEST_CASE("what a listener starts when it hears of a primary goes there") {
    on_each_backend([](reactor& r) {
        test::deployment set(three_members);
        const auto hears = std::make_shared<eager>(r);
        const client c(r, set.uri(), {.topology_listener = hears});
        hears->of.emplace(c["db"]["c"]);
        REQUIRE(poll_until(r, [&] { return hears->inserts.size() == 1; }));
        CHECK(hears->inserts.front().wait());
        CHECK(set.count(0, "insert") == 1);
        set.elect(1);
        REQUIRE(poll_until(r, [&] { return hears->inserts.size() == 2; }));
        CHECK(hears->inserts.back().wait());
        CHECK(set.count(0, "insert") == 1);
        CHECK(set.count(1, "insert") == 1);
        CHECK(!error_of(r, c.close()));
        hears->of.reset();  // of the client, which has the listener
    });
}

namespace {

/// Has the only handle of a client, and drops it when it is told of something for the nth time.
class last_owner final : public topology_listener, public pool_listener {
 public:
    explicit last_owner(int nth) noexcept : nth_(nth) {}

    void tell() noexcept {
        if (++told == nth_) {
            owned.reset();
        }
    }
    void on(const topology_opening_event&) noexcept override { tell(); }
    void on(const topology_description_changed_event&) noexcept override { tell(); }
    void on(const server_opening_event&) noexcept override { tell(); }
    void on(const server_description_changed_event&) noexcept override { tell(); }
    void on(const server_heartbeat_started_event&) noexcept override { tell(); }
    void on(const server_heartbeat_succeeded_event&) noexcept override { tell(); }
    void on(const pool_created_event&) noexcept override { tell(); }
    void on(const pool_ready_event&) noexcept override { tell(); }
    void on(const connection_created_event&) noexcept override { tell(); }
    void on(const connection_ready_event&) noexcept override {
        ++ready;
        tell();
    }
    void on(const topology_closed_event&) noexcept override { ++closed; }
    using pool_listener::on;
    using topology_listener::on;

    int told = 0;
    int ready = 0;
    int closed = 0;
    std::optional<client> owned;

 private:
    int nth_;
};

}  // namespace

TEST_CASE("the last handle of a client may be dropped by a listener of its own, at any event") {
    on_each_backend([](reactor& r) {
        int events = 0;
        for (int nth = 1; events == 0; ++nth) {
            CAPTURE(nth);
            const test::deployment set({role::primary, role::secondary});
            const auto owner = std::make_shared<last_owner>(nth);
            owner->owned.emplace(
                r, set.uri("minPoolSize=1"),
                client_options{.pool_listener = owner, .topology_listener = owner});
            REQUIRE(poll_until(r, [&] { return !owner->owned || owner->ready == 2; }));
            events = owner->owned ? owner->told : 0;
            owner->owned.reset();
            CHECK(poll_until(r, [&] { return owner->closed == 1 && r.in_flight() == 0; }));
        }
        CHECK(events > 15);
    });
}

TEST_CASE("the last handle of a client may be dropped by the callback of its log") {
    on_each_backend([](reactor& r) {
        const test::deployment set({role::primary, role::secondary});
        std::optional<client> owned;
        client_options options;
        int records = 0;
        options.log.callback = [&](const log_record& record) {
            ++records;
            if (record.message == "Topology description changed") {
                owned.reset();
            }
        };
        options.log.topology = log_level::debug;
        owned.emplace(r, set.uri(), options);
        REQUIRE(poll_until(r, [&] { return !owned; }));
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(records > 1);
    });
}
