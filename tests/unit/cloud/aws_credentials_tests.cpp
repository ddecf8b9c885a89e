#include "cloud_support.hpp"
#include "freed_text.hpp"

#include "cloud/aws_credentials.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <cstdlib>
#include <optional>
#include <stop_token>

using namespace mongoro;
using namespace mongoro::cloud;
using namespace mongoro::test;

namespace {

std::string keys_json(std::string_view id, std::string_view expiration = "2023-11-15T00:00:00Z") {
    return R"({"AccessKeyId": ")" + std::string(id) +
           R"(", "SecretAccessKey": "key", "Token": "token", "Expiration": ")" +
           std::string(expiration) + "\"}";
}

result<auth::aws_keys_ptr> get(world& w, aws_credential_source& source) {
    return sync_wait(w.r, source.get());
}

/// The id of the keys that are found, or the error's text.
std::string id_of(world& w) {
    aws_credential_source source(w.surroundings());
    const auto keys = get(w, source);
    return keys ? (*keys)->access_key_id : keys.error().to_string();
}

/// The metadata service of EC2 as a peer: a role, and what else is asked for.
http_answer ec2(const http_seen& seen, const http_answer& keys) {
    if (seen.target == "/latest/api/token") {
        return seen.method == "PUT" && seen.headers.contains("x-aws-ec2-metadata-token-ttl-seconds")
                   ? http_ok("imds-token")
                   : http_status(405);
    }
    const auto token = seen.headers.find("x-aws-ec2-metadata-token");
    if (token == seen.headers.end() || token->second != "imds-token") {
        return http_status(401);
    }
    if (seen.target == "/latest/meta-data/iam/security-credentials/") {
        return http_ok("a role+x=y,z@q\n");
    }
    return seen.target == "/latest/meta-data/iam/security-credentials/a%20role+x=y,z@q"
               ? keys
               : http_status(404);
}

task<result<aws_credentials>> gives(std::string id, std::optional<std::string> token = {}) {
    aws_credentials keys{.access_key_id = std::move(id),
                         .secret_access_key = "k",
                         .session_token = std::move(token)};
    co_return std::move(keys);
}

}  // namespace

TEST_CASE("a program's provider goes before the environment, and is asked each time") {
    on_each_backend([](reactor& r) {
        world w(r);
        w.variables = {{"AWS_ACCESS_KEY_ID", "env"}, {"AWS_SECRET_ACCESS_KEY", "k"}};
        int calls = 0;
        aws_credential_source source(w.surroundings(), [&] {
            ++calls;
            return gives("provider");
        });
        CHECK((*get(w, source))->access_key_id == "provider");
        CHECK((*get(w, source))->access_key_id == "provider");
        CHECK(calls == 2);
        CHECK(source.kept() == nullptr);
    });
}

TEST_CASE("an empty session token of a provider is none") {
    on_each_backend([](reactor& r) {
        world w(r);
        for (const std::string token : {"", "t"}) {
            aws_credential_source source(w.surroundings(), [&] { return gives("id", token); });
            const auto keys = get(w, source);
            REQUIRE(keys);
            CHECK((*keys)->session_token.has_value() == !token.empty());
        }
    });
}

TEST_CASE("a provider that fails, throws or gives nothing fails the login") {
    on_each_backend([](reactor& r) {
        world w(r);
        const auto cause_of = [&](const aws_credential_provider& provider) {
            aws_credential_source source(w.surroundings(), provider);
            const auto e = get(w, source).error();
            CHECK(e == errc::authentication_failed);
            CHECK(e.to_string().find("s3cr3t") == std::string::npos);
            return e.cause() != nullptr ? error(*e.cause()) : error();
        };
        CHECK(cause_of([]() -> task<result<aws_credentials>> {
                  co_return error(errc::key_not_found);
              }) == errc::key_not_found);
        CHECK(cause_of([]() -> task<result<aws_credentials>> {
                  throw std::runtime_error("s3cr3t");
                  co_return error();
              }) == errc::invalid_argument);
        CHECK(cause_of([]() -> task<result<aws_credentials>> {
                  throw exception(error(errc::too_deep));
              }) == errc::too_deep);
        CHECK(cause_of([] { return task<result<aws_credentials>>(); }) == errc::invalid_argument);
        CHECK(!cause_of([] { return gives(""); }));
    });
}

TEST_CASE("the environment's variables are read anew each time, and not kept") {
    on_each_backend([](reactor& r) {
        world w(r);
        aws_credential_source source(w.surroundings());
        w.variables = {{"AWS_ACCESS_KEY_ID", "one"}, {"AWS_SECRET_ACCESS_KEY", "k"}};
        auto keys = get(w, source);
        REQUIRE(keys);
        CHECK((*keys)->access_key_id == "one");
        CHECK(!(*keys)->session_token);
        w.variables["AWS_ACCESS_KEY_ID"] = "two";
        w.variables["AWS_SESSION_TOKEN"] = "t";
        keys = get(w, source);
        REQUIRE(keys);
        CHECK((*keys)->access_key_id == "two");
        CHECK((*keys)->session_token->text() == "t");
        CHECK(source.kept() == nullptr);
        CHECK(w.origins.empty());
    });
}

TEST_CASE("a part of the variables alone is an error") {
    on_each_backend([](reactor& r) {
        world w(r);
        for (const auto* const name :
             {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
            w.variables = {{name, "s3cr3t"}};
            CHECK(id_of(w).find("belong together") != std::string::npos);
            CHECK(id_of(w).find("s3cr3t") == std::string::npos);
        }
        CHECK(w.origins.empty());
    });
}

TEST_CASE("the agent of ECS is asked at its address") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_ok(keys_json("ecs")); });
        world w(r, &peer);
        w.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x?y"}};
        CHECK(id_of(w) == "ecs");
        CHECK(w.origins == std::vector<std::string>{"169.254.170.2:80"});
        REQUIRE(peer.seen().size() == 1);
        CHECK(peer.seen()[0].method == "GET");
        CHECK(peer.seen()[0].target == "/v2/credentials/x?y");
        CHECK(!peer.seen()[0].headers.contains("authorization"));
    });
}

TEST_CASE("an agent with a full URI gets the token of the variable, or of the file first") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_ok(keys_json("eks")); });
        world w(r);
        w.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", peer.url() + "/v1/credentials"},
                       {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "from the variable"}};
        CHECK(id_of(w) == "eks");
        const text_file file("from the file\n");
        w.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file.path();
        CHECK(id_of(w) == "eks");
        REQUIRE(peer.seen().size() == 2);
        CHECK(peer.seen()[0].target == "/v1/credentials");
        CHECK(peer.seen()[0].headers.at("authorization") == "from the variable");
        CHECK(peer.seen()[1].headers.at("authorization") == "from the file");
        w.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/tmp/mongoro/no/such/file";
        CHECK(id_of(w).find("reading /tmp/mongoro") != std::string::npos);
    });
}

TEST_CASE("a full URI that leads elsewhere without TLS is not followed") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_ok(keys_json("stolen")); });
        world w(r, &peer);
        for (const auto* const url : {"http://example.com/", "http://127.0.0.1.example.com/",
                                      "http://10.0.0.1/", "http://169.254.169.254/", "nonsense"}) {
            CAPTURE(url);
            w.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}};
            CHECK(id_of(w).find("AWS_CONTAINER_CREDENTIALS_FULL_URI") != std::string::npos);
        }
        CHECK(w.origins.empty());
        for (const auto* const url : {"http://localhost/", "http://127.0.0.2/", "http://[::1]/",
                                      "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1"}) {
            CAPTURE(url);
            w.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}};
            CHECK(id_of(w) == "stolen");
        }
    });
}

TEST_CASE("the metadata service of EC2 is asked in its second version, three times") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen& s) { return ec2(s, http_ok(keys_json("ec2"))); });
        world w(r, &peer);
        CHECK(id_of(w) == "ec2");
        CHECK(w.origins == std::vector<std::string>(3, "169.254.169.254:80"));
        CHECK(peer.seen()[0].headers.at("x-aws-ec2-metadata-token-ttl-seconds") == "30");
        CHECK(peer.seen().size() == 3);
    });
}

TEST_CASE("the metadata service may be elsewhere, or be switched off") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen& s) { return ec2(s, http_ok(keys_json("ec2"))); });
        world w(r);
        w.variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url()}};
        CHECK(id_of(w) == "ec2");
        w.variables["AWS_EC2_METADATA_DISABLED"] = "True";
        CHECK(id_of(w).find("AWS_EC2_METADATA_DISABLED") != std::string::npos);
        CHECK(peer.seen().size() == 3);
    });
}

TEST_CASE("a service without keys, or with nonsense for them, fails the login and names no key") {
    on_each_backend([](reactor& r) {
        http_answer answer;
        const http_peer peer([&](const http_seen& s) { return ec2(s, answer); });
        world w(r, &peer);
        for (const auto& bad :
             {http_status(404, "s3cr3t"), http_status(500), http_ok("s3cr3t, and no JSON"),
              http_ok("{}"), http_ok(R"({"Code": "AssumeRoleUnauthorizedAccess"})"),
              http_answer{"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')}}) {
            answer = bad;
            aws_credential_source source(w.surroundings());
            const auto keys = get(w, source);
            CHECK(keys.error() == errc::authentication_failed);
            CHECK(keys.error().to_string().find("s3cr3t") == std::string::npos);
            CHECK(source.kept() == nullptr);
        }
    });
}

TEST_CASE("a web identity is exchanged for keys at the token service") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) {
            return http_ok(R"({"AssumeRoleWithWebIdentityResponse":
                {"AssumeRoleWithWebIdentityResult": {"Credentials": {"AccessKeyId": "sts",
                 "SecretAccessKey": "k", "SessionToken": "t", "Expiration": 1700010000}}}})");
        });
        const text_file file("ey.J/+=\n");
        world w(r);
        w.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()},
                       {"AWS_ROLE_ARN", "arn:aws:iam::1:role/a b"},
                       {"AWS_ROLE_SESSION_NAME", "app1"},
                       {"AWS_ENDPOINT_URL", "http://never.invalid"},
                       {"AWS_ENDPOINT_URL_STS", peer.url()}};
        CHECK(id_of(w) == "sts");
        w.variables.erase("AWS_ROLE_SESSION_NAME");
        CHECK(id_of(w) == "sts");
        REQUIRE(peer.seen().size() == 2);
        const auto seen = peer.seen()[0];
        CHECK(seen.method == "POST");
        CHECK(seen.target == "/");
        CHECK(seen.headers.at("accept") == "application/json");
        CHECK(seen.body ==
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=app1&RoleArn="
              "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b&WebIdentityToken=ey.J%2F%2B%3D");
        CHECK(peer.seen()[1].body.find("&RoleSessionName=mongoro-") != std::string::npos);
    });
}

namespace {

/// The authorities that OpenSSL trusts, as long as this lives.
class trusted_authorities {
 public:
    explicit trusted_authorities(const std::string& file) {
        ::setenv("SSL_CERT_FILE", file.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    }
    trusted_authorities(const trusted_authorities&) = delete;
    trusted_authorities& operator=(const trusted_authorities&) = delete;
    ~trusted_authorities() { ::unsetenv("SSL_CERT_FILE"); }  // NOLINT(concurrency-mt-unsafe)
};

/// The token service of a region, with a certificate for this name.
tls_server_options token_service_for(const identity& authority, const std::string& name) {
    tls_server_options options;
    options.certificate = authority.issue({.name = name, .alternative = "DNS:" + name});
    return options;
}

}  // namespace

TEST_CASE("a web identity goes to a token service whose certificate is right, and to no other") {
    const auto authority = identity::authority();
    const text_file authorities(authority.certificate_pem());
    const trusted_authorities trusted(authorities.path());
    const text_file file("s3cr3t");
    on_each_backend([&](reactor& r) {
        for (const bool right : {true, false}) {
            CAPTURE(right);
            tls_server tls(token_service_for(
                authority, right ? "sts.eu-west-1.amazonaws.com" : "sts.eu-west-2.amazonaws.com"));
            const http_peer peer(tls, [](const http_seen&) {
                return http_ok(R"({"AssumeRoleWithWebIdentityResponse":
                    {"AssumeRoleWithWebIdentityResult": {"Credentials": {"AccessKeyId": "sts",
                     "SecretAccessKey": "k", "SessionToken": "t", "Expiration": 1700010000}}}})");
            });
            world w(r, &peer);
            w.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()},
                           {"AWS_ROLE_ARN", "arn"},
                           {"AWS_REGION", "eu-west-1"}};
            aws_credential_source source(w.surroundings());
            const auto keys = get(w, source);
            CHECK(w.origins == std::vector<std::string>{"sts.eu-west-1.amazonaws.com:443"});
            if (right) {
                REQUIRE_MESSAGE(keys, keys.error().to_string());
                CHECK((*keys)->access_key_id == "sts");
                CHECK((*keys)->secret_access_key.text() == "k");
                CHECK(source.kept() != nullptr);
                REQUIRE(peer.seen().size() == 1);
                CHECK(peer.seen()[0].method == "POST");
                CHECK(peer.seen()[0].headers.at("host") == "sts.eu-west-1.amazonaws.com");
                CHECK(peer.seen()[0].body.ends_with("&WebIdentityToken=s3cr3t"));
                CHECK(tls.server_name() == "sts.eu-west-1.amazonaws.com");
                CHECK(tls.handshakes() == 1);
            } else {
                CHECK(keys.error() == errc::authentication_failed);
                REQUIRE(keys.error().cause() != nullptr);
                CHECK(keys.error().to_string().find("s3cr3t") == std::string::npos);
                CHECK(source.kept() == nullptr);
                CHECK(peer.seen().empty());
            }
        }
    });
}

TEST_CASE("the token service is asked over TLS, in the region of the environment") {
    on_each_backend([](reactor& r) {
        const text_file file("token");
        world w(r);
        auto in = w.surroundings();
        std::vector<std::string> asked;
        in.connect = [&](const http_origin& to) -> task<result<std::unique_ptr<byte_channel>>> {
            asked.push_back((to.tls ? "https " : "http ") + to.to_string());
            co_return error(errc::connect_failed);
        };
        const auto ask = [&](std::string region) {
            w.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()}, {"AWS_ROLE_ARN", "arn"}};
            w.variables["AWS_REGION"] = std::move(region);
            aws_credential_source source(in);
            return get(w, source).error();
        };
        CHECK(ask("") == errc::authentication_failed);
        CHECK(ask("eu-west-1") == errc::authentication_failed);
        CHECK(ask("cn-north-1") == errc::authentication_failed);
        CHECK(ask("evil.example.com/") == errc::authentication_failed);
        CHECK(asked == std::vector<std::string>{"https sts.amazonaws.com",
                                                "https sts.eu-west-1.amazonaws.com",
                                                "https sts.cn-north-1.amazonaws.com.cn"});
    });
}

TEST_CASE("the token that keys are asked with is nowhere in freed memory") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_status(403); });
        // With what is encoded, and is longer then.
        const text_file file("s3cr3t" + std::string(1'000, '='));
        world w(r, &peer);
        const auto ask = [&](std::map<std::string, std::string> variables) {
            w.variables = std::move(variables);
            const freed_text freed("s3cr3t");
            {
                aws_credential_source source(w.surroundings());
                CHECK(get(w, source).error() == errc::authentication_failed);
            }
            CHECK(freed.count() == 0);
        };
        ask({{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()},
             {"AWS_ROLE_ARN", "arn"},
             {"AWS_ENDPOINT_URL_STS", peer.url()}});
        ask({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"},
             {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path()}});
        CHECK(peer.seen().size() == 2);
    });
}

TEST_CASE("keys of a service are kept until five minutes before their end") {
    on_each_backend([](reactor& r) {
        std::string id = "first";
        const http_peer peer([&](const http_seen& s) { return ec2(s, http_ok(keys_json(id))); });
        world w(r, &peer);
        w.now = std::chrono::sys_days(std::chrono::year(2023) / 11 / 14) + 23h;
        aws_credential_source source(w.surroundings());
        CHECK((*get(w, source))->access_key_id == "first");
        id = "second";
        // The variables come too late: what is kept goes on.
        w.variables = {{"AWS_ACCESS_KEY_ID", "env"}, {"AWS_SECRET_ACCESS_KEY", "k"}};
        CHECK((*get(w, source))->access_key_id == "first");
        w.now += 55min;
        CHECK((*get(w, source))->access_key_id == "env");
        w.variables.clear();
        CHECK((*get(w, source))->access_key_id == "second");
        source.invalidate();
        CHECK(source.kept() == nullptr);
        CHECK(peer.seen().size() == 6);
    });
}

TEST_CASE(
    "every service has ten seconds, and a provider a minute, where nothing else bounds them") {
    on_each_backend([](reactor& r) {
        world w(r);
        deadline until;
        auto in = w.surroundings();
        in.connect = [&](const http_origin&) -> task<result<std::unique_ptr<byte_channel>>> {
            const detail::task_context& context = co_await detail::this_context{};
            until = context.until;
            co_return error(errc::connect_failed);
        };
        const text_file file("token");
        const auto ask = [&](std::map<std::string, std::string> variables) {
            until = deadline::never();
            w.variables = std::move(variables);
            aws_credential_source source(in);
            CHECK(get(w, source).error() == errc::authentication_failed);
            CHECK(until.remaining() <= 10s);
            CHECK(until.remaining() > 9s);
        };
        ask({});
        ask({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}});
        ask({{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()}, {"AWS_ROLE_ARN", "arn"}});
        aws_credential_source source(in, [&]() -> task<result<aws_credentials>> {
            const detail::task_context& context = co_await detail::this_context{};
            until = context.until;
            co_return error(errc::key_not_found);
        });
        CHECK(get(w, source).error() == errc::authentication_failed);
        CHECK(until.remaining() <= 60s);
        CHECK(until.remaining() > 50s);
    });
}

TEST_CASE("a silent service, or a provider, that a connection has no more time for is at fault") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_silence(); });
        const text_file file("token");
        world w(r, &peer);
        const auto fails = [&](aws_credential_source source, const std::string& name) {
            CAPTURE(name);
            const auto e = sync_wait(r, with_deadline(source.get(deadline::never()), 20ms)).error();
            CHECK(e == errc::authentication_failed);
            CHECK(e.to_string().find(name + " did not answer in time") != std::string::npos);
            // Who wants the login has no more time either, or gives up.
            const auto until = deadline::after(20ms);
            CHECK(sync_wait(r, with_deadline(source.get(until), until)).error() ==
                  errc::deadline_exceeded);
            std::stop_source stop;
            stop.request_stop();
            CHECK(
                sync_wait(r, with_stop(source.get(deadline::never()), stop.get_token())).error() ==
                errc::operation_cancelled);
        };
        fails(aws_credential_source(w.surroundings()), "the metadata service of EC2");
        w.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}};
        fails(aws_credential_source(w.surroundings()), "the agent of the container");
        w.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()},
                       {"AWS_ROLE_ARN", "arn"},
                       {"AWS_ENDPOINT_URL_STS", peer.url()}};
        fails(aws_credential_source(w.surroundings()), "the token service of AWS");
        const auto slow = []() -> task<result<aws_credentials>> {
            const auto slept = co_await as_result(sleep_for(60s));
            co_return slept.error();
        };
        fails(aws_credential_source(w.surroundings(), slow), "the provider of AWS credentials");
    });
}

TEST_CASE("a silent service ends with the task's deadline") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_silence(); });
        world w(r, &peer);
        aws_credential_source source(w.surroundings());
        CHECK(sync_wait(r, with_deadline(source.get(), 20ms)).error() == errc::deadline_exceeded);
        w.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}};
        CHECK(sync_wait(r, with_deadline(source.get(), 20ms)).error() == errc::deadline_exceeded);
    });
}
