// Tasks of one connection: single-document and multi-document.
#include <mongoro/mongoro.hpp>

#include <algorithm>
#include <vector>

#include "driver_bench/tasks.hpp"

namespace bench {
namespace {

constexpr int operations = 10'000;
constexpr int large_operations = 10;

struct fixture {
    mongoro::reactor& loop;
    mongoro::client db;
    mongoro::document document;

    mongoro::collection<> corpus() const { return db[perf_database][perf_collection]; }
};

mongoro::document load(const driver_setting& given, const char* file) {
    auto made = mongoro::from_json(read_file(given.data + "/single_and_multi_document/" + file));
    if (!made) {
        throw failure(std::string(file) + ": " + made.error().to_string());
    }
    return std::move(*made);
}

mongoro::task<> run_commands(fixture& on) {
    auto admin = on.db["admin"];
    for (int at = 0; at < operations; ++at) {
        co_await admin.run_command({{"hello", true}});
    }
}

mongoro::task<> find_each(fixture& on) {
    auto corpus = on.db[perf_database].collection<mongoro::document_view>(perf_collection);
    for (int at = 1; at <= operations; ++at) {
        if (!co_await corpus.find_one({{"_id", at}})) {
            throw failure("a document is missing");
        }
    }
}

mongoro::task<> insert_each(fixture& on, int count) {
    auto corpus = on.corpus();
    for (int at = 0; at < count; ++at) {
        co_await corpus.insert_one(on.document);
    }
}

mongoro::task<> insert_all(fixture& on, int count) {
    // The same document so often, as the specification has it; each gets an _id of its own.
    const std::vector<mongoro::document_view> copies(static_cast<std::size_t>(count), on.document);
    auto corpus = on.db[perf_database].collection<mongoro::document_view>(perf_collection);
    co_await corpus.insert_many(copies);
}

mongoro::task<> find_all(fixture& on) {
    auto cursor = on.db[perf_database].collection<mongoro::document_view>(perf_collection).find({});
    int found = 0;
    while (auto batch = co_await cursor.next_batch()) {
        for ([[maybe_unused]] const mongoro::document_view document : *batch) {
            ++found;
        }
    }
    if (found != operations) {
        throw failure("not all documents were found");
    }
}

/// The set-up of both reading tasks: `operations` copies, with the numbers from 1 as _id or with
/// the driver's.
mongoro::task<> fill(fixture& on, bool numbered) {
    co_await make_collection_anew(on.db);
    constexpr int chunk = 1000;
    for (int from = 0; from < operations; from += chunk) {
        std::vector<mongoro::document> some;
        for (int at = from; at < from + chunk; ++at) {
            mongoro::document one;
            if (numbered) {
                one.append("_id", at + 1);
            }
            one.append_elements(on.document);
            some.push_back(std::move(one));
        }
        co_await on.corpus().insert_many(some);
    }
}

}  // namespace

mongoro::task<> drop_database(mongoro::client db) {
    co_await db[perf_database].drop();
}

mongoro::task<> make_collection_anew(mongoro::client db) {
    co_await db[perf_database][perf_collection].drop();
    co_await db[perf_database].create_collection(perf_collection);
}

bool run_document_task(const driver_setting& given, std::string_view task) {
    mongoro::reactor loop;
    fixture on{loop, mongoro::client(loop, given.uri), {}};
    const auto wait = [&](mongoro::task<> work) { mongoro::sync_wait(loop, std::move(work)); };
    const auto anew = [&] { wait(make_collection_anew(on.db)); };
    const auto nothing = [] {};
    const bool large = task.starts_with("large_");
    const bool small = task.starts_with("small_");
    if (task == "run_command") {
        iterate(given.until, nothing, [&] { wait(run_commands(on)); });
        return true;
    }
    const bool find_one = task == "find_one_by_id";
    const bool inserts = task.ends_with("_insert_one");
    const bool bulk = task.ends_with("_bulk_insert");
    if (!find_one && task != "find_many" && (!(large || small) || !(inserts || bulk))) {
        return false;
    }
    on.document = load(given, large ? "large_doc.json" : small ? "small_doc.json" : "tweet.json");
    wait(drop_database(on.db));
    const int count = large ? large_operations : operations;
    if (inserts) {
        iterate(given.until, anew, [&] { wait(insert_each(on, count)); });
    } else if (bulk) {
        iterate(given.until, anew, [&] { wait(insert_all(on, count)); });
    } else {
        wait(fill(on, find_one));
        iterate(given.until, nothing, [&] { wait(find_one ? find_each(on) : find_all(on)); });
    }
    wait(drop_database(on.db));
    return true;
}

}  // namespace bench
