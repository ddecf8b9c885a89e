#include "tls/context.hpp"

#include "engine_support.hpp"

#include <doctest/doctest.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// The error of a context with these options; none if it is made. Nothing of it is left behind.
error made_with(const tls_options& options) {
    auto made = tls::context::make(options);
    CHECK(ERR_peek_error() == 0);
    if (made) {
        CHECK(*made != nullptr);
        return {};
    }
    CHECK(made.error() == errc::tls_failed);
    return made.error();
}

tls_options authority_in(const std::string& path) {
    tls_options options;
    options.ca_file = path;
    return options;
}

tls_options identity_in(const std::string& path) {
    tls_options options;
    options.certificate_key_file = path;
    return options;
}

enum class ending { agreed, no_version_in_common, otherwise };

ending shake_hands_with(tls_server& server) {
    try {
        const auto e = engine_pair(server, context_of(trusting()), localhost()).shake_hands();
        return !e                                       ? ending::agreed
               : says(e, "no version of TLS in common") ? ending::no_version_in_common
                                                        : ending::otherwise;
    } catch (...) {
        return ending::otherwise;
    }
}

/// How a handshake with a server of TLS 1.2 ends where the system's configuration has this
/// MinProtocol. In a process of its own: what OpenSSL has read it does not forget.
ending ending_with(const std::string& min_protocol) {
    temporary_files files;
    const auto file = files.write("openssl.cnf",
                                  "openssl_conf = init\n"
                                  "[init]\nssl_conf = ssl\n"
                                  "[ssl]\nsystem_default = defaults\n"
                                  "[defaults]\nMinProtocol = " +
                                      min_protocol + '\n');
    tls_server server(serving(TLS1_2_VERSION));
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const bool read = CONF_modules_load_file(file.c_str(), nullptr, 0) == 1;
        ::_exit(static_cast<int>(read ? shake_hands_with(server) : ending::otherwise));
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? static_cast<ending>(WEXITSTATUS(status)) : ending::otherwise;
}

}  // namespace

TEST_CASE("a context without options trusts whom the system trusts, and verifies everything") {
    const auto made = tls::context::make({});
    REQUIRE(made);
    CHECK((*made)->verifies());
    CHECK((*made)->verifies_host());
}

TEST_CASE("what an insecure option leaves unverified") {
    tls_options insecure;
    insecure.insecure = true;
    tls_options certificates;
    certificates.allow_invalid_certificates = true;
    tls_options names;
    names.allow_invalid_hostnames = true;
    for (const auto& options : {insecure, certificates}) {
        const auto made = tls::context::make(options);
        REQUIRE(made);
        CHECK(!(*made)->verifies());
        CHECK(!(*made)->verifies_host());
    }
    const auto made = tls::context::make(names);
    REQUIRE(made);
    CHECK((*made)->verifies());
    CHECK(!(*made)->verifies_host());
    tls_options secure;
    secure.insecure = false;
    CHECK(!made_with(secure));
    tls_options checking;
    checking.allow_invalid_hostnames = false;
    checking.disable_certificate_revocation_check = false;
    CHECK(!made_with(checking));
}

TEST_CASE("the system's configuration of OpenSSL may rule out TLS 1.2, and cannot allow less") {
    CHECK(ending_with("TLSv1.3") == ending::no_version_in_common);
    CHECK(ending_with("TLSv1.2") == ending::agreed);
    CHECK(ending_with("TLSv1.1") == ending::agreed);
}

TEST_CASE("a CA file that cannot be read is an error with the option, the file and the reason") {
    temporary_files files;
    const auto e = made_with(authority_in(files.folder() + "/none.pem"));
    CHECK(says(e, "tlsCAFile"));
    CHECK(says(e, files.folder() + "/none.pem"));
    REQUIRE(e.cause() != nullptr);
    CHECK(e.cause()->code() == std::errc::no_such_file_or_directory);
    const auto folder = made_with(authority_in(files.folder()));
    REQUIRE(folder.cause() != nullptr);
    CHECK(folder.cause()->code() == std::errc::is_a_directory);
}

TEST_CASE("a CA file without a certificate, or with one that is malformed, is an error") {
    temporary_files files;
    const auto& world = test_world::get();
    CHECK(says(made_with(authority_in(files.write("empty", ""))), "no certificate"));
    CHECK(says(made_with(authority_in(files.write("text", "hello\n"))), "no certificate"));
    CHECK(says(made_with(authority_in(files.write("key", world.server.key_pem()))),
               "no certificate"));
    auto bad = world.authority.certificate_pem();
    bad.insert(bad.size() / 2, "AAAA");
    CHECK(says(made_with(authority_in(files.write("bad", bad))), "malformed"));
    CHECK(
        says(made_with(authority_in(files.write("half", world.authority.certificate_pem() + bad))),
             "malformed"));
    CHECK(!made_with(authority_in(
        files.write("two", world.authority.certificate_pem() + world.server.certificate_pem()))));
}

TEST_CASE("a certificate and its key are read from one file, in either order, encrypted or not") {
    temporary_files files;
    const auto authority = identity::authority("between");
    const auto client = authority.issue();
    const auto chain = client.certificate_pem() + authority.certificate_pem();
    CHECK(!made_with(identity_in(files.write("a", chain + client.key_pem()))));
    CHECK(!made_with(identity_in(files.write("b", client.key_pem() + chain))));

    auto encrypted = identity_in(files.write("c", chain + client.key_pem("s3cret pässword")));
    CHECK(says(made_with(encrypted), "tlsCertificateKeyFilePassword is needed"));
    encrypted.certificate_key_file_password = "wrong";
    const auto wrong = made_with(encrypted);
    CHECK(says(wrong, "is not its key's password"));
    CHECK(!says(wrong, "s3cret"));
    CHECK(!says(wrong, "wrong"));
    encrypted.certificate_key_file_password = std::string(5000, 'x');
    CHECK(says(made_with(encrypted), "is not its key's password"));
    encrypted.certificate_key_file_password = "s3cret pässword";
    CHECK(!made_with(encrypted));
    // A password for a key that is not encrypted does no harm.
    encrypted.certificate_key_file = files.write("d", chain + client.key_pem());
    CHECK(!made_with(encrypted));
}

TEST_CASE("a certificate file that lacks a part, or whose parts do not match, is an error") {
    temporary_files files;
    const auto& world = test_world::get();
    const auto other = world.authority.issue();
    CHECK(says(made_with(identity_in(files.folder() + "/none")), "cannot be read"));
    CHECK(says(made_with(identity_in(files.write("a", world.server.key_pem()))),
               "no certificate in it"));
    CHECK(says(made_with(identity_in(files.write("b", world.server.certificate_pem()))),
               "no private key in it"));
    CHECK(says(
        made_with(identity_in(files.write("c", world.server.certificate_pem() + other.key_pem()))),
        "not that of its certificate"));
    auto bad = world.server.certificate_pem();
    bad.insert(bad.size() / 2, "AAAA");
    CHECK(
        says(made_with(identity_in(files.write("d", bad + world.server.key_pem()))), "malformed"));
}
