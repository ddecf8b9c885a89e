#pragma once

#include "auth/conversation.hpp"
#include "auth/sigv4.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace mongoro::auth {

/// MONGODB-AWS (auth specification): the server gets a signed request to AWS, which it sends there
/// to see who signed it. The secret access key itself goes nowhere.
class aws_conversation final : public conversation {
 public:
    using nonce = std::array<std::uint8_t, 32>;

    /// `client_nonce` is from a cryptographic source; `now` is the moment of the signature.
    aws_conversation(aws_keys_ptr keys, const nonce& client_nonce, std::chrono::sys_seconds now)
        : keys_(std::move(keys)), nonce_(client_nonce), now_(now) {}

    [[nodiscard]] std::string_view database() const noexcept override { return "$external"; }
    [[nodiscard]] bool speculative() const noexcept override { return false; }
    [[nodiscard]] result<void> start(bson::writer& to) override;
    [[nodiscard]] result<bool> step(bson::document_view reply, bson::writer& to) override;

 private:
    aws_keys_ptr keys_;
    nonce nonce_;
    std::chrono::sys_seconds now_;
    bool signed_ = false;
};

/// The region of a host of AWS's token service, as the specification calculates it.
///
/// Errors: `authentication_failed` for what is no host: empty, over 255 bytes, with an empty label,
/// or with a character that no name has.
[[nodiscard]] result<std::string> aws_region_of(std::string_view host);

}  // namespace mongoro::auth
