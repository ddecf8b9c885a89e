// What mongoro keeps on the heap for a client, a connection and an operation: URI memory:K N.
//
// Run with the allocation counter in LD_PRELOAD. The responder holds the replies of finds on "hold"
// until a find on "release", and answers a find on "held" with batch size K once K are held. So K
// operations wait at once, on a connection each. N is not used: it is done once.
#include <mongoro/mongoro.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "common/program.hpp"

extern "C" [[gnu::weak]] std::int64_t bench_heap_live_bytes();

namespace bench {
namespace {

using views = mongoro::collection<mongoro::document_view>;

mongoro::task<> find_one(views from) {
    co_await from.find_one({{"_id", 1}});
}

mongoro::task<> find_with_batch_size(views from, std::int32_t size) {
    auto cursor = from.find({}).batch_size(size);
    while (co_await cursor.next_batch()) {
    }
}

/// What K operations at a time left on the heap while they waited, and after their replies.
struct held {
    std::int64_t waiting = 0;
    std::int64_t idle = 0;
    /// Of a client that has found its servers and has no connection for operations.
    std::int64_t watching = 0;
};

class measurement {
 public:
    measurement(mongoro::reactor& loop, const arguments& given)
        : loop_(loop), given_(given), control_(loop, given.uri, {.max_pool_size = 1}) {
        // Whatever is made once has been made before the first reading.
        mongoro::sync_wait(loop_, find_one(on(control_, "one")));
    }

    /// The bytes of K connections after one find_one each; of K operations on them.
    held run() {
        const std::int64_t before = bench_heap_live_bytes();
        const mongoro::client measured = make_client();
        mongoro::sync_wait(loop_, let_settle());
        const std::int64_t watching = bench_heap_live_bytes() - before;
        hold_and_release(measured, [] {});
        const std::int64_t idle = bench_heap_live_bytes() - before;

        // The frames of the first round lie in the thread's free list, and those of a second one
        // would come from there and seem to cost nothing. Another client's operations take them.
        const mongoro::client other = make_client();
        std::int64_t waiting = 0;
        hold_and_release(other, [&] {
            const std::int64_t without = bench_heap_live_bytes();
            mongoro::task_scope more(loop_);
            start_all(measured, more);
            wait_until_held(2 * given_.concurrency);
            waiting = bench_heap_live_bytes() - without;
            release();
            mongoro::sync_wait(loop_, join(more));
        });
        return {waiting, idle, watching};
    }

 private:
    static views on(const mongoro::client& through, std::string_view name) {
        return through["bench"].collection<mongoro::document_view>(name);
    }
    /// Until the heap has stayed as it is for a while: what a client does by itself has been done.
    static mongoro::task<> let_settle() {
        using namespace std::chrono_literals;
        std::int64_t last = 0;
        for (int unchanged = 0; unchanged < 10; ++unchanged) {
            co_await mongoro::sleep_for(5ms);
            if (const std::int64_t now = bench_heap_live_bytes(); now != last) {
                last = now;
                unchanged = 0;
            }
        }
    }
    static mongoro::task<> join(mongoro::task_scope& all) { co_await all.join(); }

    mongoro::client make_client() {
        return mongoro::client(loop_, given_.uri, {.max_pool_size = given_.concurrency});
    }
    void start_all(const mongoro::client& through, mongoro::task_scope& scope) {
        for (std::uint64_t at = 0; at < given_.concurrency; ++at) {
            scope.spawn(on(through, "hold").find_one({{"_id", 1}}));
        }
    }
    void wait_until_held(std::uint64_t count) {
        mongoro::sync_wait(
            loop_, find_with_batch_size(on(control_, "held"), static_cast<std::int32_t>(count)));
    }
    void release() { mongoro::sync_wait(loop_, find_one(on(control_, "release"))); }

    template <class Function>
    void hold_and_release(const mongoro::client& through, Function&& meanwhile) {
        mongoro::task_scope all(loop_);
        start_all(through, all);
        wait_until_held(given_.concurrency);
        meanwhile();
        release();
        mongoro::sync_wait(loop_, join(all));
    }

    mongoro::reactor& loop_;
    const arguments& given_;
    mongoro::client control_;
};

int run(const arguments& given) {
    if (given.task != "memory") {
        return 2;
    }
    if (bench_heap_live_bytes == nullptr) {
        std::fprintf(stderr, "mongoro-memory: LD_PRELOAD has no allocation counter\n");
        return 2;
    }
    mongoro::reactor loop;
    measurement of(loop, given);
    const stopwatch watch;
    const held bytes = of.run();
    print_counter("idle_bytes", static_cast<std::uint64_t>(bytes.idle));
    print_counter("watching_bytes", static_cast<std::uint64_t>(bytes.watching));
    print_counter("waiting_bytes", static_cast<std::uint64_t>(bytes.waiting));
    watch.print_result(given.concurrency);
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run_program(argc, argv, "mongoro-memory", bench::run);
}
