#include "auth/scram.hpp"

#include "auth/sasl.hpp"
#include "auth/saslprep.hpp"
#include "auth/wipe.hpp"
#include "bson/json_scalar.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace mongoro::auth {

namespace {

constexpr std::string_view gs2_header = "n,,";  // no channel binding: the server has none
constexpr std::string_view gs2_base64 = "biws";

/// Takes `<name>=<value>` off the front of a message; the value ends at a comma or at the end.
class attribute_reader {
 public:
    explicit attribute_reader(std::string_view text) noexcept : rest_(text), more_(true) {}

    [[nodiscard]] bool take(char name, std::string_view& value) noexcept {
        if (!more_ || rest_.size() < 2 || rest_[0] != name || rest_[1] != '=') {
            return false;
        }
        const auto comma = rest_.find(',');
        more_ = comma != std::string_view::npos;
        value = rest_.substr(2, more_ ? comma - 2 : comma);
        rest_.remove_prefix(more_ ? comma + 1 : rest_.size());
        return true;
    }
    /// Whether what is left is nothing, or optional extensions: `<letter>=…` each.
    [[nodiscard]] bool only_extensions_left() noexcept {
        for (std::string_view ignored; more_;) {
            const char name = rest_.empty() ? '\0' : rest_[0];
            const bool letter = (name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z');
            if (!letter || name == 'm' || !take(name, ignored)) {
                return false;
            }
        }
        return true;
    }

 private:
    std::string_view rest_;
    bool more_;
};

/// An error that the server gave as `e=`: its words are kept apart from the driver's.
error refused_by_server(std::string_view reason) {
    constexpr std::size_t longest = 256;
    error::details d;
    d.code = make_error_code(errc::authentication_failed);
    d.message = "the server refused the login";
    d.server_message = std::string(reason.substr(0, longest));
    return error(std::move(d));
}

bool is_printable(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7E && c != ','; });
}

/// A user name as SCRAM writes it: what would end it is escaped.
std::string escaped(std::string_view user) {
    std::string out;
    for (const char c : user) {
        if (c == ',') {
            out += "=2C";
        } else if (c == '=') {
            out += "=3D";
        } else {
            out += c;
        }
    }
    return out;
}

class scram_conversation final : public conversation {
 public:
    scram_conversation(const credential& who, auth_mechanism mechanism, secret password,
                       scram_cache& cache, std::string nonce)
        : source_(who.source),
          mechanism_(mechanism),
          password_(std::move(password)),
          cache_(cache),
          nonce_(std::move(nonce)),
          client_first_("n=" + escaped(who.username.value_or("")) + ",r=" + nonce_) {}

    [[nodiscard]] std::string_view database() const noexcept override { return source_; }
    [[nodiscard]] bool speculative() const noexcept override { return true; }

    [[nodiscard]] result<void> start(bson::writer& to) override {
        append_sasl_start(to, to_string(mechanism_),
                          bytes_of(std::string(gs2_header) + client_first_));
        to.begin_document("options");
        to.append_bool("skipEmptyExchange", true);
        to.end();
        return {};
    }

    [[nodiscard]] result<bool> step(bson::document_view document, bson::writer& to) override {
        const auto reply = read_sasl_reply(document);
        if (!reply) {
            return reply.error();
        }
        if (state_ == state::started) {
            conversation_id_ = bson::value(reply->conversation_id);
        } else if (!(conversation_id_.view() == reply->conversation_id)) {
            return login_error("the server answered another conversation");
        }
        switch (state_) {
            case state::started:
                return prove(*reply, to);
            case state::proved:
                return check_server(*reply, to);
            case state::checked:
                if (!reply->done) {
                    return login_error("the server does not end the conversation");
                }
                return true;
        }
        return login_error("the conversation is over");
    }

 private:
    enum class state : std::uint8_t { started, proved, checked };

    result<bool> prove(const sasl_reply& reply, bson::writer& to) {
        if (reply.done) {
            return login_error("the server ended the conversation without a proof");
        }
        const auto first = read_server_first(reply.text(), nonce_);
        if (!first) {
            return first.error();
        }
        auto keys = cache_.find_or_derive(mechanism_, password_.bytes(), first->parameters);
        if (!keys) {
            return keys.error();
        }
        std::string last = "c=" + std::string(gs2_base64) + ",r=" + std::string(first->nonce);
        const std::string signed_text =
            client_first_ + ',' + std::string(reply.text()) + ',' + last;

        const auto stored = scram_digest(mechanism_, keys->client.view());
        if (!stored) {
            return stored.error();
        }
        const auto signature = scram_hmac(mechanism_, stored->view(), signed_text);
        auto expected = scram_hmac(mechanism_, keys->server.view(), signed_text);
        if (!signature || !expected) {
            return (signature ? expected : signature).error();
        }
        server_signature_ = *expected;
        scram_key proof = keys->client;
        for (std::size_t i = 0; i < proof.size; ++i) {
            proof.bytes[i] ^= signature->bytes[i];
        }
        last += ",p=";
        bson::detail::append_base64(last, proof.view());
        append_sasl_continue(to, conversation_id_, bytes_of(last));
        state_ = state::proved;
        return false;
    }

    result<bool> check_server(const sasl_reply& reply, bson::writer& to) {
        const auto signature = read_server_final(reply.text());
        if (!signature) {
            return signature.error();
        }
        if (signature->size() != server_signature_.size ||
            CRYPTO_memcmp(signature->data(), server_signature_.bytes.data(), signature->size()) !=
                0) {
            return login_error("the server could not prove that it knows the user");
        }
        state_ = state::checked;
        if (!reply.done) {
            append_sasl_continue(to, conversation_id_, {});
        }
        return reply.done;
    }

    std::string source_;
    auth_mechanism mechanism_;
    secret password_;  // prepared
    scram_cache& cache_;
    std::string nonce_;
    std::string client_first_;  // without its gs2 header
    bson::value conversation_id_;
    scram_key server_signature_;
    state state_ = state::started;
};

}  // namespace

result<std::string> random_nonce() {
    std::array<std::uint8_t, 24> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return login_error("no random numbers for a nonce");
    }
    std::string text;
    bson::detail::append_base64(text, bytes);
    return text;
}

result<scram_server_first> read_server_first(std::string_view text, std::string_view client_nonce) {
    constexpr std::size_t longest_nonce = 1024;
    constexpr std::size_t longest_salt = 1024;
    scram_server_first out;
    attribute_reader read(text);
    std::string_view salt;
    std::string_view count;
    if (std::string_view reason; read.take('e', reason)) {
        return refused_by_server(reason);
    }
    if (text.starts_with("m=")) {
        return login_error("the server asks for an extension of SCRAM that nobody knows");
    }
    if (!read.take('r', out.nonce) || !read.take('s', salt) || !read.take('i', count) ||
        !read.only_extensions_left()) {
        return login_error("the server's first SCRAM message is malformed");
    }
    if (out.nonce.size() <= client_nonce.size() || out.nonce.size() > longest_nonce ||
        CRYPTO_memcmp(out.nonce.data(), client_nonce.data(), client_nonce.size()) != 0 ||
        !is_printable(out.nonce)) {
        return login_error("the server's nonce does not go on from the client's");
    }
    if (salt.empty() || salt.size() > longest_salt ||
        !bson::detail::decode_base64(salt, out.parameters.salt)) {
        return login_error("the server's salt is malformed");
    }
    const auto* const end = count.data() + count.size();
    const auto [stopped, status] = std::from_chars(count.data(), end, out.parameters.iterations);
    if (status == std::errc::result_out_of_range ||
        (status == std::errc() && out.parameters.iterations > scram_parameters::max_iterations)) {
        return login_error("the server asks for more SCRAM iterations than are allowed");
    }
    if (status != std::errc() || stopped != end) {
        return login_error("the server's number of SCRAM iterations is malformed");
    }
    if (out.parameters.iterations < scram_parameters::min_iterations) {
        return login_error("the server asks for fewer SCRAM iterations than are allowed");
    }
    return out;
}

result<std::vector<std::uint8_t>> read_server_final(std::string_view text) {
    attribute_reader read(text);
    if (std::string_view reason; read.take('e', reason)) {
        return refused_by_server(reason);
    }
    std::string_view encoded;
    std::vector<std::uint8_t> signature;
    if (!read.take('v', encoded) || !read.only_extensions_left() || encoded.size() > 64 ||
        !bson::detail::decode_base64(encoded, signature)) {
        return login_error("the server's last SCRAM message is malformed");
    }
    return signature;
}

result<std::unique_ptr<conversation>> make_scram(const credential& who, auth_mechanism mechanism,
                                                 scram_cache& cache, std::string nonce) {
    const std::string_view password = who.password ? std::string_view(*who.password) : "";
    secret prepared;
    if (mechanism == auth_mechanism::scram_sha_1) {
        // Neither the user name nor the password is prepared here: older users depend on it.
        auto digest = mongodb_digest(who.username.value_or(""), password);
        if (!digest) {
            return digest.error();
        }
        prepared = secret(std::move(*digest));
    } else {
        auto text = saslprep(password);
        if (!text) {
            return text.error();
        }
        prepared = std::move(*text);
    }
    return std::unique_ptr<conversation>(std::make_unique<scram_conversation>(
        who, mechanism, std::move(prepared), cache, std::move(nonce)));
}

}  // namespace mongoro::auth
