#include "certificates.hpp"
#include "integration_support.hpp"
#include "server_process.hpp"
#include "skip.hpp"

#include <mongoro/sleep_for.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// Whether the server answers: it takes a moment to start.
bool answers(reactor& r, server_process& server, const client& c) {
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (server.running() && std::chrono::steady_clock::now() < limit) {
        if (!error_of(r, c.ping())) {
            return true;
        }
        sync_wait(r, sleep_for(100ms));
    }
    return false;
}

}  // namespace

TEST_CASE("a server that demands TLS and a client certificate is served, and refuses without one") {
    const auto program = server_program();
    if (!program) {
        SKIP_CASE("MONGORO_TEST_SERVER names no server to start");
    }
    const auto authority = identity::authority();
    const auto own = authority.issue();
    certificate_options named;
    named.name = "ada";
    const auto ada = authority.issue(named);
    temporary_files files;
    const auto ca = files.write("ca.pem", authority.certificate_pem());
    server_process server(*program, {"--tls-cert-file", files.write("s.pem", own.certificate_pem()),
                                     "--tls-key-file", files.write("s.key", own.key_pem()),
                                     "--tls-ca-file", ca, "--tls-require-client-cert"});
    const std::string base =
        "mongodb://localhost:" + std::to_string(server.port()) + "/?tls=true&tlsCAFile=" + ca;
    const std::string uri = base + "&tlsCertificateKeyFilePassword=pw&tlsCertificateKeyFile=" +
                            files.write("ada.pem", ada.certificate_pem() + ada.key_pem("pw"));
    on_each_backend([&](reactor& r) {
        const client c(r, uri);
        REQUIRE(answers(r, server, c));
        const auto people = c["mongoro_tls"]["c"];
        static_cast<void>(sync_wait(r, people.drop()));
        const std::string large(10'000'000, 'x');
        CHECK(sync_wait(r, people.insert_one({{"_id", 1}, {"x", large}})).acknowledged);
        const auto found = sync_wait(r, people.find_one({{"_id", 1}}));
        REQUIRE(found);
        CHECK((*found)["x"].get<std::string_view>() == large);

        // Its monitor is refused: there is no server to select, and the text says why.
        const client none(r, base + "&serverSelectionTimeoutMS=2000");
        const auto refused = error_of(r, none.ping());
        CHECK(refused == errc::server_selection_timeout);
        CHECK(refused.to_string().find("TLS failed") != std::string::npos);
        CHECK(refused.to_string().find("client certificate") != std::string::npos);
    });
}
