#pragma once

#include "io/buffer_pool.hpp"
#include "io/completion.hpp"
#include "io/ready_list.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mongoro::io {

class reactor_core;

/// An operation that is no stream's: of a file, or the readiness of a descriptor. It is on the
/// heap, outside of the coroutine that waits for it, and stays there until the kernel has let go.
class kernel_operation : public completion, public ready_node {
 public:
    enum class kind : std::uint8_t { poll, open, read, write, close };

    kernel_operation(reactor_core& owner, kind what) noexcept : core(&owner), type(what) {}

    /// Starts it; `c` is called with what it came to.
    void begin(completion& c) noexcept;
    /// Who waited is gone: cancels it if it is under way, and frees it when it has ended.
    void release() noexcept;
    /// Ends it; its completion still comes.
    void cancel() noexcept;
    /// Its reactor goes: the descriptors that only it knows of are closed.
    void close_descriptors() noexcept;
    /// For the backends: it ended with `r`.
    void finish(int r) noexcept;

    reactor_core* core;  // null after its reactor was destroyed
    kind type;
    bool active = false;
    bool released = false;
    bool background = false;  // does not keep `run()` running
    bool known = false;       // epoll: `result` waits to be told
    int fd = -1;
    int watched = -1;                  // epoll: the duplicate that is in the set
    unsigned mask = 0;                 // poll: POLLIN and so on
    int flags = 0;                     // open
    unsigned mode = 0;                 // open
    std::string path;                  // open
    std::shared_ptr<const void> keep;  // what must not go before it has ended: the open file
    buffer data;                       // read and write: a share of the bytes
    std::size_t begin_at = 0;          // the first of them
    std::size_t size = 0;
    std::size_t done = 0;      // epoll: chunks so far
    std::uint64_t offset = 0;  // in the file
    int result = 0;
    completion* waiter = nullptr;
    kernel_operation* next_operation = nullptr;
    kernel_operation* prev_operation = nullptr;
};

}  // namespace mongoro::io
