#pragma once

#include <mongoro/client.hpp>
#include <mongoro/task.hpp>

#include <string>
#include <string_view>

#include "driver_bench/iterations.hpp"

namespace bench {

/// What a run of one task is given.
struct driver_setting {
    std::string uri;
    /// The folder with extended_bson/, single_and_multi_document/ and parallel/.
    std::string data;
    limits until;
};

inline constexpr const char* perf_database = "perftest";
inline constexpr const char* perf_collection = "corpus";

/// Drops the collection and makes it anew, empty: most tasks' "before task".
mongoro::task<> make_collection_anew(mongoro::client db);
mongoro::task<> drop_database(mongoro::client db);

/// Both run the whole task with its set-up and teardown; false where the task is not theirs.
bool run_document_task(const driver_setting& given, std::string_view task);
bool run_parallel_task(const driver_setting& given, std::string_view task);

}  // namespace bench
