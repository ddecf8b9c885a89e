#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mongoro::test {

/// The program of the test server, from MONGORO_TEST_SERVER, which tests/setup.sh sets.
[[nodiscard]] std::optional<std::string> server_program();

/// A test server of its own on 127.0.0.1, which keeps nothing and writes to nowhere. It has been
/// started, and may not answer yet. The destructor ends it.
class server_process {
 public:
    server_process(const std::string& program, const std::vector<std::string>& flags);
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    ~server_process();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] bool running() noexcept;

 private:
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace mongoro::test
