// The Driver Benchmarking specification's single-document, multi-document and parallel tasks:
//
//   bench-driver URI TASK DATA LIMITS
//
// A line `ITERATION seconds` for each "do task" phase; LIMITS see parse_limits. DATA has the
// specification's layout.
#include <cstdio>
#include <exception>
#include <string_view>

#include "driver_bench/iterations.hpp"
#include "driver_bench/tasks.hpp"

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s URI TASK DATA LIMITS\n", argv[0]);
        return 2;
    }
    try {
        const bench::driver_setting given{argv[1], argv[3], bench::parse_limits(argv[4])};
        const std::string_view task = argv[2];
        if (!bench::run_document_task(given, task) && !bench::run_parallel_task(given, task)) {
            std::fprintf(stderr, "bench-driver: no task %s\n", argv[2]);
            return 2;
        }
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench-driver: %s\n", e.what());
        return 1;
    }
}
