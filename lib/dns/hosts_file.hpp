#pragma once

#include "io/connect.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace mongoro::dns {

/// What a hosts file says of a name, which is compared without regard to case. Lines that are
/// malformed are passed over, as the C library does.
[[nodiscard]] std::vector<io::address> find_in_hosts(std::string_view file, std::string_view name,
                                                     std::uint16_t port);

/// What this machine's hosts file says of a name, in its order, read through the reactor each time;
/// nothing without such a file. `localhost` is known without one.
///
/// Errors: `deadline_exceeded` and `operation_cancelled` of the awaiting task, which is one of
/// `core`. `name` outlives the task.
[[nodiscard]] task<result<std::vector<io::address>>> look_up_hosts_file(io::reactor_core& core,
                                                                        std::string_view name,
                                                                        std::uint16_t port);

}  // namespace mongoro::dns
