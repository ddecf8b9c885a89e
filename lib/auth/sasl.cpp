#include "auth/sasl.hpp"

#include <string>

namespace mongoro::auth {

error login_error(std::string_view what) {
    return {errc::authentication_failed, std::string(what)};
}

result<sasl_reply> read_sasl_reply(bson::document_view reply) {
    sasl_reply out;
    out.conversation_id = reply["conversationId"];
    std::int64_t id = 0;
    if (out.conversation_id.read(id) != errc{}) {
        return login_error("the server's answer has no conversationId that is a number");
    }
    if (const auto code = reply["code"]; code.exists() && code.get_or<std::int64_t>(1) != 0) {
        return login_error("the server's answer has an error code");
    }
    bson::binary_view payload;
    if (reply["payload"].read(payload) != errc{}) {
        return login_error("the server's answer has no payload that is binary");
    }
    out.payload = payload.bytes;
    if (reply["done"].read(out.done) != errc{}) {
        return login_error("the server's answer does not say whether it is done");
    }
    return out;
}

void append_sasl_start(bson::writer& to, std::string_view mechanism,
                       std::span<const std::uint8_t> payload) {
    to.append_int32("saslStart", 1);
    to.append_string("mechanism", mechanism);
    to.append_binary("payload", bson::binary_subtype::generic, payload);
}

void append_sasl_continue(bson::writer& to, const bson::value& conversation_id,
                          std::span<const std::uint8_t> payload) {
    to.append_int32("saslContinue", 1);
    to.append("conversationId", conversation_id.view());
    to.append_binary("payload", bson::binary_subtype::generic, payload);
}

}  // namespace mongoro::auth
