#pragma once

#include "io/buffer_pool.hpp"
#include "io/kernel_operation.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mongoro::io {

class reactor_core;

/// An open file of one reactor. Every operation must be awaited by a task of that reactor.
///
/// On the ring a read or a write does not hold the loop up (the kernel may start workers of its own
/// for it). On epoll it is synchronous, in chunks of 128 KiB with a turn of the loop between them:
/// a cold disk holds the loop up that long.
///
/// A task that is destroyed, stopped or timed out in the middle leaves the operation to the
/// reactor; the reactor's share of the buffer lasts until the kernel has let go, so a buffer whose
/// operation failed may still change: do not use it again.
///
/// Errors: the system's own error code; `deadline_exceeded`,
/// `operation_cancelled`.
class file {
 public:
    // Destroying the last of it closes it at once, without waiting, if `close()` did not.

    /// open(2) with `O_CLOEXEC`.
    [[nodiscard]] static task<result<file>> open(reactor_core& core, std::string path, int flags,
                                                 unsigned mode = 0600);
    /// Reads `size` bytes at `offset` into the start of `to`, fewer at the end of the file.
    [[nodiscard]] task<result<std::size_t>> read(buffer to, std::size_t size, std::uint64_t offset);
    /// Writes the first `size` bytes of `from` at `offset`, all of them.
    [[nodiscard]] task<result<void>> write(buffer from, std::size_t size, std::uint64_t offset);
    [[nodiscard]] task<result<void>> close();

    /// -1 once it is closed.
    [[nodiscard]] int fd() const noexcept { return open_ ? open_->fd : -1; }

 private:
    /// An operation keeps a share: a number that is closed too early may name another file by the
    /// time the kernel looks at it.
    struct descriptor {
        explicit descriptor(int number) noexcept : fd(number) {}
        descriptor(const descriptor&) = delete;
        descriptor& operator=(const descriptor&) = delete;
        ~descriptor();
        int fd;
    };

    file(reactor_core& core, int fd) : core_(&core), open_(std::make_shared<descriptor>(fd)) {}
    [[nodiscard]] static task<result<std::size_t>> transfer(reactor_core& core,
                                                            kernel_operation::kind what,
                                                            std::shared_ptr<const descriptor> open,
                                                            buffer bytes, std::size_t size,
                                                            std::uint64_t offset);

    reactor_core* core_;
    std::shared_ptr<descriptor> open_;
};

}  // namespace mongoro::io
