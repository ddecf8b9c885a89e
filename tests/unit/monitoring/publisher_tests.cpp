#include "monitoring_support.hpp"

#include "monitoring/publisher.hpp"

using namespace mongoro;
using namespace mongoro::test;
using monitoring::publisher;

namespace {

struct pools final : pool_listener {
    void on(const pool_ready_event& event) noexcept override { ready += event.address; }
    using pool_listener::on;
    std::string ready;
};

struct topologies final : topology_listener {
    void on(const server_opening_event& event) noexcept override { opened += event.address; }
    using topology_listener::on;
    std::string opened;
};

struct commands final : command_listener {};

}  // namespace

TEST_CASE("where neither a listener nor a log wants it, there is nobody to tell") {
    publisher nobody({}, {});
    CHECK(nobody.commands() == nullptr);
    CHECK(nobody.pool() == nullptr);
    CHECK(nobody.topology() == nullptr);
    CHECK(nobody.selections() == nullptr);

    recorder r(log_level::info);  // all of these records are of level debug, but for one
    publisher warned({}, r.take());
    CHECK(warned.commands() == nullptr);
    CHECK(warned.pool() == nullptr);
    CHECK(warned.topology() == nullptr);
    CHECK(warned.selections() != nullptr);
}

TEST_CASE("a listener without a log is told, and while it is that can be seen") {
    struct asking final : pool_listener {
        void on(const pool_ready_event& event) noexcept override {
            ready = event.address;
            seen = of->calls_user();
        }
        using pool_listener::on;
        std::string ready;
        const publisher* of = nullptr;
        bool seen = false;
    };
    const auto p = std::make_shared<asking>();
    const auto t = std::make_shared<topologies>();
    publisher of({std::make_shared<commands>(), p, t}, {});
    p->of = &of;
    CHECK(of.commands() != nullptr);
    REQUIRE(of.pool() != nullptr);
    REQUIRE(of.topology() != nullptr);
    of.pool()->on(pool_ready_event{"h:1"});
    CHECK(p->ready == "h:1");
    CHECK(p->seen);
    CHECK_FALSE(of.calls_user());
    of.topology()->on(server_opening_event{object_id(), "h:2"});
    CHECK(t->opened == "h:2");
}

TEST_CASE("a log alone has what is enabled of it") {
    recorder r(log_level::off, {.command = log_level::debug});
    publisher of({}, r.take());
    CHECK(of.commands() != nullptr);
    CHECK(of.pool() == nullptr);
    CHECK(of.topology() == nullptr);
}

TEST_CASE("with a listener and a log both are told") {
    recorder r;
    const auto p = std::make_shared<pools>();
    const auto t = std::make_shared<topologies>();
    publisher of({{}, p, t}, r.take());
    REQUIRE(of.pool() != nullptr);
    REQUIRE(of.topology() != nullptr);
    of.pool()->on(pool_ready_event{"h:1"});
    CHECK(p->ready == "h:1");
    CHECK(r.only().message == "Connection pool ready");
    of.topology()->on(server_opening_event{object_id(), "h:2"});
    CHECK(t->opened == "h:2");
    CHECK(r.only().message == "Starting server monitoring");
}
