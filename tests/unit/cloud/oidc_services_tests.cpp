#include "oidc_server.hpp"

#include "cloud/oidc_authenticator.hpp"
#include "cloud/oidc_services.hpp"

#include <mongoro/with_deadline.hpp>

using namespace mongoro;
using namespace mongoro::cloud;
using namespace mongoro::test;

namespace {

result<auth::secret> token_of(world& w, oidc_environment which, const std::string& resource = "",
                              const std::optional<std::string>& username = std::nullopt) {
    const auto in = w.surroundings();
    return sync_wait(w.r, oidc_token_of_environment(in, which, resource, username));
}

std::string text_of(const result<auth::secret>& token) {
    return token ? token->text() : token.error().to_string();
}

}  // namespace

TEST_CASE("the environment test reads the file that its variable names") {
    on_each_backend([](reactor& r) {
        world w(r);
        CHECK(text_of(token_of(w, oidc_environment::test)).find("OIDC_TOKEN_FILE is not set") !=
              std::string::npos);
        const text_file file("a.b.c\n");
        w.variables["OIDC_TOKEN_FILE"] = file.path();
        CHECK(text_of(token_of(w, oidc_environment::test)) == "a.b.c");
    });
}

TEST_CASE("Kubernetes gives the token of Azure's file, of AWS's, or of the service account") {
    on_each_backend([](reactor& r) {
        world w(r);
        const text_file azure("azure");
        const text_file aws("aws");
        w.variables = {{"AZURE_FEDERATED_TOKEN_FILE", azure.path()},
                       {"AWS_WEB_IDENTITY_TOKEN_FILE", aws.path()}};
        CHECK(text_of(token_of(w, oidc_environment::k8s)) == "azure");
        w.variables.erase("AZURE_FEDERATED_TOKEN_FILE");
        CHECK(text_of(token_of(w, oidc_environment::k8s)) == "aws");
        w.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/tmp/mongoro/no/such/file";
        CHECK(token_of(w, oidc_environment::k8s).error() == errc::authentication_failed);
        w.variables.clear();
        const auto account = token_of(w, oidc_environment::k8s);
        if (!account) {  // but where these tests run inside of Kubernetes
            CHECK(account.error().message() ==
                  "reading /var/run/secrets/kubernetes.io/serviceaccount/token");
        }
    });
}

TEST_CASE("Azure is asked for the resource, and for the identity that the user name is") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) {
            return http_ok(R"({"access_token": "azure token", "refresh_token": "",
                               "expires_in": "3599", "token_type": "Bearer"})");
        });
        world w(r, &peer);
        CHECK(text_of(token_of(w, oidc_environment::azure, "api://a b,c")) == "azure token");
        CHECK(text_of(token_of(w, oidc_environment::azure, "r", "an id")) == "azure token");
        CHECK(w.origins == std::vector<std::string>(2, "169.254.169.254:80"));
        const auto seen = peer.seen();
        REQUIRE(seen.size() == 2);
        CHECK(seen[0].method == "GET");
        CHECK(seen[0].target ==
              "/metadata/identity/oauth2/"
              "token?api-version=2018-02-01&resource=api%3A%2F%2Fa%20b%2Cc");
        CHECK(seen[0].headers.at("accept") == "application/json");
        CHECK(seen[0].headers.at("metadata") == "true");
        CHECK(
            seen[1].target ==
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r&client_id=an%20id");
    });
}

TEST_CASE("an answer of Azure without a token, and one that is no 200, are errors") {
    on_each_backend([](reactor& r) {
        http_answer answer;
        const http_peer peer([&](const http_seen&) { return answer; });
        world w(r, &peer);
        for (const auto& bad :
             {http_ok("{}"), http_ok("s3cr3t"), http_ok(R"({"access_token": ""})"),
              http_ok(R"({"access_token": 5})")}) {
            answer = bad;
            const auto e = token_of(w, oidc_environment::azure, "r").error();
            CHECK(e == errc::authentication_failed);
            CHECK(e.to_string().find("s3cr3t") == std::string::npos);
        }
        answer = http_status(400, "Identity not found");
        CHECK(token_of(w, oidc_environment::azure, "r").error().server_message() ==
              "Identity not found");
    });
}

TEST_CASE("Google Cloud is asked for the audience, and its answer is the token") {
    on_each_backend([](reactor& r) {
        http_answer answer = http_ok("gcp.token");
        const http_peer peer([&](const http_seen&) { return answer; });
        world w(r, &peer);
        CHECK(text_of(token_of(w, oidc_environment::gcp, "https://a/b")) == "gcp.token");
        CHECK(w.origins == std::vector<std::string>{"metadata:80"});
        const auto seen = peer.seen().at(0);
        CHECK(seen.target ==
              "/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F"
              "%2Fa%2Fb");
        CHECK(seen.headers.at("metadata-flavor") == "Google");
        CHECK(seen.headers.at("host") == "metadata");
        answer = http_ok("");
        CHECK(token_of(w, oidc_environment::gcp, "x").error() == errc::authentication_failed);
        answer = http_status(403, "no");
        CHECK(token_of(w, oidc_environment::gcp, "x").error().server_message() == "no");
    });
}

TEST_CASE("a silent metadata service ends with the task's deadline") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_silence(); });
        world w(r, &peer);
        const auto in = w.surroundings();
        const std::string resource = "r";
        const std::optional<std::string> nobody;
        for (const auto which : {oidc_environment::azure, oidc_environment::gcp}) {
            CHECK(sync_wait(r, with_deadline(oidc_token_of_environment(in, which, resource, nobody),
                                             20ms))
                      .error() == errc::deadline_exceeded);
        }
    });
}

TEST_CASE("a client logs in with the token of its environment, and keeps it") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_ok("good"); });
        world w(r, &peer);
        credential who;
        who.mechanism = auth_mechanism::mongodb_oidc;
        who.properties = {{"ENVIRONMENT", "gcp"}, {"TOKEN_RESOURCE", "x"}};
        oidc_authenticator a(w.surroundings(), *oidc_settings::make(who, nullptr));
        oidc_server server(r);
        auth::oidc_token used;
        CHECK(sync_wait(r, a.log_in(server, "anywhere", used)));
        CHECK(sync_wait(r, a.log_in(server, "anywhere", used)));
        CHECK(server.log == std::vector<std::string>{"jwt good", "jwt good"});
        CHECK(peer.seen().size() == 1);
        // The specification's prose test 3.1, with a built-in environment.
        a.set_token(std::make_shared<const auth::secret>("poison"));
        CHECK(sync_wait(r, a.log_in(server, "anywhere", used)));
        CHECK(peer.seen().size() == 2);
    });
}
