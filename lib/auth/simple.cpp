#include "auth/simple.hpp"

#include "auth/sasl.hpp"
#include "auth/wipe.hpp"

#include <optional>
#include <string>
#include <utility>

namespace mongoro::auth {

namespace {

class plain_conversation final : public conversation {
 public:
    plain_conversation(std::string source, secret message)
        : source_(std::move(source)), message_(std::move(message)) {}

    [[nodiscard]] std::string_view database() const noexcept override { return source_; }
    // A hello is not where a password belongs, and servers answer only SCRAM and X.509 there.
    [[nodiscard]] bool speculative() const noexcept override { return false; }

    [[nodiscard]] result<void> start(bson::writer& to) override {
        append_sasl_start(to, "PLAIN", message_.bytes());
        return {};
    }
    [[nodiscard]] result<bool> step(bson::document_view document, bson::writer&) override {
        const auto reply = read_sasl_reply(document);
        if (!reply) {
            return reply.error();
        }
        if (!reply->done) {
            return login_error("the server wants more than PLAIN has");
        }
        return true;
    }

 private:
    std::string source_;
    secret message_;
};

class x509_conversation final : public conversation {
 public:
    explicit x509_conversation(const credential& who) : source_(who.source), user_(who.username) {}

    [[nodiscard]] std::string_view database() const noexcept override { return source_; }
    [[nodiscard]] bool speculative() const noexcept override { return true; }

    [[nodiscard]] result<void> start(bson::writer& to) override {
        to.append_int32("authenticate", 1);
        to.append_string("mechanism", "MONGODB-X509");
        if (user_) {
            to.append_string("user", *user_);
        }
        return {};
    }
    /// The reply repeats the user's name; that it came is all that counts.
    [[nodiscard]] result<bool> step(bson::document_view, bson::writer&) override { return true; }

 private:
    std::string source_;
    std::optional<std::string> user_;
};

}  // namespace

result<std::unique_ptr<conversation>> make_plain(const credential& who) {
    const std::string_view user = who.username ? std::string_view(*who.username) : "";
    const std::string_view password = who.password ? std::string_view(*who.password) : "";
    if (user.find('\0') != std::string_view::npos ||
        password.find('\0') != std::string_view::npos) {
        return login_error("PLAIN takes no NUL in a user name or password");
    }
    secret message;
    message.text().reserve(2 + user.size() + password.size());
    message.text().append(1, '\0').append(user).append(1, '\0').append(password);
    return std::unique_ptr<conversation>(
        std::make_unique<plain_conversation>(who.source, std::move(message)));
}

std::unique_ptr<conversation> make_x509(const credential& who) {
    return std::make_unique<x509_conversation>(who);
}

}  // namespace mongoro::auth
