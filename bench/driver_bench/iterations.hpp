#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace bench {

/// A message for whoever runs the benchmark.
class failure : public std::exception {
 public:
    explicit failure(std::string what) : what_(std::move(what)) {}
    const char* what() const noexcept override { return what_.c_str(); }

 private:
    std::string what_;
};

/// When a task has been done often enough. The spec's own: 100 iterations that took at least a
/// minute together, or five minutes.
struct limits {
    double least_seconds = 60;
    double most_seconds = 300;
    int iterations = 100;

    bool reached(int done, double seconds) const {
        return seconds >= most_seconds || (done >= iterations && seconds >= least_seconds);
    }
};

/// `LEAST,MOST,ITERATIONS`.
inline limits parse_limits(const char* text) {
    limits made;
    if (std::sscanf(text, "%lf,%lf,%d", &made.least_seconds, &made.most_seconds,
                    &made.iterations) != 3) {
        throw failure("limits are LEAST_SECONDS,MOST_SECONDS,ITERATIONS");
    }
    return made;
}

/// Runs the phases "before task" and "do task" of one benchmark; a line `ITERATION seconds` for
/// each. Only the second phase is timed.
template <class Before, class Do>
void iterate(const limits& until, Before&& before, Do&& task) {
    using clock = std::chrono::steady_clock;
    double total = 0;
    for (int done = 0; !until.reached(done, total) || done == 0; ++done) {
        before();
        const auto began = clock::now();
        task();
        const std::chrono::duration<double> took = clock::now() - began;
        total += took.count();
        std::printf("ITERATION %.9f\n", took.count());
    }
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw failure("cannot read " + path);
    }
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace bench
