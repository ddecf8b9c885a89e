#include "wire/client_metadata.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

// The only part of this layer that asks the system for anything; a client does so once.

namespace mongoro::wire {

namespace {

// PRETTY_NAME of os-release(5); its value may be quoted.
std::string read_os_name() {
    std::ifstream file("/etc/os-release");
    constexpr std::string_view key = "PRETTY_NAME=";
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) {
            continue;
        }
        std::string name = line.substr(key.size());
        if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') &&
            name.back() == name.front()) {
            name = name.substr(1, name.size() - 2);
        }
        return name;
    }
    return {};
}

const char* look_up(const char* name) {
    return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): said in the header
}

}  // namespace

host_environment detect_host_environment() {
    host_environment host;
    utsname system{};
    if (::uname(&system) == 0) {
        host.os_type = system.sysname;
        host.os_architecture = system.machine;
        host.os_version = system.release;
    }
    host.os_name = read_os_name();
    read_environment(host, look_up, ::access("/.dockerenv", F_OK) == 0);
    return host;
}

}  // namespace mongoro::wire
