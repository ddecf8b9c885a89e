#include "pool_support.hpp"

using namespace mongoro;
using namespace mongoro::test;

using words = std::vector<std::string>;

namespace {

const auto first_service = bson::object_id::from_string("000000000000000000000001").value();
const auto second_service = bson::object_id::from_string("000000000000000000000002").value();

reply_script hello_of(const bson::object_id& service) {
    auto reply = op_msg_peer::hello_document();
    reply.append("serviceId", service);
    return reply_script().reply(reply);
}

}  // namespace

TEST_CASE("behind a load balancer hello is the newer one, and only one service's connections go") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.load_balanced = true});
        s.peer.expect("hello", hello_of(first_service));
        s.peer.expect("hello", hello_of(second_service));
        auto a = s.check_out();
        auto b = s.check_out();
        CHECK(a->service_id() == first_service);
        CHECK(b->server_connection_id() == 1);
        const auto hello = s.peer.received().front();
        CHECK(hello.name == "hello");
        CHECK(!hello.body["helloOk"].exists());
        CHECK(hello.body["loadBalanced"].get<bool>());
        s.events.take();

        s.pool.clear(errc::network_error, first_service, false);
        CHECK(s.events.cleared_service == first_service);
        CHECK(s.pool.generation(first_service) == 1);
        CHECK(s.pool.generation(second_service) == 0);
        CHECK(s.pool.is_ready());
        a.reset();
        b.reset();
        CHECK(s.pool.idle() == 1);
        CHECK(s.pool.generation(first_service) == 0);  // forgotten
        CHECK(s.events.take() == words{"pool cleared", "in 1", "closed 1 stale", "in 2"});
        s.pool.clear(errc::network_error, second_service, false);
        CHECK(s.pool.size() == 0);
        // Of no service, or of one that nobody knows.
        s.pool.clear(errc::network_error, std::nullopt, false);
        s.pool.clear(errc::network_error, first_service, false);
        CHECK(s.events.take() == words{"pool cleared", "closed 2 stale"});
    });
}

TEST_CASE("a server that is not behind a load balancer is refused, before a service is known") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.load_balanced = true});
        const auto why = s.check_out_error();
        CHECK(why == errc::handshake_failed);
        CHECK(why.message().find("does not support this mode") != std::string_view::npos);
        REQUIRE(s.owner.services.size() == 1);
        CHECK(!s.owner.services.front());
        CHECK(s.pool.is_ready());
    });
}
