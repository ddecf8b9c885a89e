// What it costs mongoro to be connected: URI connect|reconnect N.
//
// connect: a client that is made, pings once, and is gone. The URI says whether that is over TLS
// and whether it logs in; nothing is kept from one client to the next.
//
// reconnect: one client, whose idle connection is too old each time (maxIdleTimeMS=1). The ping
// closes it and opens the next one, with the client's TLS session and the keys that were derived
// for the first login. Only the pings are on the bill, and not the waits between them.
#include <mongoro/mongoro.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "common/program.hpp"

namespace bench {
namespace {

mongoro::task<> ping(const mongoro::client& through) {
    co_await through.ping();
}

void connect(mongoro::reactor& loop, const std::string& uri, std::uint64_t count, laps& times) {
    for (std::uint64_t at = 0; at < count; ++at) {
        times.begin();
        {
            const mongoro::client fresh(loop, uri, {.max_pool_size = 1});
            mongoro::sync_wait(loop, ping(fresh));
        }
        times.end();
    }
}

mongoro::task<> reconnect(const mongoro::client& through, std::uint64_t count, laps& times) {
    // Each wait is longer than an idle connection may be, also where a clock counts milliseconds.
    using namespace std::chrono_literals;
    for (std::uint64_t at = 0; at < count; ++at) {
        co_await mongoro::sleep_for(2ms);
        times.begin();
        co_await through.ping();
        times.end();
    }
}

std::string with_idle_time(const std::string& uri) {
    const bool options = uri.find('?') != std::string::npos;
    return uri + (options ? "&" : "/?") + "maxIdleTimeMS=1";
}

int run(const arguments& given) {
    mongoro::reactor loop;
    laps times;
    if (given.task == "connect") {
        connect(loop, given.uri, given.warm_up, times);
        times.clear();
        connect(loop, given.uri, given.count, times);
    } else if (given.task == "reconnect") {
        const mongoro::client same(loop, with_idle_time(given.uri), {.max_pool_size = 1});
        mongoro::sync_wait(loop, ping(same));
        mongoro::sync_wait(loop, reconnect(same, given.warm_up, times));
        times.clear();
        const auto before = same.statistics().connections_created;
        mongoro::sync_wait(loop, reconnect(same, given.count, times));
        const auto created = same.statistics().connections_created - before;
        if (created != given.count) {
            std::fprintf(stderr, "mongoro-connect: %llu connections for %llu pings\n",
                         static_cast<unsigned long long>(created),
                         static_cast<unsigned long long>(given.count));
            return 1;
        }
    } else {
        std::fprintf(stderr, "mongoro-connect: no task %s\n", given.task.c_str());
        return 2;
    }
    times.print_result(given.count);
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run_program(argc, argv, "mongoro-connect", bench::run);
}
