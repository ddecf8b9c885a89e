#pragma once

#include "auth/conversation.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/detail/reply.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <string_view>

namespace mongoro::cloud {

/// Runs the commands of a login on the connection that logs in.
class login_channel {
 public:
    login_channel() = default;
    login_channel(const login_channel&) = delete;
    login_channel& operator=(const login_channel&) = delete;
    virtual ~login_channel() = default;

    /// Runs one command, `fields` without its `$db`, and gives a reply that says `ok: 1`. `fields`
    /// outlives the task.
    ///
    /// Errors: the server's, with its code, where it says `ok: 0`; those of the wire and of the
    /// awaiting task.
    [[nodiscard]] virtual task<result<detail::reply>> run(std::string_view database,
                                                          bson::document_view fields) = 0;
};

/// Runs a conversation from its start to its end. The bytes of its commands are wiped.
///
/// Errors: those of the channel and of the conversation. The arguments outlive the task.
[[nodiscard]] task<result<void>> run_conversation(login_channel& channel,
                                                  auth::conversation& conversation);

}  // namespace mongoro::cloud
