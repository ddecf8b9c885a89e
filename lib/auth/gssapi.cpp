#include "auth/gssapi.hpp"

#include "auth/sasl.hpp"

#include <utility>

namespace mongoro::auth {

namespace {

// The bits of RFC 4752, 3.3.
constexpr std::uint8_t no_security_layer = 1;

class gssapi_conversation final : public conversation {
 public:
    gssapi_conversation(const credential& who, gss_context_maker make_context)
        : source_(who.source),
          user_(who.username.value_or("")),
          make_context_(std::move(make_context)) {}

    [[nodiscard]] std::string_view database() const noexcept override { return source_; }
    [[nodiscard]] bool speculative() const noexcept override { return false; }
    /// Not once the peers know each other: what is left asks nobody.
    [[nodiscard]] bool blocks() const noexcept override {
        return context_ == nullptr || !context_->established();
    }

    [[nodiscard]] result<void> start(bson::writer& to) override {
        auto made = make_context_();
        if (!made) {
            return made.error();
        }
        context_ = *std::move(made);
        const auto token = context_->step({});
        if (!token) {
            return token.error();
        }
        append_sasl_start(to, "GSSAPI", *token);
        to.append_int32("autoAuthorize", 1);
        return {};
    }

    [[nodiscard]] result<bool> step(bson::document_view document, bson::writer& to) override {
        const auto reply = read_sasl_reply(document);
        if (!reply) {
            return reply.error();
        }
        if (conversation_id_.exists() && !(conversation_id_.view() == reply->conversation_id)) {
            return login_error("the server answered another conversation");
        }
        conversation_id_ = bson::value(reply->conversation_id);
        if (state_ == state::chosen) {
            if (!reply->done) {
                return login_error("the server does not end the conversation");
            }
            return true;
        }
        if (reply->done) {
            return login_error("the server ended the conversation early");
        }
        auto message =
            context_->established() ? choose_layer(reply->payload) : next_token(reply->payload);
        if (!message) {
            return message.error();
        }
        append_sasl_continue(to, conversation_id_, *message);
        return false;
    }

 private:
    using bytes = gss_context::bytes;
    enum class state : std::uint8_t { tokens, chosen };

    result<bytes> next_token(std::span<const std::uint8_t> token) {
        // A context needs two or three; this is to end with a server that never does.
        if (++tokens_ > 10) {
            return login_error("the server does not come to an end with its tokens");
        }
        return context_->step(token);
    }

    /// The server offers security layers and says how much it takes; we want none of it, since TLS
    /// does that.
    result<bytes> choose_layer(std::span<const std::uint8_t> wrapped) {
        const auto offer = context_->unwrap(wrapped);
        if (!offer) {
            return offer.error();
        }
        if (offer->size() != 4) {
            return login_error("the server's offer of security layers is malformed");
        }
        if (((*offer)[0] & no_security_layer) == 0) {
            return login_error("the server insists on a security layer of the GSS-API");
        }
        // No layer, and so a largest message of 0; the name is what the server authorises.
        bytes answer{no_security_layer, 0, 0, 0};
        answer.insert(answer.end(), user_.begin(), user_.end());
        state_ = state::chosen;
        return context_->wrap(answer);
    }

    std::string source_;
    std::string user_;
    gss_context_maker make_context_;
    std::unique_ptr<gss_context> context_;  // from the start on
    bson::value conversation_id_;
    int tokens_ = 0;
    state state_ = state::tokens;
};

}  // namespace

std::unique_ptr<conversation> make_gssapi(const credential& who, gss_context_maker make_context) {
    return std::make_unique<gssapi_conversation>(who, std::move(make_context));
}

service_principal service_principal_of(const credential& who, std::string_view host) {
    const auto property = [&](std::string_view name, std::string_view otherwise) {
        const auto* const value = who.property(name);
        return std::string(value == nullptr ? otherwise : std::string_view(*value));
    };
    const auto canonicalize = property("CANONICALIZE_HOST_NAME", "none");
    const auto service = property("SERVICE_NAME", "mongodb");
    const auto named = property("SERVICE_HOST", host);
    service_principal out;
    out.realm = property("SERVICE_REALM", "");
    out.host_based = canonicalize != "none" && canonicalize != "false";
    if (out.host_based) {
        out.name = service + '@' + named;
    } else {
        out.name = service + '/' + named + (out.realm.empty() ? "" : '@' + out.realm);
    }
    return out;
}

}  // namespace mongoro::auth
