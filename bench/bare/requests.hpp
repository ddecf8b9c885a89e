#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The messages of one operation, in the order in which they are sent.
///
/// Where `recorded` is not null it names a file that the responder's --capture wrote while a client
/// did the task once: then the bytes are that client's. Otherwise they are in the shape that a
/// driver's have, a session id included. Nothing where the file cannot be read or the task is not
/// known.
std::optional<std::vector<std::string>> operation_messages(std::string_view task,
                                                           const char* recorded);

}  // namespace bench
