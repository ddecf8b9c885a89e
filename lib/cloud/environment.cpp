#include "cloud/environment.hpp"

#include <cstdlib>

namespace mongoro::cloud {

environment system_environment(io::reactor_core& core, http_connector connect) {
    environment out;
    out.core = &core;
    out.connect = std::move(connect);
    out.lookup = [](const char* name) -> const char* {
        return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): said in the header
    };
    out.now = [] {
        return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    };
    return out;
}

}  // namespace mongoro::cloud
