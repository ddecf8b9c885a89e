#pragma once

#include "auth/wipe.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/result.hpp>

#include <string_view>

namespace mongoro::auth {

/// The JSON of a service, with secrets in it: wiped when it is let go of, and so is all that was
/// needed on the way to it. The text is the caller's.
class json_answer {
 public:
    /// Plain JSON, an object. Errors: those of `bson::from_json`, which quote nothing.
    [[nodiscard]] static result<json_answer> parse(std::string_view text);
    json_answer(json_answer&&) noexcept = default;
    json_answer& operator=(json_answer&&) = delete;
    json_answer(const json_answer&) = delete;
    json_answer& operator=(const json_answer&) = delete;
    ~json_answer() = default;

    [[nodiscard]] bson::document_view view() const noexcept {
        return {buffer_.bytes().data(), buffer_.bytes().size()};
    }

 private:
    explicit json_answer(std::size_t room) : buffer_(room) {}

    secret_buffer buffer_;
};

}  // namespace mongoro::auth
