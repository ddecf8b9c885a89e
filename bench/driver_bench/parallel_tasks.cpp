// LDJSON import and export. A reactor belongs to one thread and a client to one reactor, so what
// runs in parallel is whole reactors: one a core, each with a few files at a time.
#include <mongoro/mongoro.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "driver_bench/tasks.hpp"

namespace bench {
namespace {

constexpr int documents_a_file = 5'000;
/// Files that one reactor works on at a time: while one waits for the server, another is parsed.
constexpr int files_at_a_time = 4;

using paths = std::vector<std::filesystem::path>;
using file_work = std::function<mongoro::task<>(mongoro::client, std::size_t)>;

paths data_files(const driver_setting& given) {
    paths found;
    for (const auto& entry :
         std::filesystem::directory_iterator(given.data + "/parallel/ldjson_multi")) {
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    if (found.empty()) {
        throw failure("no LDJSON files");
    }
    return found;
}

mongoro::task<> take_files(mongoro::client db, std::atomic<std::size_t>& next, std::size_t count,
                           const file_work& work) {
    for (std::size_t at = next++; at < count; at = next++) {
        co_await work(db, at);
    }
}

mongoro::task<> run_reactor(mongoro::client db, std::atomic<std::size_t>& next, std::size_t count,
                            const file_work& work) {
    std::vector<mongoro::task<>> lanes;
    for (int lane = 0; lane < files_at_a_time; ++lane) {
        lanes.push_back(take_files(db, next, count, work));
    }
    co_await mongoro::when_all(std::move(lanes));
}

/// Does `work` for each of `count` files, on a thread with a reactor for each core.
void for_each_file(const driver_setting& given, std::size_t count, const file_work& work) {
    std::atomic<std::size_t> next{0};
    std::exception_ptr failed;
    std::mutex lock;
    const auto one_thread = [&] {
        try {
            mongoro::reactor loop;
            mongoro::client db(loop, given.uri);
            mongoro::sync_wait(loop, run_reactor(db, next, count, work));
        } catch (...) {
            const std::scoped_lock held(lock);
            failed = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned at = 0; at < std::max(std::thread::hardware_concurrency(), 1U); ++at) {
        threads.emplace_back(one_thread);
    }
    for (std::thread& each : threads) {
        each.join();
    }
    if (failed) {
        std::rethrow_exception(failed);
    }
}

/// The documents of one file; with `_id`s from `first_id` on, unless that is negative.
std::vector<mongoro::document> parse_file(const std::filesystem::path& path,
                                          std::int64_t first_id) {
    const std::string text = read_file(path);
    std::vector<mongoro::document> made;
    made.reserve(documents_a_file);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        auto parsed = mongoro::from_json(std::string_view(text).substr(at, end - at));
        if (!parsed) {
            throw failure(path.string() + ": " + parsed.error().to_string());
        }
        if (first_id < 0) {
            made.push_back(std::move(*parsed));
        } else {
            mongoro::document numbered;
            numbered.append("_id", first_id + static_cast<std::int64_t>(made.size()));
            numbered.append_elements(*parsed);
            made.push_back(std::move(numbered));
        }
        at = end + 1;
    }
    return made;
}

mongoro::task<> import_file(mongoro::client db, const std::filesystem::path& path,
                            std::int64_t first_id) {
    const std::vector<mongoro::document> all = parse_file(path, first_id);
    const auto done =
        co_await db[perf_database][perf_collection].insert_many(all, {.ordered = false});
    if (done.inserted_count != static_cast<std::int64_t>(all.size())) {
        throw failure("not all documents were inserted");
    }
}

/// A range of 5,000 `_id`s, which the set-up gave out, into one file.
mongoro::task<> export_file(mongoro::client db, std::string path, std::int64_t first_id) {
    const auto last_id = first_id + documents_a_file;
    auto cursor = db[perf_database]
                      .collection<mongoro::document_view>(perf_collection)
                      .find({{"_id", {{"$gte", first_id}, {"$lt", last_id}}}})
                      .limit(documents_a_file);
    std::ofstream file(path, std::ios::binary);
    std::string text;
    int written = 0;
    while (auto batch = co_await cursor.next_batch()) {
        text.clear();
        for (const mongoro::document_view document : *batch) {
            mongoro::bson::append_json(text, document).value();
            text += '\n';
            ++written;
        }
        file << text;
    }
    file.close();
    if (!file || written != documents_a_file) {
        throw failure("the export of " + path + " is not whole");
    }
}

void run_import(const driver_setting& given, const paths& files,
                const std::function<void()>& anew) {
    iterate(given.until, anew, [&] {
        for_each_file(given, files.size(), [&](mongoro::client db, std::size_t at) {
            return import_file(std::move(db), files[at], -1);
        });
    });
}

void run_export(const driver_setting& given, const paths& files,
                const std::function<void()>& anew) {
    const auto first_id = [](std::size_t at) {
        return static_cast<std::int64_t>(at) * documents_a_file;
    };
    anew();
    for_each_file(given, files.size(), [&](mongoro::client db, std::size_t at) {
        return import_file(std::move(db), files[at], first_id(at));
    });
    const std::string folder = given.data + "/exported";
    std::filesystem::create_directories(folder);
    iterate(
        given.until, [] {},
        [&] {
            for_each_file(given, files.size(), [&](mongoro::client db, std::size_t at) {
                return export_file(std::move(db), folder + "/" + std::to_string(at) + ".txt",
                                   first_id(at));
            });
        });
    std::filesystem::remove_all(folder);
}

}  // namespace

bool run_parallel_task(const driver_setting& given, std::string_view task) {
    if (task != "ldjson_import" && task != "ldjson_export") {
        return false;
    }
    const paths files = data_files(given);
    std::printf("FILES %zu\n", files.size());
    mongoro::reactor loop;
    const mongoro::client db(loop, given.uri);
    const auto anew = [&] { mongoro::sync_wait(loop, make_collection_anew(db)); };
    mongoro::sync_wait(loop, drop_database(db));
    task == "ldjson_import" ? run_import(given, files, anew) : run_export(given, files, anew);
    mongoro::sync_wait(loop, drop_database(db));
    return true;
}

}  // namespace bench
