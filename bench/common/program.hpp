#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// The command line that all benchmark programs share: `PROGRAM URI TASK N`.
struct arguments {
    std::string uri;
    /// Of the URI's first host; a user and a password before it are passed over.
    std::string host;
    std::uint16_t port = 27017;
    /// "find_one"; for "conc:64" it is "conc".
    std::string task;
    /// The coroutines, threads or connections of "conc:K"; 1 for every other task.
    std::uint64_t concurrency = 1;
    /// Operations; of "conc:K", for each of the K.
    std::uint64_t count = 0;
    /// count / 10, or 0 where NOWARM=1 is set.
    std::uint64_t warm_up = 0;
};

/// Nothing, and a line on standard error, where they are wrong.
std::optional<arguments> parse_arguments(int argc, char** argv);

/// Wall and CPU time of the timed loop, and the closing line that all programs share:
/// `RESULT ops wall_s user_s sys_s rss_kb`.
class stopwatch {
 public:
    stopwatch();
    void print_result(std::uint64_t operations) const;

 private:
    rusage used_{};
    std::chrono::steady_clock::time_point began_;
};

/// Wall and CPU time of single steps, without what lies between them; the same closing line.
class laps {
 public:
    void begin() {
        cpu_began_ = cpu();
        began_ = std::chrono::steady_clock::now();
    }
    void end() {
        wall_ += std::chrono::steady_clock::now() - began_;
        cpu_ += cpu() - cpu_began_;
    }
    void clear() { wall_ = cpu_ = {}; }
    /// The CPU time as user time: what the clock says is both together.
    void print_result(std::uint64_t operations) const;

 private:
    /// Of the process, by the nanosecond.
    static std::chrono::nanoseconds cpu() {
        timespec now{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    }

    std::chrono::steady_clock::time_point began_;
    std::chrono::nanoseconds cpu_began_{};
    std::chrono::nanoseconds wall_{};
    std::chrono::nanoseconds cpu_{};
};

/// How long each operation takes, where the environment's LATENCIES names a file for it: one number
/// of nanoseconds a line. Elsewhere it costs one branch an operation.
class latencies {
 public:
    using clock = std::chrono::steady_clock;

    latencies();
    latencies(const latencies&) = delete;
    latencies& operator=(const latencies&) = delete;
    ~latencies();

    clock::time_point begin() const {
        return path_ != nullptr ? clock::now() : clock::time_point();
    }
    void end(clock::time_point began) {
        if (path_ != nullptr) {
            add(clock::now() - began);
        }
    }
    /// Forgets those of the warm-up.
    void clear() { taken_.clear(); }

 private:
    void add(clock::duration one) { taken_.push_back(one.count()); }

    const char* path_;
    std::vector<clock::rep> taken_;
};

/// A line that the runner reads into the case's counters: `COUNTER name value`.
void print_counter(const char* name, std::uint64_t value);

/// The `main` of a program that may throw: reads the command line and runs it. What is wrong is a
/// line that begins with `name`.
[[nodiscard]] int run_program(int argc, char** argv, const char* name,
                              int (*run)(const arguments& given));

}  // namespace bench
