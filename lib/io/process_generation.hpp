#pragma once

#include <atomic>
#include <cstdint>

namespace mongoro::io {

/// Which process this is, in the line of those that fork() made: a child's number is one more than
/// its parent's. Only read it; 0 until `watch_forks()`.
///
/// Who remembers the number can tell by one load, without a system call, whether it is still in the
/// process that it was made in. A child of vfork(), _Fork() or clone(2) is not recognised.
extern std::atomic<std::uint32_t> process_generation;

/// From now on forks are counted; the number of this process. Any thread, any number of times.
std::uint32_t watch_forks() noexcept;

}  // namespace mongoro::io
