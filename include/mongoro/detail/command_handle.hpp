#pragma once

#include <memory>

namespace mongoro::wire {
class command;
}

namespace mongoro::detail {

/// Gives a command back to the calling thread's cache of warm ones.
struct command_recycler {
    void operator()(wire::command* c) const noexcept;
};

/// A command that is being built or under way; opaque outside the library.
using command_handle = std::unique_ptr<wire::command, command_recycler>;

}  // namespace mongoro::detail
