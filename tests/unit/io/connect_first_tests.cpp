#include "io_support.hpp"

#include "io/connect_first.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::deadline;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::io::address;
using mongoro::io::connect_first;

namespace {

/// A loopback address of either family: one that accepts, one that refuses, or one that does not
/// answer, whose backlog is full: the kernel drops what comes.
class place {
 public:
    enum class kind { accepts, refuses, silent };

    explicit place(kind what, int family = AF_INET) : family_(family) {
        fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(fd_ >= 0);
        sockaddr_storage to{};
        to.ss_family = static_cast<sa_family_t>(family);
        if (family == AF_INET) {
            reinterpret_cast<sockaddr_in&>(to).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        } else {
            reinterpret_cast<sockaddr_in6&>(to).sin6_addr = in6addr_loopback;
        }
        socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&to), size) == 0);
        REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&to), &size) == 0);
        where_.emplace(reinterpret_cast<sockaddr*>(&to), size);
        if (what != kind::refuses) {
            REQUIRE(::listen(fd_, what == kind::silent ? 0 : 8) == 0);
        }
        while (what == kind::silent && fill()) {
        }
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() {
        ::close(fd_);
        for (const int fd : filling_) {
            ::close(fd);
        }
    }
    [[nodiscard]] const address& where() const noexcept { return *where_; }
    /// A connection that has been made to it: 1 open, 0 closed by the other side, -1 none.
    [[nodiscard]] int accept() const {
        pollfd some{fd_, POLLIN, 0};
        if (::poll(&some, 1, 0) <= 0) {
            return -1;
        }
        const int fd = ::accept(fd_, nullptr, nullptr);
        char byte = 0;
        const bool open = ::recv(fd, &byte, 1, MSG_DONTWAIT) < 0;
        ::close(fd);
        return open ? 1 : 0;
    }

 private:
    /// False: a connect does not come through any more.
    bool fill() {
        const int fd = ::socket(family_, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        filling_.push_back(fd);
        static_cast<void>(::connect(fd, where_->get(), where_->size()));
        pollfd some{fd, POLLOUT, 0};
        return ::poll(&some, 1, 50) > 0;
    }

    int family_;
    int fd_ = -1;
    std::optional<address> where_;
    std::vector<int> filling_;
};

using kind = place::kind;

std::vector<std::string> turns(const std::vector<std::string>& literals) {
    std::vector<address> all;
    for (const auto& one : literals) {
        all.push_back(*address::ip(one, 1));
    }
    std::vector<std::string> texts;
    for (const auto& one : mongoro::io::by_turns(all)) {
        texts.push_back(one.to_string());
    }
    return texts;
}

using texts = std::vector<std::string>;

/// What it is connected to.
std::string peer_of(const mongoro::io::stream& s) {
    sockaddr_storage to{};
    socklen_t size = sizeof to;
    REQUIRE(::getpeername(s.fd(), reinterpret_cast<sockaddr*>(&to), &size) == 0);
    return address(reinterpret_cast<sockaddr*>(&to), size).to_string();
}

}  // namespace

TEST_CASE("the families of addresses take turns, beginning with the first one's") {
    CHECK(turns({"::1", "::2", "::3", "1.0.0.1"}) ==
          texts{"[::1]:1", "1.0.0.1:1", "[::2]:1", "[::3]:1"});
    CHECK(turns({"1.0.0.1", "1.0.0.2", "::1", "::2", "::3"}) ==
          texts{"1.0.0.1:1", "[::1]:1", "1.0.0.2:1", "[::2]:1", "[::3]:1"});
    CHECK(turns({"1.0.0.1", "1.0.0.2"}) == texts{"1.0.0.1:1", "1.0.0.2:1"});
    CHECK(turns({}).empty());
}

TEST_CASE("when the first address refuses, the next one is tried at once") {
    on_each_backend([](reactor& r) {
        const place refuses(kind::refuses);
        const place accepts(kind::accepts);
        // A stagger that would never pass.
        auto s = sync_wait(
            r, connect_first(r.core(), {refuses.where(), accepts.where()}, deadline::never(), 1h));
        REQUIRE_MESSAGE(s, s.error().to_string());
        CHECK(peer_of(**s) == accepts.where().to_string());
        s->reset();
        r.run();
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("when the first address is silent, the next one is tried after a while, and wins") {
    on_each_backend([](reactor& r) {
        const place silent(kind::silent);
        const place accepts(kind::accepts);
        auto s = sync_wait(
            r, connect_first(r.core(), {silent.where(), accepts.where()}, deadline::never(), 20ms));
        REQUIRE_MESSAGE(s, s.error().to_string());
        CHECK(peer_of(**s) == accepts.where().to_string());
        s->reset();
        // The other attempt is over: nothing keeps the reactor.
        r.run();
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("an address that answers is the only one that is connected to") {
    on_each_backend([](reactor& r) {
        const place first(kind::accepts);
        const place second(kind::accepts);
        const auto s = sync_wait(
            r, connect_first(r.core(), {first.where(), second.where()}, deadline::never(), 1h));
        REQUIRE(s);
        CHECK(peer_of(**s) == first.where().to_string());
        CHECK(first.accept() == 1);
        CHECK(second.accept() == -1);
    });
}

TEST_CASE("of two connections that are made, the one that is not taken is closed") {
    on_each_backend([](reactor& r) {
        const place first(kind::accepts);
        const place second(kind::accepts);
        auto s = sync_wait(
            r, connect_first(r.core(), {first.where(), second.where()}, deadline::never(), 0ms));
        REQUIRE(s);
        r.run();
        const auto& winner = peer_of(**s) == first.where().to_string() ? first : second;
        const auto& loser = &winner == &first ? second : first;
        CHECK(winner.accept() == 1);
        CHECK(loser.accept() <= 0);
    });
}

TEST_CASE("an IPv6 address that refuses, or has no network, leads to the IPv4 address behind it") {
    on_each_backend([](reactor& r) {
        const place accepts(kind::accepts);
        const auto dead = *address::ip("::1", 1);
        const auto s = sync_wait(r, connect_first(r.core(), {dead, accepts.where()}));
        CHECK_MESSAGE(s, s.error().to_string());
    });
}

TEST_CASE("when all fail, the error names every address, and the last one is its cause") {
    on_each_backend([](reactor& r) {
        const place one(kind::refuses);
        const place two(kind::refuses);
        const place three(kind::refuses);
        const auto e =
            sync_wait(r, connect_first(r.core(), {one.where(), two.where(), three.where()}))
                .error();
        CHECK(e == errc::connect_failed);
        for (const auto* at : {&one, &two, &three}) {
            CHECK_MESSAGE(e.message().find(at->where().to_string()) != std::string_view::npos,
                          e.to_string());
        }
        REQUIRE(e.cause() != nullptr);
        CHECK(*e.cause() == errc::connect_failed);
        REQUIRE(e.cause()->cause() != nullptr);
        CHECK(e.cause()->cause()->code() == std::errc::connection_refused);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("for one address, or none, it is as connecting is") {
    on_each_backend([](reactor& r) {
        const place refuses(kind::refuses);
        const auto e = sync_wait(r, connect_first(r.core(), {refuses.where()})).error();
        CHECK(e == errc::connect_failed);
        CHECK(e.message() == "connecting to " + refuses.where().to_string());
        const place accepts(kind::accepts);
        CHECK(sync_wait(r, connect_first(r.core(), {accepts.where()})));
        CHECK(sync_wait(r, connect_first(r.core(), {})).error() == errc::invalid_argument);
    });
}

TEST_CASE("attempts end at their time limit, their task's deadline or its stop") {
    on_each_backend([](reactor& r) {
        const place one(kind::silent);
        const place two(kind::silent);
        const std::vector<address> both{one.where(), two.where()};
        const auto late =
            sync_wait(r, connect_first(r.core(), both, deadline::after(60ms), 10ms)).error();
        CHECK(late == errc::connect_timed_out);
        CHECK(late.message().find(two.where().to_string()) != std::string_view::npos);
        CHECK(sync_wait(r, mongoro::with_deadline(
                               connect_first(r.core(), both, deadline::never(), 10ms), 40ms))
                  .error() == errc::deadline_exceeded);
        std::stop_source source;
        mongoro::io::timer t;
        struct stops : completion {
            std::stop_source* source;
        } stop;
        stop.source = &source;
        stop.fn = [](completion& c, int) noexcept {
            static_cast<stops&>(c).source->request_stop();
        };
        t.arm(r.core(), std::chrono::steady_clock::now() + 30ms, stop);
        CHECK(
            sync_wait(r, mongoro::with_stop(connect_first(r.core(), both, deadline::never(), 10ms),
                                            source.get_token()))
                .error() == errc::operation_cancelled);
        r.poll();
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("a task that is destroyed in the middle cancels every attempt") {
    on_each_backend([](reactor& r) {
        const place one(kind::silent);
        const place two(kind::silent);
        {
            mongoro::task_scope scope(r);
            scope.spawn(
                connect_first(r.core(), {one.where(), two.where()}, deadline::never(), 0ms));
            while (r.in_flight() < 2) {
                r.poll();
            }
        }
        r.run();
        CHECK(r.in_flight() == 0);
    });
}
