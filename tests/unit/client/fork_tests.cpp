#include "../tls/tls_client_support.hpp"
#include "client_support.hpp"

#include "io/reactor_core.hpp"
#include "io/stream.hpp"

#include <mongoro/adapters/callback.hpp>
#include <mongoro/sleep_for.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

// A program of its own, whose process has one thread: the server is another process. What a child
// finds out it tells by its exit code.

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr int fine = 0;

int exit_code_of(pid_t child) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// What `body()` gives in a child; 98 if it throws.
template <typename Body>
int in_child(Body body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int code = 98;
        try {
            code = body();
        } catch (...) {
        }
        ::_exit(code);
    }
    return exit_code_of(child);
}

enum class transport { plain, tls };

/// A server in a process of its own, until this is destroyed.
class server_process {
 public:
    explicit server_process(transport how) : how_(how) {
        if (how_ == transport::tls) {
            test_world::get();  // made here, or the server's process would have one of its own
        }
        std::array<int, 2> port{};
        std::array<int, 2> end{};
        REQUIRE(::pipe(port.data()) == 0);
        REQUIRE(::pipe(end.data()) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            ::close(end[1]);
            serve(port[1], end[0]);
            ::_exit(0);
        }
        ::close(port[1]);
        ::close(end[0]);
        end_ = end[1];
        REQUIRE(::read(port[0], &port_, sizeof port_) == sizeof port_);
        ::close(port[0]);
    }
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    ~server_process() {
        ::close(end_);
        CHECK(exit_code_of(child_) == 0);
    }
    [[nodiscard]] std::string uri() const {
        const std::string plain = "mongodb://127.0.0.1:" + std::to_string(port_) + "/";
        return how_ == transport::tls ? tls_uri(plain) : plain;
    }

 private:
    void serve(int port, int end) const {
        if (how_ == transport::tls) {
            tls_server server(serving());
            op_msg_peer peer(server);
            serve(peer, port, end);
        } else {
            op_msg_peer peer;
            serve(peer, port, end);
        }
    }
    static void serve(op_msg_peer& peer, int port, int end) {
        peer.always("find", reply_script().reply(first_batch(numbered(1, 7))));
        peer.always("count", reply_script().wait(200ms).reply(doc({"n", 3}, {"ok", 1.0})));
        const auto number = peer.port();
        char byte = 0;
        if (::write(port, &number, sizeof number) == sizeof number) {
            static_cast<void>(!::read(end, &byte, 1));
        }
    }
    transport how_;
    pid_t child_ = -1;
    int end_ = -1;
    std::uint16_t port_ = 0;
};

/// The parent's things, each of which a child can destroy.
struct parent_scene {
    explicit parent_scene(std::unique_ptr<reactor> on, transport how = transport::plain)
        : server(how), r(std::move(on)), c(std::make_unique<client>(*r, server.uri())) {}

    [[nodiscard]] bool finds() {
        const auto found = sync_wait(*r, (*c)["db"]["c"].find_one());
        return found && (*found)["_id"].get<int>() == 7;
    }
    /// It works, on the one connection that it had.
    void check_unharmed() {
        CHECK(finds());
        CHECK(finds());
        CHECK(c->statistics().connections_created == 1);
        CHECK(c->statistics().connections == 1);
    }

    server_process server;
    std::unique_ptr<reactor> r;
    std::unique_ptr<client> c;
};

/// `test(scene)` on each backend, without TLS and with it.
template <typename Test>
void on_each_scene(Test test) {
    for (const auto how : {transport::plain, transport::tls}) {
        CAPTURE((how == transport::tls));
        on_each_backend_owned([&](std::unique_ptr<reactor> on) {
            parent_scene s(std::move(on), how);
            test(s);
        });
    }
}

/// 0 if the call throws used_after_fork.
template <typename Call>
int refused(Call call) {
    try {
        call();
    } catch (const exception& e) {
        return e.error() == errc::used_after_fork ? fine : 2;
    }
    return 1;
}

document slow_command() {
    return {{"count", "c"}};
}

}  // namespace

TEST_CASE("a client that is used in a child process says so, and the parent goes on") {
    on_each_scene([](parent_scene& s) {
        REQUIRE(s.finds());
        CHECK(in_child([&] {
                  return refused([&] { static_cast<void>(s.finds()); }) +
                         refused([&] { s.r->run(); }) +
                         refused([&] { static_cast<void>(s.r->poll()); }) +
                         refused([&] { static_cast<void>(s.r->native_handle()); }) +
                         // Still, and not only once.
                         refused([&] { static_cast<void>(s.finds()); });
              }) == fine);
        s.check_unharmed();
    });
}

TEST_CASE("a client and a reactor that are destroyed in a child leave the parent's connection") {
    on_each_scene([](parent_scene& s) {
        REQUIRE(s.finds());
        CHECK(in_child([&] {
                  s.c.reset();
                  s.r.reset();
                  return fine;
              }) == fine);
        s.check_unharmed();
        CHECK(in_child([&] {
                  s.r.reset();  // in the other order, as it may happen
                  s.c.reset();
                  return fine;
              }) == fine);
        s.check_unharmed();
    });
}

TEST_CASE("a child that destroys a client has its listeners told of nothing") {
    struct counter final : command_listener, pool_listener, topology_listener {
        using command_listener::on;
        using pool_listener::on;
        using topology_listener::on;
        void on(const command_started_event&) noexcept override { ++all; }
        void on(const command_failed_event&) noexcept override { ++all; }
        void on(const pool_created_event&) noexcept override { ++all; }
        void on(const pool_cleared_event&) noexcept override { ++all; }
        void on(const pool_closed_event&) noexcept override { ++all; }
        void on(const connection_checked_in_event&) noexcept override { ++all; }
        void on(const connection_closed_event&) noexcept override { ++all; }
        void on(const topology_opening_event&) noexcept override { ++all; }
        void on(const server_heartbeat_started_event&) noexcept override { ++all; }
        void on(const server_heartbeat_failed_event&) noexcept override { ++all; }
        void on(const server_closed_event&) noexcept override { ++all; }
        void on(const topology_description_changed_event&) noexcept override { ++all; }
        void on(const topology_closed_event&) noexcept override { ++all; }
        int all = 0;
    };
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        const server_process server(transport::plain);
        const auto told = std::make_shared<counter>();
        auto c = std::make_unique<client>(
            *r, server.uri(),
            client_options{
                .command_listener = told, .pool_listener = told, .topology_listener = told});
        running<void> ping(*r, c->ping());
        static_cast<void>(ping.wait());
        auto under_way =
            std::make_unique<running<document>>(*r, (*c)["db"].run_command(slow_command()));
        running<void> timer(*r, sleep_for(20ms));
        static_cast<void>(timer.wait());
        const int before = told->all;
        REQUIRE(before > 0);
        for (const bool reactor_first : {false, true}) {
            CHECK(in_child([&] {
                      if (reactor_first) {
                          r.reset();
                      }
                      under_way.reset();
                      c.reset();
                      return told->all - before;
                  }) == fine);
        }
        under_way.reset();
        c.reset();
        CHECK(told->all > before);
    });
}

TEST_CASE("what is under way is the parent's: a child can destroy its copy or just end") {
    on_each_scene([](parent_scene& s) {
        REQUIRE(s.finds());
        for (const bool destroys : {true, false}) {
            auto under_way =
                std::make_unique<running<document>>(*s.r, (*s.c)["db"].run_command(slow_command()));
            running<void> timer(*s.r, sleep_for(20ms));
            static_cast<void>(timer.wait());
            REQUIRE(s.r->in_flight() > 0);
            CHECK(in_child([&] {
                      if (destroys) {
                          under_way.reset();
                          s.c.reset();
                          s.r.reset();
                      }
                      return fine;
                  }) == fine);
            const auto& counted = under_way->wait();
            REQUIRE(counted);
            CHECK((*counted)["n"].get<int>() == 3);
            s.check_unharmed();
        }
    });
}

TEST_CASE("a coroutine that forks has its next operation refused in the child only") {
    on_each_scene([](parent_scene& s) {
        pid_t child = -1;
        const auto forks = [&]() -> task<int> {
            auto people = (*s.c)["db"]["c"];
            const auto before = co_await as_result(people.find_one());
            if (!before) {
                co_return 1;
            }
            child = ::fork();
            const auto after = co_await as_result(people.find_one());
            if (child == 0) {
                ::_exit(!after && after.error() == errc::used_after_fork ? fine : 1);
            }
            co_return after ? 0 : 2;
        };
        CHECK(sync_wait(*s.r, forks()) == 0);
        CHECK(exit_code_of(child) == fine);
        s.check_unharmed();
    });
}

TEST_CASE("a child that was made inside of the reactor cannot go on to wait in it") {
    on_each_scene([](parent_scene& s) {
        REQUIRE(s.finds());
        pid_t child = -1;
        const auto forks = [&]() -> task<int> {
            child = ::fork();
            co_await sleep_for(1ms);
            co_return 5;
        };
        int got = 0;
        const int outcome = refused([&] { got = sync_wait(*s.r, forks()); });
        if (child == 0) {
            s.c.reset();
            s.r.reset();
            ::_exit(outcome);
        }
        CHECK(got == 5);
        CHECK(exit_code_of(child) == fine);
        s.check_unharmed();
    });
}

TEST_CASE("a child that makes a reactor and a client of its own has a connection of its own") {
    on_each_scene([](parent_scene& s) {
        const auto kind = s.r->backend();
        REQUIRE(s.finds());
        CHECK(in_child([&] {
                  reactor mine({.backend = kind});
                  const client own(mine, s.server.uri());
                  const auto found = sync_wait(mine, own["db"]["c"].find_one());
                  const int code = found && own.statistics().connections_created == 1 ? fine : 1;
                  // And its child is one more generation away.
                  return code + in_child([&] { return refused([&] { mine.run(); }); });
              }) == fine);
        s.check_unharmed();
    });
}

TEST_CASE("nothing is sent on a socket, nor is its end, when a child lets go of it") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        std::array<int, 2> fds{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
        struct seen : io::completion {
            int result = -1;
        } done;
        done.fn = [](io::completion& c, int n) noexcept { static_cast<seen&>(c).result = n; };
        auto stream = io::stream::make(r->core(), fds[0]);
        std::array<std::uint8_t, 4> in{};
        r->poll();
        stream->receive(in, io::stream::receive_mode::some, done);
        r->poll();
        CHECK(in_child([&] {
                  std::array<std::uint8_t, 4> out{'b', 'a', 'd', '!'};
                  const iovec piece{out.data(), out.size()};
                  stream->cancel();
                  stream->send({&piece, 1}, done);
                  stream.reset();
                  r.reset();
                  return done.result == -1 ? fine : 1;
              }) == fine);
        pollfd other{fds[1], POLLIN, 0};
        CHECK(::poll(&other, 1, 50) == 0);
        REQUIRE(::write(fds[1], "good", 4) == 4);
        REQUIRE(poll_until(*r, [&] { return done.result != -1; }));
        CHECK(done.result == 4);
        CHECK(in == std::array<std::uint8_t, 4>{'g', 'o', 'o', 'd'});
        ::close(fds[1]);
    });
}

TEST_CASE("what a child posts, stops and starts does not wake the parent") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        pollfd handle{r->native_handle(), POLLIN, 0};
        while (::poll(&handle, 1, 0) == 1) {
            r->poll();
        }
        int ran = 0;
        CHECK(in_child([&] {
                  r->post([&] { ++ran; });
                  r->stop();
                  r.reset();
                  return ran;
              }) == fine);
        CHECK(::poll(&handle, 1, 0) == 0);
        r->post([&] { ++ran; });
        CHECK(::poll(&handle, 1, 10'000) == 1);
        r->poll();
        CHECK(ran == 1);
    });
}

TEST_CASE("open_sync in a child gives used_after_fork, and throws nothing") {
    on_each_scene([](parent_scene& s) {
        REQUIRE(s.finds());
        CHECK(in_child([&] {
                  const auto pinged = open_sync(*s.r, s.c->ping(), deadline::after(10s));
                  return pinged.error() == errc::used_after_fork ? fine : 1;
              }) == fine);
        s.check_unharmed();
    });
}

TEST_CASE("what a turn had not come to when a child was made goes with the child's reactor") {
    on_each_scene([](parent_scene& s) {
        REQUIRE(s.finds());
        pid_t child = -1;
        const auto forks = [&]() -> task<int> {
            child = ::fork();
            co_return 0;
        };
        const auto gives = []() -> task<int> { co_return 1; };
        auto first = std::make_unique<running<int>>(*s.r, forks());
        auto behind = std::make_unique<running<int>>(*s.r, gives());
        const int outcome = refused([&] { s.r->run(); });
        if (child == 0) {
            s.r.reset();
            behind.reset();
            first.reset();
            s.c.reset();
            ::_exit(outcome);
        }
        CHECK(behind->wait());
        CHECK(exit_code_of(child) == fine);
        s.check_unharmed();
    });
}
