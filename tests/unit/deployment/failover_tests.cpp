#include "deployment_support.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/with_deadline.hpp>

#include <map>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// What an error says of the write that ended with it.
enum class fate {
    not_applied,
    maybe_applied,
    unsaid,  ///< nothing that a caller could build on
};

fate fate_of(const error& e) {
    if (e == errc::network_error || e == errc::connection_closed) {
        return fate::maybe_applied;
    }
    if (e == errc::pool_cleared || e == errc::server_selection_timeout ||
        e == errc::connect_failed || e == errc::connect_timed_out) {
        return fate::not_applied;
    }
    // A server's answer: not the primary (any more).
    return e.server_code() == 10107 ? fate::not_applied : fate::unsaid;
}

/// Many coroutines that insert, one document after the other, until it is over.
class writers {
 public:
    static constexpr int count = 200;

    writers(reactor& r, collection<> into) : r_(r), into_(std::move(into)), scope_(r) {
        for (int i = 0; i < count; ++i) {
            scope_.spawn(write(i));
        }
    }
    /// No more documents than those under way; waits for them.
    void end() {
        over_ = true;
        REQUIRE(poll_until(r_, [&] { return ended_ == count; }));
    }
    [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
    /// How often a document with that fate ended up in the store, by what its writer was told.
    void check_against(const scripted_store& store) const {
        std::map<int, int> found;
        for (const auto& d : store.documents("db.c")) {
            ++found[d["_id"].get<int>()];
        }
        std::size_t lost = 0;
        std::size_t doubled = 0;
        std::size_t wrong = 0;
        for (const auto& [id, failure] : outcomes_) {
            const auto there = found.find(id);
            const int times = there == found.end() ? 0 : there->second;
            lost += !failure && times == 0 ? 1 : 0;
            doubled += times > 1 ? 1 : 0;
            if (failure) {
                CHECK_MESSAGE(fate_of(failure) != fate::unsaid, failure.to_string());
                wrong += fate_of(failure) == fate::not_applied && times != 0 ? 1 : 0;
            }
        }
        CHECK(lost == 0);
        CHECK(doubled == 0);
        CHECK(wrong == 0);
        CHECK(store.writes_done() == store.documents("db.c").size());
    }
    [[nodiscard]] std::size_t failures(fate with) const {
        std::size_t n = 0;
        for (const auto& [id, failure] : outcomes_) {
            n += failure && fate_of(failure) == with ? 1 : 0;
        }
        return n;
    }

 private:
    task<> write(int number) {
        for (int i = 0; !over_; ++i) {
            const int id = number * 100'000 + i;
            const document d{{"_id", id}};
            auto done = co_await as_result(with_deadline(into_.insert_one(d), 20s));
            acknowledged_ += done ? 1 : 0;
            outcomes_.emplace(id, done ? error() : error(done.error()));
            co_await sleep_for(20ms);
        }
        ++ended_;
    }

    reactor& r_;
    collection<> into_;
    std::map<int, error> outcomes_;
    std::size_t acknowledged_ = 0;
    int ended_ = 0;
    bool over_ = false;
    task_scope scope_;  // last: its coroutines use all of the above
};

void wait_for_more(reactor& r, const writers& all, std::size_t more) {
    const auto before = all.acknowledged();
    REQUIRE(poll_until(r, [&] { return all.acknowledged() >= before + more; }));
}

}  // namespace

TEST_CASE("while the primary steps down and another is elected, no write is lost or done twice") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        writers all(r, s.c);
        wait_for_more(r, all, 400);
        s.set.step_down();
        REQUIRE(s.until_type(topology_type::replica_set_no_primary));
        for (int i = 0; i < 50; ++i) {
            r.poll();
        }
        s.set.elect(1);
        wait_for_more(r, all, 400);
        s.set.elect(2);
        wait_for_more(r, all, 400);
        all.end();
        all.check_against(s.set.store());
        CHECK(all.failures(fate::maybe_applied) == 0);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(s.set.count(i, "insert") > 0);
        }
    });
}

TEST_CASE("who is not told of a step-down by the monitor is told by the server: not applied") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "serverMonitoringMode=poll&maxPoolSize=2");
        writers all(r, s.c);
        // From now on nobody says hello who would tell of it: no monitor, and no new connection.
        REQUIRE(s.until_all_known());
        wait_for_more(r, all, 400);
        REQUIRE(s.client.statistics().connections == 2);
        s.set.elect(1);
        wait_for_more(r, all, 400);
        all.end();
        all.check_against(s.set.store());
        CHECK(all.failures(fate::not_applied) > 0);
        CHECK(all.failures(fate::maybe_applied) == 0);
    });
}

TEST_CASE("while the primary is killed and another is elected, no write is lost or done twice") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        // Some are applied and never answered.
        writers all(r, s.c);
        wait_for_more(r, all, 400);
        failure_rule unanswered;
        unanswered.commands = {"insert"};
        unanswered.times = 10;
        unanswered.close_after = true;
        s.set.fail(0, unanswered);
        REQUIRE(poll_until(r, [&] { return all.failures(fate::maybe_applied) > 0; }));
        s.set.kill(0);
        s.set.elect(1);
        wait_for_more(r, all, 400);
        all.end();
        all.check_against(s.set.store());
        CHECK(s.set.store().documents("db.c").size() > all.acknowledged());
    });
}
