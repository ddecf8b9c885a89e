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

std::shared_ptr<auth::authenticator> by_password() {
    return std::make_shared<auth::authenticator>(credential{.username = "ada",
                                                            .password = "pencil",
                                                            .source = "$external",
                                                            .mechanism = auth_mechanism::plain});
}

bson::document logged_in() {
    auto reply = op_msg_peer::ok_document();
    reply.append("conversationId", 1).append("done", true).append("payload", bson::binary_view{});
    return reply;
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

TEST_CASE("a service that nobody has asked for is none of a connection's") {
    on_each_backend([](reactor& r) {
        pool_scene s(r);
        s.peer.expect("hello", hello_of(first_service));
        CHECK(!s.check_out()->service_id());
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

TEST_CASE("a login that fails behind a load balancer clears the connections of its service") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.load_balanced = true}, true, by_password());
        s.owner.on_failure = [&](connection_pool& pool, const error& why) {
            pool.clear(why, s.owner.services.back(), false);
        };
        s.peer.expect("hello", hello_of(first_service));
        s.peer.expect("saslStart", reply_script().close());
        CHECK(s.check_out_error() == errc::connection_closed);
        CHECK(s.owner.services == std::vector<std::optional<bson::object_id>>{first_service});
        CHECK(s.events.cleared_service == first_service);
        CHECK(s.events.take() == words{"started", "created 1", "pool cleared", "closed 1 error",
                                       "failed connectionError"});
        CHECK(s.pool.generation(first_service) == 0);  // forgotten
    });
}

TEST_CASE("a connection that logs in while its service is cleared is stale") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.load_balanced = true}, true, by_password());
        s.peer.expect("hello", hello_of(first_service));
        s.peer.expect("saslStart", reply_script().wait(300ms).reply(logged_in()));
        s.peer.expect("hello", hello_of(second_service));
        s.peer.expect("saslStart", reply_script().reply(logged_in()));
        pending_lease waits(s);
        s.until([&] { return s.peer.received("saslStart").size() == 1; });
        s.pool.clear(errc::network_error, first_service, false);
        const auto got = waits.take();
        CHECK(got->service_id() == second_service);
        CHECK(s.events.take() == words{"started", "created 1", "pool cleared", "closed 1 stale",
                                       "created 2", "ready 2", "out 2"});
        CHECK(s.pool.generation(first_service) == 0);
    });
}
