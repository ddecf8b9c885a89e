#include "cloud/read_file.hpp"

#include "cloud/failure.hpp"
#include "io/file.hpp"
#include "io/reactor_core.hpp"

#include <fcntl.h>

#include <string_view>

namespace mongoro::cloud {

namespace {

constexpr std::size_t most = std::size_t{1} << 20;

task<result<auth::secret>> read_whole(io::reactor_core& core, std::string path) {
    auto file = co_await io::file::open(core, std::move(path), O_RDONLY);
    if (!file) {
        co_return file.error();
    }
    const auto bytes = core.buffers().take(most + 1);
    const auto n = co_await file->read(bytes, bytes.capacity(), 0);
    if (!n) {
        co_return n.error();
    }
    if (*n > most) {
        auth::wipe(bytes.data(), *n);
        co_return error(errc::message_too_large, "more than 1 MiB");
    }
    constexpr std::string_view blanks = " \t\r\n";
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), *n);
    const auto begin = text.find_first_not_of(blanks);
    text = begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
    auth::secret token{std::string(text)};
    auth::wipe(bytes.data(), *n);
    if (token.text().empty()) {
        co_return error(errc::invalid_argument, "an empty file");
    }
    co_return std::move(token);
}

}  // namespace

task<result<auth::secret>> read_token_file(io::reactor_core& core, std::string path) {
    const detail::task_context& context = co_await detail::this_context{};
    auto token = co_await read_whole(core, path);
    if (!token) {
        co_return login_failure("reading " + path, token.error(), context);
    }
    co_return std::move(token);
}

}  // namespace mongoro::cloud
