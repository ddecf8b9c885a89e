#include "io/file.hpp"

#include "io/operation_awaiter.hpp"
#include "io/reactor_core.hpp"
#include "io/readiness.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mongoro::io {

namespace {

using kind = kernel_operation::kind;

operation_ptr make(reactor_core& core, kind what, int fd) {
    operation_ptr op(new kernel_operation(core, what));
    op->fd = fd;
    return op;
}

error system_error_of(int negated_errno) {
    return std::error_code(-negated_errno, std::system_category());
}

}  // namespace

file::descriptor::~descriptor() {
    if (fd >= 0) {
        ::close(fd);
    }
}

/// Moves `size` bytes between a file and a buffer; stops early at the end of the file.
task<result<std::size_t>> file::transfer(reactor_core& core, kind what,
                                         std::shared_ptr<const descriptor> open, buffer bytes,
                                         std::size_t size, std::uint64_t offset) {
    constexpr std::size_t most = std::size_t{1} << 30;  // a result is an int
    const detail::task_context& context = co_await detail::this_context{};
    if (open == nullptr) {
        co_return system_error_of(-EBADF);
    }
    if (size > bytes.capacity()) {
        co_return error(errc::invalid_argument, "more bytes than the buffer has");
    }
    std::size_t done = 0;
    while (done < size) {
        auto op = make(core, what, open->fd);
        op->keep = open;
        op->data = bytes;
        op->begin_at = done;
        op->size = std::min(size - done, most);
        op->offset = offset + done;
        error why;
        const int r = co_await run_operation(std::move(op), context, why);
        if (why) {
            co_return why;
        }
        if (r < 0) {
            co_return system_error_of(r);
        }
        if (r == 0) {
            break;
        }
        done += static_cast<std::size_t>(r);
    }
    co_return done;
}

task<result<file>> file::open(reactor_core& core, std::string path, int flags, unsigned mode) {
    const detail::task_context& context = co_await detail::this_context{};
    auto op = make(core, kind::open, -1);
    op->path = std::move(path);
    op->flags = flags | O_CLOEXEC;
    op->mode = mode;
    error why;
    const int r = co_await run_operation(std::move(op), context, why);
    if (why) {
        if (r >= 0) {
            ::close(r);
        }
        co_return why;
    }
    if (r < 0) {
        co_return system_error_of(r);
    }
    co_return file(core, r);
}

task<result<std::size_t>> file::read(buffer to, std::size_t size, std::uint64_t offset) {
    return transfer(*core_, kind::read, open_, std::move(to), size, offset);
}

task<result<void>> file::write(buffer from, std::size_t size, std::uint64_t offset) {
    const auto written =
        co_await transfer(*core_, kind::write, open_, std::move(from), size, offset);
    if (!written) {
        co_return written.error();
    }
    co_return *written == size ? error() : system_error_of(-ENOSPC);
}

task<result<void>> file::close() {
    const detail::task_context& context = co_await detail::this_context{};
    if (open_ == nullptr || open_.use_count() > 1) {
        open_.reset();  // the last operation of it closes it
        co_return result<void>();
    }
    auto op = make(*core_, kind::close, std::exchange(open_->fd, -1));
    open_.reset();
    error why;
    const int r = co_await run_operation(std::move(op), context, why);
    co_return r < 0 && r != -ECANCELED ? system_error_of(r) : error();
}

task<result<unsigned>> poll(reactor_core& core, int fd, unsigned mask) {
    const detail::task_context& context = co_await detail::this_context{};
    auto op = make(core, kind::poll, fd);
    op->mask = mask;
    error why;
    const int r = co_await run_operation(std::move(op), context, why);
    if (why) {
        co_return why;
    }
    if (r < 0) {
        co_return error(errc::network_error, "waiting for a descriptor", system_error_of(r));
    }
    co_return static_cast<unsigned>(r);
}

}  // namespace mongoro::io
