// mongoro, doing the tasks of the benchmark: URI TASK N.
#include <mongoro/adapters/callback.hpp>
#include <mongoro/mongoro.hpp>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/program.hpp"
#include "common/sample_documents.hpp"

// Not in an anonymous namespace: these are structs as users have them.
namespace bench {

/// The small document's values.
struct small {
    std::string field0, field1, field2, field3, field4, field5, field6;
    std::int32_t field7 = 0, field8 = 0, field9 = 0, field10 = 0, field11 = 0, field12 = 0;
};

/// What a program takes of a tweet.
struct tweet {
    std::int32_t _id = 0;
    std::int32_t retweet_count = 0;
    std::string created_at;
    bool favorited = false;
    std::string text;
};

namespace {

constexpr std::size_t many_documents = 10'000;

/// Keeps what was read from being optimised away.
volatile std::uint64_t seen = 0;

class wrong_result : public std::exception {
 public:
    const char* what() const noexcept override { return "not the documents that were asked for"; }
};

void read(mongoro::document_view document) {
    seen = seen + static_cast<std::uint64_t>(document["_id"].get<std::int32_t>()) +
           document["created_at"].get<std::string_view>().size();
}

/// The values, made before the clock starts, as a program has its data.
std::vector<small> make_smalls() {
    std::vector<small> made(many_documents);
    for (std::size_t at = 0; at < made.size(); ++at) {
        const std::string bytes = small_document(static_cast<std::uint32_t>(at));
        const mongoro::document_view view(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                          bytes.size());
        small& to = made[at];
        std::string* const texts[] = {&to.field0, &to.field1, &to.field2, &to.field3,
                                      &to.field4, &to.field5, &to.field6};
        std::int32_t* const numbers[] = {&to.field7,  &to.field8,  &to.field9,
                                         &to.field10, &to.field11, &to.field12};
        for (std::size_t field = 0; field < 13; ++field) {
            const auto value = view["field" + std::to_string(field)];
            if (field < 7) {
                *texts[field] = value.get<std::string>();
            } else {
                *numbers[field - 7] = value.get<std::int32_t>();
            }
        }
    }
    return made;
}

/// What the tasks work on.
struct fixture {
    mongoro::reactor& loop;
    mongoro::client db;
    std::vector<small> smalls;
    std::uint64_t concurrency = 1;
    latencies times = {};
};

mongoro::task<> ping(fixture& on, std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
        co_await on.db.ping();
    }
}

mongoro::task<> find_one(fixture& on, std::uint64_t count) {
    auto one = on.db["bench"].collection<mongoro::document_view>("one");
    for (std::uint64_t at = 0; at < count; ++at) {
        const auto began = on.times.begin();
        const auto found = co_await one.find_one({{"_id", 1}});
        if (!found) {
            throw wrong_result();
        }
        read(*found);
        on.times.end(began);
    }
}

mongoro::task<> find_one_struct(fixture& on, std::uint64_t count) {
    auto one = on.db["bench"].collection<tweet>("one");
    for (std::uint64_t at = 0; at < count; ++at) {
        const std::optional<tweet> found = co_await one.find_one({{"_id", 1}});
        if (!found) {
            throw wrong_result();
        }
        seen = seen + static_cast<std::uint64_t>(found->_id) + found->created_at.size();
    }
}

mongoro::task<> insert_one(fixture& on, std::uint64_t count) {
    auto inserted = on.db["bench"].collection<small>("inserted");
    for (std::uint64_t at = 0; at < count; ++at) {
        co_await inserted.insert_one(on.smalls.front());
    }
}

mongoro::task<> insert_one_document(fixture& on, std::uint64_t count) {
    auto inserted = on.db["bench"]["inserted"];
    for (std::uint64_t at = 0; at < count; ++at) {
        const small& from = on.smalls.front();
        co_await inserted.insert_one({{"field0", from.field0},
                                      {"field1", from.field1},
                                      {"field2", from.field2},
                                      {"field3", from.field3},
                                      {"field4", from.field4},
                                      {"field5", from.field5},
                                      {"field6", from.field6},
                                      {"field7", from.field7},
                                      {"field8", from.field8},
                                      {"field9", from.field9},
                                      {"field10", from.field10},
                                      {"field11", from.field11},
                                      {"field12", from.field12}});
    }
}

mongoro::task<> insert_many(fixture& on, std::uint64_t count) {
    auto inserted = on.db["bench"].collection<small>("inserted");
    for (std::uint64_t at = 0; at < count; ++at) {
        const auto done = co_await inserted.insert_many(on.smalls);
        if (done.inserted_count != static_cast<std::int64_t>(many_documents)) {
            throw wrong_result();
        }
    }
}

mongoro::task<> find_many(fixture& on, std::uint64_t count) {
    auto many = on.db["bench"].collection<mongoro::document_view>("many");
    for (std::uint64_t at = 0; at < count; ++at) {
        std::size_t visited = 0;
        auto cursor = many.find({});
        while (auto batch = co_await cursor.next_batch()) {
            for (const mongoro::document_view document : *batch) {
                read(document);
                ++visited;
            }
        }
        if (visited != many_documents) {
            throw wrong_result();
        }
    }
}

mongoro::task<> find_many_struct(fixture& on, std::uint64_t count) {
    auto many = on.db["bench"].collection<tweet>("many");
    for (std::uint64_t at = 0; at < count; ++at) {
        std::size_t visited = 0;
        auto cursor = many.find({});
        while (const std::optional<tweet> found = co_await cursor.next()) {
            seen = seen + static_cast<std::uint64_t>(found->_id) + found->created_at.size();
            ++visited;
        }
        if (visited != many_documents) {
            throw wrong_result();
        }
    }
}

mongoro::task<> concurrently(fixture& on, std::uint64_t count) {
    std::vector<mongoro::task<>> each;
    each.reserve(on.concurrency);
    for (std::uint64_t at = 0; at < on.concurrency; ++at) {
        each.push_back(find_one(on, count));
    }
    co_await mongoro::when_all(std::move(each));
}

/// find_one with callbacks: each starts the next.
class chain {
 public:
    chain(fixture& on, std::uint64_t count)
        : one_(on.db["bench"].collection<mongoro::document_view>("one")), left_(count) {}

    void next() {
        if (left_-- == 0) {
            return;
        }
        mongoro::start(one_.find_one({{"_id", 1}}), [this](auto found, const mongoro::error& e) {
            if (!found || e) {
                throw wrong_result();
            }
            read(*found);
            next();
        });
    }

 private:
    mongoro::collection<mongoro::document_view> one_;
    std::uint64_t left_;
};

using coroutine = mongoro::task<> (*)(fixture&, std::uint64_t);

constexpr std::array<std::pair<std::string_view, coroutine>, 9> coroutines{{
    {"ping", ping},
    {"find_one", find_one},
    {"find_one_struct", find_one_struct},
    {"insert_one", insert_one},
    {"insert_one_document", insert_one_document},
    {"insert_many", insert_many},
    {"find_many", find_many},
    {"find_many_struct", find_many_struct},
    {"conc", concurrently},
}};

/// False where the task is not known.
bool run_task(fixture& on, std::string_view task, std::uint64_t count) {
    if (task == "callback") {
        chain calls(on, count);
        calls.next();
        on.loop.run();
        return true;
    }
    for (const auto& [name, function] : coroutines) {
        if (name == task) {
            mongoro::sync_wait(on.loop, function(on, count));
            return true;
        }
    }
    return false;
}

int run(const arguments& given) {
    mongoro::reactor loop;
    // As many connections as the bare loop has.
    fixture on{
        loop, mongoro::client(loop, given.uri, {.max_pool_size = 64}), {}, given.concurrency};
    if (given.task.starts_with("insert")) {
        on.smalls = make_smalls();
    }
    if (given.warm_up != 0) {
        run_task(on, given.task, given.warm_up);
        on.times.clear();
    }
    const auto enters = loop.statistics().enters;
    const stopwatch watch;
    if (!run_task(on, given.task, given.count)) {
        std::fprintf(stderr, "mongoro-bench: no task %s\n", given.task.c_str());
        return 2;
    }
    // On epoll these are calls of epoll_wait, which no io_uring_enter is to be held against.
    if (loop.backend() == mongoro::reactor_backend::io_uring) {
        print_counter("enters", loop.statistics().enters - enters);
    }
    watch.print_result(given.count * given.concurrency);
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run_program(argc, argv, "mongoro-bench", bench::run);
}
