#include "dns/hosts_file.hpp"

#include "io/file.hpp"
#include "io/reactor_core.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string>

namespace mongoro::dns {

namespace {

constexpr const char* hosts_path = "/etc/hosts";

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view next_word(std::string_view& line) noexcept {
    constexpr std::string_view blanks = " \t\r";
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return line = {};
    }
    line.remove_prefix(begin);
    const auto word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

task<result<std::string>> read_whole(io::reactor_core& core, const char* path) {
    auto file = co_await io::file::open(core, path, O_RDONLY);
    if (!file) {
        co_return file.error();
    }
    const auto chunk = core.buffers().take(io::buffer_pool::smallest);
    std::string text;
    for (;;) {
        const auto n = co_await file->read(chunk, chunk.capacity(), text.size());
        if (!n) {
            co_return n.error();
        }
        if (*n == 0) {
            co_return std::move(text);
        }
        text.append(reinterpret_cast<const char*>(chunk.data()), *n);
    }
}

}  // namespace

std::vector<io::address> find_in_hosts(std::string_view file, std::string_view name,
                                       std::uint16_t port) {
    std::vector<io::address> found;
    while (!file.empty()) {
        const auto end = std::min(file.find('\n'), file.size());
        auto line = file.substr(0, end);
        file.remove_prefix(std::min(end + 1, file.size()));
        line = line.substr(0, line.find('#'));
        const auto literal = next_word(line);
        for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
            if (!equal_ignoring_case(word, name)) {
                continue;
            }
            if (auto address = io::address::ip(literal, port)) {
                found.push_back(*address);
            }
            break;
        }
    }
    return found;
}

task<result<std::vector<io::address>>> look_up_hosts_file(io::reactor_core& core,
                                                          std::string_view name,
                                                          std::uint16_t port) {
    // A machine without the file, or with one that cannot be read, knows no names.
    const auto text = co_await read_whole(core, hosts_path);
    if (text.error() == errc::operation_cancelled || text.error() == errc::deadline_exceeded) {
        co_return text.error();
    }
    auto found = text ? find_in_hosts(*text, name, port) : std::vector<io::address>();
    if (found.empty() && equal_ignoring_case(name, "localhost")) {
        found = find_in_hosts("127.0.0.1 localhost\n::1 localhost\n", "localhost", port);
    }
    co_return std::move(found);
}

}  // namespace mongoro::dns
