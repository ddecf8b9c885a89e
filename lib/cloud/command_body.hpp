#pragma once

#include "auth/wipe.hpp"

#include <mongoro/bson/writer.hpp>
#include <mongoro/result.hpp>

namespace mongoro::cloud {

/// The fields of one command of a login after the other, in bytes that are wiped.
class command_body {
 public:
    /// A new one, to be written into.
    [[nodiscard]] bson::writer& open() {
        auto& bytes = buffer_.bytes();
        auth::wipe(bytes.data(), bytes.size());
        bytes.clear();
        writer_ = bson::writer(bytes);
        writer_.begin_document();
        return writer_;
    }
    /// What was written; good until the next `open()`. Errors: the writer's, as
    /// `authentication_failed`.
    [[nodiscard]] result<bson::document_view> close() {
        writer_.end();
        if (!writer_.ok()) {
            return error(errc::authentication_failed, "writing a command of the login",
                         writer_.error());
        }
        return writer_.view();
    }

 private:
    auth::secret_buffer buffer_;
    bson::writer writer_{buffer_.bytes()};
};

}  // namespace mongoro::cloud
