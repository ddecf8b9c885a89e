#pragma once

#include <mongoro/bson/document.hpp>
#include <mongoro/result.hpp>

#include <string_view>

namespace mongoro::auth {

/// The JSON of a service, with secrets in it: wiped when it is let go of.
class json_answer {
 public:
    /// Errors: those of `bson::from_json`, which quote nothing.
    [[nodiscard]] static result<json_answer> parse(std::string_view text);
    json_answer(json_answer&&) noexcept = default;
    json_answer& operator=(json_answer&&) = delete;
    json_answer(const json_answer&) = delete;
    json_answer& operator=(const json_answer&) = delete;
    ~json_answer();

    [[nodiscard]] bson::document_view view() const noexcept { return document_.view(); }

 private:
    explicit json_answer(bson::document d) noexcept : document_(std::move(d)) {}

    bson::document document_;
};

}  // namespace mongoro::auth
