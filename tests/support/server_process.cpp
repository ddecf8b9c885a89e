#include "server_process.hpp"

#include "listener.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <thread>

namespace mongoro::test {

namespace {

/// One that is free now. Somebody else may take it until the server does; then it does not start.
std::uint16_t free_port() {
    const listener momentary(listen_at::ipv4, [](peer_socket&, std::size_t) {});
    return momentary.port();
}

}  // namespace

std::optional<std::string> server_program() {
    const char* const path = std::getenv("MONGORO_TEST_SERVER");  // NOLINT(concurrency-mt-unsafe)
    if (path == nullptr || *path == '\0') {
        return std::nullopt;
    }
    return path;
}

server_process::server_process(const std::string& program, const std::vector<std::string>& flags)
    : port_(free_port()) {
    std::vector<std::string> words{
        program,          "--host",  "127.0.0.1", "--port", std::to_string(port_),
        "--storage-path", ":memory:"};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    }
    const int failed =
        ::posix_spawn(&pid_, program.c_str(), &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
        throw std::system_error(failed, std::generic_category(), program);
    }
}

bool server_process::running() noexcept {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0) {
        pid_ = -1;
    }
    return pid_ > 0;
}

server_process::~server_process() {
    if (running()) {
        ::kill(pid_, SIGTERM);
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (running() && std::chrono::steady_clock::now() < limit) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    if (running()) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

}  // namespace mongoro::test
