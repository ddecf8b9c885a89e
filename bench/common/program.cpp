#include "common/program.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace bench {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// The peak, in kB. Not `ru_maxrss`: that one keeps what the process was before its exec.
long peak_rss() {
    long kilobytes = 0;
    if (std::FILE* file = std::fopen("/proc/self/status", "r")) {
        char line[256];
        while (std::fgets(line, sizeof line, file) != nullptr &&
               std::sscanf(line, "VmHWM: %ld", &kilobytes) != 1) {
        }
        std::fclose(file);
    }
    return kilobytes;
}

bool parse_uri(arguments& into) {
    constexpr std::string_view scheme = "mongodb://";
    std::string_view rest = into.uri;
    if (!rest.starts_with(scheme)) {
        return false;
    }
    rest.remove_prefix(scheme.size());
    rest = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(rest.rfind('@') + 1);
    const std::string_view first = rest.substr(0, rest.find(','));
    const std::size_t colon = first.rfind(':');
    into.host = first.substr(0, colon);
    if (colon != std::string_view::npos) {
        into.port =
            static_cast<std::uint16_t>(std::atoi(std::string(first.substr(colon + 1)).c_str()));
    }
    return !into.host.empty() && into.port != 0;
}

}  // namespace

std::optional<arguments> parse_arguments(int argc, char** argv) {
    arguments made;
    if (argc == 4) {
        made.uri = argv[1];
        made.task = argv[2];
        made.count = std::strtoull(argv[3], nullptr, 10);
    }
    if (const std::size_t colon = made.task.find(':'); colon != std::string::npos) {
        made.concurrency = std::strtoull(made.task.c_str() + colon + 1, nullptr, 10);
        made.task.resize(colon);
    }
    if (made.count == 0 || made.concurrency == 0 || !parse_uri(made)) {
        std::fprintf(stderr, "usage: %s mongodb://HOST:PORT TASK N\n", argv[0]);
        return std::nullopt;
    }
    const char* cold = std::getenv("NOWARM");
    const bool warm = cold == nullptr || std::string_view(cold) != "1";
    made.warm_up = warm ? std::max<std::uint64_t>(made.count / 10, 1) : 0;
    return made;
}

stopwatch::stopwatch() : began_(std::chrono::steady_clock::now()) {
    ::getrusage(RUSAGE_SELF, &used_);
}

void stopwatch::print_result(std::uint64_t operations) const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began_;
    rusage now{};
    ::getrusage(RUSAGE_SELF, &now);
    std::printf("RESULT %llu %.6f %.6f %.6f %ld\n", static_cast<unsigned long long>(operations),
                wall.count(), seconds(now.ru_utime) - seconds(used_.ru_utime),
                seconds(now.ru_stime) - seconds(used_.ru_stime), peak_rss());
    // Whoever waits for the first reply has it now, and not after the teardown.
    std::fflush(stdout);
}

void laps::print_result(std::uint64_t operations) const {
    using seconds = std::chrono::duration<double>;
    std::printf("RESULT %llu %.6f %.6f 0 %ld\n", static_cast<unsigned long long>(operations),
                seconds(wall_).count(), seconds(cpu_).count(), peak_rss());
    std::fflush(stdout);
}

latencies::latencies() : path_(std::getenv("LATENCIES")) {
    if (path_ != nullptr) {
        taken_.reserve(1U << 20U);
    }
}

latencies::~latencies() {
    if (std::FILE* file = path_ != nullptr ? std::fopen(path_, "w") : nullptr) {
        for (const clock::rep one : taken_) {
            std::fprintf(file, "%lld\n", static_cast<long long>(one));
        }
        std::fclose(file);
    }
}

void print_counter(const char* name, std::uint64_t value) {
    std::printf("COUNTER %s %llu\n", name, static_cast<unsigned long long>(value));
}

int run_program(int argc, char** argv, const char* name, int (*run)(const arguments& given)) {
    const auto given = parse_arguments(argc, argv);
    if (!given) {
        return 2;
    }
    try {
        return run(*given);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", name, e.what());
        return 1;
    }
}

}  // namespace bench
