#include "timed_scene.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/with_deadline.hpp>

#include <memory>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// Whether a pool was cleared, and a server lost.
class damage final : public pool_listener, public topology_listener {
 public:
    void on(const pool_cleared_event&) noexcept override { ++cleared; }
    void on(const server_description_changed_event& e) noexcept override {
        lost += e.new_description->type == server_type::unknown ? 1 : 0;
    }
    using pool_listener::on;
    using topology_listener::on;

    int cleared = 0;
    int lost = 0;
};

}  // namespace

TEST_CASE("a reply that is later than socketTimeoutMS costs its connection, and nothing else") {
    on_each_backend([](reactor& r) {
        const auto seen = std::make_shared<damage>();
        timed_scene s(r, "socketTimeoutMS=80", {.pool_listener = seen, .topology_listener = seen});
        s.peer.expect("find", reply_script().hang());
        const auto late = error_of(r, s.c.find_one());
        CHECK(late == errc::socket_timed_out);
        CHECK(says(late, "within 80 ms"));
        CHECK(s.client.statistics().connections == 0);
        s.always("find", first_batch({}));
        CHECK(!error_of(r, s.c.find_one()));
        CHECK(s.client.statistics().connections_created == 2);
        CHECK(seen->cleared == 0);
        CHECK(seen->lost == 0);
        CHECK(!s.last("find")["maxTimeMS"].exists());
    });
}

TEST_CASE("socketTimeoutMS counts for nothing with a timeout, and is none if it is 0") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "socketTimeoutMS=30");
        s.peer.always("find", reply_script().wait(100ms).reply(first_batch({})));
        CHECK(!error_of(r, s.c.with_timeout(60s).find_one()));
        CHECK(!error_of(r, s.c.find_one({}, {.timeout = 0ms})));
        CHECK(error_of(r, s.c.find_one()) == errc::socket_timed_out);
        timed_scene none(r, "socketTimeoutMS=0");
        none.peer.always("find", reply_script().wait(100ms).reply(first_batch({})));
        CHECK(!error_of(r, none.c.find_one()));
    });
}

TEST_CASE("socketTimeoutMS does not bound the hello that an operation with a timeout waits for") {
    on_each_backend([](reactor& r) {
        const auto hello = op_msg_peer::hello_document();
        timed_scene s(r, "socketTimeoutMS=60");
        s.peer.expect("hello", reply_script().reply(hello));  // to the monitor
        s.peer.expect("hello", reply_script().wait(200ms).reply(hello));
        s.always("find", first_batch({}));
        CHECK(!error_of(r, s.c.find_one({}, {.timeout = 60s})));
        CHECK(s.client.statistics().connections_created == 1);
        CHECK(s.peer.connections() == 2);
        // The connection is like any other from then on.
        s.peer.expect("find", reply_script().hang());
        CHECK(error_of(r, s.c.find_one()) == errc::socket_timed_out);
    });
}

TEST_CASE("an earlier deadline wins over socketTimeoutMS, and leaves the connection alone") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "socketTimeoutMS=60000", {.drain_timeout = 60s});
        s.peer.expect("find", reply_script().wait(150ms).reply(first_batch({})));
        CHECK(error_of(r, with_deadline(s.c.find_one(), 50ms)) == errc::deadline_exceeded);
        REQUIRE(poll_until(r, [&] { return s.all_idle(); }));
        CHECK(s.client.statistics().connections == 1);
    });
}

TEST_CASE("the hello of a connection is bounded by socketTimeoutMS, a monitor's is not") {
    on_each_backend([](reactor& r) {
        const auto seen = std::make_shared<damage>();
        timed_scene s(r, "socketTimeoutMS=60", {.topology_listener = seen});
        s.peer.expect("hello", reply_script().wait(200ms).reply(op_msg_peer::hello_document()));
        CHECK(!error_of(r, s.client.ping()));
        CHECK(seen->lost == 0);
        s.peer.expect("find", reply_script().hang());
        CHECK(error_of(r, s.c.find_one()) == errc::socket_timed_out);
        // A hello that is not answered may mean a server that is too busy: the ping is tried again.
        s.peer.expect("hello", reply_script().hang());
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.peer.connections() == 1 + 3);  // the first is the monitor's
        CHECK(s.peer.problems() == "");
    });
}
