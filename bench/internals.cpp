// What parts of the library that have no public name cost by themselves: URI TASK N.
//
//   checkout       an idle connection of the pool, checked out and in
//   queue:K        the same of a pool of one connection, with K others in line for it
//   select:S       the selection of one of S servers for a read from whatever is nearest: who is
//                  suitable, who is within the latency window, two at random, the less busy one
//   select_write:S the same for a write to the one primary among S
//   primary        what the executor does instead where the primary is known
//   deployment     a selection by the deployment of the URI's servers, coroutine and all
#include <mongoro/mongoro.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "client/settings.hpp"
#include "common/program.hpp"
#include "deployment/deployment.hpp"
#include "pool/connection_pool.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;

/// Keeps what was done from being optimised away.
volatile std::uint64_t seen = 0;

class cannot : public std::exception {
 public:
    const char* what() const noexcept override { return "the part did not do what it should"; }
};

mongoro::deployment::settings settings_of(mongoro::reactor& loop, const arguments& given) {
    const auto where = mongoro::uri::parse(given.uri).value();
    return mongoro::detail::settings_of(loop.core(), where, {}).value();
}

// --- the pool -----------------------------------------------------------------------------------

using mongoro::pool::connection_pool;
using mongoro::pool::lease;

/// As the executor has it: an idle connection, or a turn.
mongoro::task<> check_out(connection_pool& from, std::uint64_t& left) {
    while (left != 0) {
        --left;
        lease mine = from.try_check_out();
        if (!mine) {
            connection_pool::turn turn(from);
            if (co_await turn) {
                throw cannot();
            }
            mine = turn.take();
        }
        seen = seen + static_cast<std::uint64_t>(mine->id());
    }
}

mongoro::task<> check_out_once(connection_pool& from, lease& into) {
    auto taken = co_await from.check_out();
    if (!taken) {
        throw cannot();
    }
    into = std::move(*taken);
}

mongoro::task<> let_go(lease& held) {
    held.reset();
    co_return;
}

mongoro::task<> all_of(std::vector<mongoro::task<>> each) {
    co_await mongoro::when_all(std::move(each));
}

void run_pool(mongoro::reactor& loop, const arguments& given, std::uint64_t waiting, laps& times) {
    auto settings = settings_of(loop, given);
    settings.pool.max_size = 1;
    connection_pool pool(loop.core(), settings.connection, settings.pool, nullptr, nullptr);
    pool.ready();
    lease held;
    mongoro::sync_wait(loop, check_out_once(pool, held));  // opens the connection
    const auto round = [&](std::uint64_t operations) {
        std::vector<mongoro::task<>> each;
        for (std::uint64_t at = 0; at <= waiting; ++at) {
            each.push_back(check_out(pool, operations));
        }
        if (waiting != 0) {
            // All of them get in line first, or the first would have the connection for itself.
            mongoro::sync_wait(loop, check_out_once(pool, held));
            each.push_back(let_go(held));
        }
        times.begin();
        mongoro::sync_wait(loop, all_of(std::move(each)));
        times.end();
    };
    held.reset();
    round(given.warm_up + waiting + 1);
    times.clear();
    round(given.count);
    pool.close();
}

// --- selection ----------------------------------------------------------------------------------

/// A replica set: the round trips of two thirds of it, the primary among these, are within the
/// latency window.
mongoro::topology_description describe(std::uint64_t servers) {
    mongoro::topology_description made;
    made.type = mongoro::topology_type::replica_set_with_primary;
    made.set_name = "rs";
    for (std::uint64_t at = 0; at < servers; ++at) {
        mongoro::server_description one;
        one.address = "member-" + std::to_string(at) + ".example.com:27017";
        one.type = at == servers / 2 ? mongoro::server_type::rs_primary
                                     : mongoro::server_type::rs_secondary;
        one.round_trip_time = at % 3 == (servers / 2 + 1) % 3 ? 100ms : 1ms + at * 10us;
        one.max_wire_version = 25;
        one.set_name = made.set_name;
        made.servers.push_back(std::make_shared<const mongoro::server_description>(one));
    }
    return made;
}

void run_selection(std::uint64_t count, std::uint64_t servers, bool write) {
    const auto description = describe(servers);
    mongoro::topology::selection_criteria criteria;
    criteria.operation =
        write ? mongoro::topology::operation_kind::write : mongoro::topology::operation_kind::read;
    criteria.preference.mode = mongoro::read_mode::nearest;
    mongoro::topology::server_list scratch;
    std::minstd_rand random(1);
    for (std::uint64_t at = 0; at < count; ++at) {
        const auto chosen = mongoro::topology::select(
            description, criteria, [](const auto&) { return std::size_t{0}; }, random, scratch);
        if (!chosen || *chosen == nullptr) {
            throw cannot();
        }
        seen = seen + (*chosen)->address.size();
    }
}

using mongoro::deployment::deployment;

mongoro::task<> select(deployment& servers, std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
        mongoro::deployment::selecting_operation find{"find"};
        auto chosen = co_await servers.select({}, find);
        if (!chosen) {
            throw cannot();
        }
        seen = seen + (*chosen)->id();
    }
}

/// Until every server of the URI has answered: the first selection takes what is there.
mongoro::task<> find_all(deployment& servers, std::size_t hosts) {
    for (;;) {
        std::size_t known = 0;
        for (const auto& one : servers.description()->servers) {
            known += one->type != mongoro::server_type::unknown ? 1 : 0;
        }
        if (known == hosts) {
            co_return;
        }
        co_await mongoro::sleep_for(2ms);
    }
}

void take_primary(deployment& servers, std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
        auto* const primary = servers.primary();
        if (primary == nullptr) {
            throw cannot();
        }
        const mongoro::deployment::server_use use(*primary);
        seen = seen + use->id();
    }
}

void run_deployment(mongoro::reactor& loop, const arguments& given, laps& times) {
    auto settings = settings_of(loop, given);
    const std::size_t hosts = settings.topology.seeds.size();
    deployment servers(loop.core(), std::move(settings));
    mongoro::sync_wait(loop, select(servers, 1));
    mongoro::sync_wait(loop, find_all(servers, hosts));
    const auto round = [&](std::uint64_t count) {
        times.begin();
        if (given.task == "primary") {
            take_primary(servers, count);
        } else {
            mongoro::sync_wait(loop, select(servers, count));
        }
        times.end();
    };
    round(given.warm_up + 1);
    times.clear();
    round(given.count);
    servers.close();
}

int run(const arguments& given) {
    mongoro::reactor loop;
    laps times;
    if (given.task == "checkout" || given.task == "queue") {
        run_pool(loop, given, given.task == "queue" ? given.concurrency : 0, times);
    } else if (given.task == "select" || given.task == "select_write") {
        const bool write = given.task == "select_write";
        run_selection(given.warm_up, given.concurrency, write);
        times.begin();
        run_selection(given.count, given.concurrency, write);
        times.end();
    } else if (given.task == "primary" || given.task == "deployment") {
        run_deployment(loop, given, times);
    } else {
        std::fprintf(stderr, "mongoro-internals: no task %s\n", given.task.c_str());
        return 2;
    }
    times.print_result(given.count);
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run_program(argc, argv, "mongoro-internals", bench::run);
}
