#include "cloud_support.hpp"

#include "auth/authenticator.hpp"
#include "cloud/aws_credentials.hpp"
#include "op_msg_peer.hpp"
#include "pool/connection_pool.hpp"

#include <mongoro/client.hpp>
#include <mongoro/with_deadline.hpp>

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("a client logs in by MONGODB-AWS with the provider's keys") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        int calls = 0;
        const aws_credential_provider provider = [&]() -> task<result<aws_credentials>> {
            ++calls;
            aws_credentials keys;
            keys.access_key_id = "AKID";
            keys.secret_access_key = "s3cr3t";
            keys.session_token = "token";
            co_return std::move(keys);
        };
        const client c(r, peer.uri() + "?authMechanism=MONGODB-AWS",
                       {.aws_credential_provider = &provider});
        // Whatever the client's nonce was, one that begins with other bytes.
        const std::vector<std::uint8_t> nonce(64, 0);
        const document first{{"s", bson::binary_view{bson::binary_subtype::generic, nonce}},
                             {"h", "sts.amazonaws.com"}};
        peer.expect("saslStart", reply_script().reply(sasl_answer(false, first)),
                    [](const received_command& s) {
                        const auto sent = payload_document(s.body);
                        return s.body["mechanism"].get<std::string>() == "MONGODB-AWS" &&
                               sent["r"].get<bson::binary_view>().bytes.size() == 32 &&
                               sent["p"].get<int>() == 110;
                    });
        const auto e = error_of(r, c.ping());
        CHECK(e == errc::authentication_failed);
        CHECK(e.to_string().find("nonce") != std::string::npos);
        CHECK(e.to_string().find("s3cr3t") == std::string::npos);
        CHECK(calls == 1);
        CHECK(peer.problems() == "");
    });
}

namespace {

/// A server of MONGODB-AWS that logs in keys of one id.
class aws_server final : public cloud::login_channel {
 public:
    aws_server(reactor& r, std::string id) : id_(std::move(id)), reactor_(r) {}

    [[nodiscard]] task<result<detail::reply>> run(std::string_view database,
                                                  bson::document_view fields) override {
        CHECK(database == "$external");
        const auto sent = payload_document(fields);
        document body;
        if (fields.contains("saslStart")) {
            auto nonce = sent["r"].get<bson::binary>();
            std::vector<std::uint8_t> both(nonce.bytes().begin(), nonce.bytes().end());
            both.resize(64, 7);
            const document first{{"s", bson::binary_view{bson::binary_subtype::generic, both}},
                                 {"h", "sts.eu-west-1.amazonaws.com"}};
            body = sasl_answer(false, first);
        } else {
            const auto who = sent["a"].get<std::string>();
            if (who.find("Credential=" + id_ + "/") == std::string::npos) {
                error::details d;
                d.code = make_error_code(errc::command_failed);
                d.server_code = 18;
                co_return error(std::move(d));
            }
            CHECK(who.find("/eu-west-1/sts/aws4_request") != std::string::npos);
            body = sasl_answer(true, document());
        }
        detail::reply reply;
        reply.bytes = reactor_.core().buffers().take(body.size());
        std::ranges::copy(body.bytes(), reply.bytes.data());
        reply.body = {reply.bytes.data(), body.size()};
        co_return std::move(reply);
    }

 private:
    std::string id_;
    reactor& reactor_;
};

auth::aws_keys_ptr keys_called(std::string id) {
    auth::aws_keys keys;
    keys.access_key_id = std::move(id);
    keys.secret_access_key = auth::secret("k");
    return std::make_shared<const auth::aws_keys>(std::move(keys));
}

}  // namespace

TEST_CASE("the keys of a service are kept between logins, and dropped when a login fails") {
    on_each_backend([](reactor& r) {
        const http_peer agent([](const http_seen&) {
            return http_ok(R"({"AccessKeyId": "right", "SecretAccessKey": "k", "Token": "t",
                               "Expiration": "2030-01-01T00:00:00Z"})");
        });
        world w(r, &agent);
        w.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}};
        cloud::aws_credential_source source(w.surroundings());
        aws_server server(r, "right");
        const auto log_in = [&] { return sync_wait(r, cloud::aws_login(server, source)); };

        CHECK(log_in());
        REQUIRE(source.kept());
        CHECK(source.kept()->access_key_id == "right");
        CHECK(log_in());
        CHECK(agent.seen().size() == 1);
        // The specification's prose test of the cache.
        auto old = std::make_shared<auth::aws_keys>();
        old->access_key_id = "old";
        old->secret_access_key = auth::secret("k");
        old->expires = w.now + 1min;
        source.keep(old);
        CHECK(log_in());
        CHECK(source.kept()->access_key_id == "right");
        source.keep(keys_called("poison"));
        CHECK(log_in().error().server_code() == 18);
        CHECK(source.kept() == nullptr);
        CHECK(log_in());
        CHECK(source.kept() != nullptr);
    });
}

TEST_CASE("a silent metadata service fails the login, when the connection has no more time too") {
    on_each_backend([](reactor& r) {
        const http_peer silent([](const http_seen&) { return http_silence(); });
        op_msg_peer peer;
        world w(r, &silent);
        credential who;
        who.mechanism = auth_mechanism::mongodb_aws;
        who.source = "$external";
        pool::connection_settings settings;
        settings.host = {peer.host(), peer.port()};
        settings.authenticator = std::make_shared<auth::authenticator>(who);
        settings.aws = std::make_shared<cloud::aws_credential_source>(w.surroundings());
        settings.connect_timeout = 200ms;
        const auto e = sync_wait(r, pool::open_connection(r.core(), settings)).error();
        CHECK(e == errc::authentication_failed);
        CHECK(e.to_string().find("the metadata service of EC2 did not answer in time") !=
              std::string::npos);
        settings.connect_timeout = 10s;
        CHECK(
            sync_wait(r, with_deadline(pool::open_connection(r.core(), settings), 200ms)).error() ==
            errc::deadline_exceeded);
        CHECK(peer.problems() == "");
    });
}
