#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/value.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/result.hpp>

#include <cstdint>
#include <span>
#include <string_view>

/// The commands that every SASL mechanism uses (auth.md, "SASL Mechanisms").
namespace mongoro::auth {

/// The two replies: `{conversationId, payload, done}`. Views into the reply.
struct sasl_reply {
    bson::value_view conversation_id;
    std::span<const std::uint8_t> payload;
    bool done = false;

    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(payload.data()), payload.size()};
    }
};

/// Reads one. Errors: `authentication_failed`: a field is missing or has another type, or there is
/// a `code`.
[[nodiscard]] result<sasl_reply> read_sasl_reply(bson::document_view reply);

[[nodiscard]] inline std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `saslStart: 1, mechanism: …, payload: …`; what a mechanism adds to it comes behind.
void append_sasl_start(bson::writer& to, std::string_view mechanism,
                       std::span<const std::uint8_t> payload);
/// `saslContinue: 1, conversationId: …, payload: …`
void append_sasl_continue(bson::writer& to, const bson::value& conversation_id,
                          std::span<const std::uint8_t> payload);

/// The error of a login, in the driver's own words.
[[nodiscard]] error login_error(std::string_view what);

}  // namespace mongoro::auth
