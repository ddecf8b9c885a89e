#include "tls/revocation.hpp"

#include "engine_support.hpp"

#include <doctest/doctest.h>

using namespace mongoro;
using namespace mongoro::test;
using status = ocsp_options::status;
using std::chrono::seconds;

namespace {

/// How a client finds a server that staples this; in both versions alike.
error found(const identity& certificate, const bytes& stapled,
            const tls_options& options = trusting()) {
    error e;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto how = serving(certificate, version);
        how.stapled = stapled;
        tls_server server(how);
        e = engine_pair(server, context_of(options), localhost()).shake_hands();
        CHECK((!e || e == errc::tls_failed));
    }
    return e;
}

ocsp_options saying(status what) {
    ocsp_options options;
    options.says = what;
    return options;
}

}  // namespace

TEST_CASE("a stapled response that says good is good") {
    const auto& world = test_world::get();
    const auto e =
        found(world.server, ocsp_response(world.server, world.authority, world.authority));
    CHECK_MESSAGE(!e, e.to_string());
}

TEST_CASE("a revoked certificate is refused, unless revocation or certificates are not looked at") {
    const auto& world = test_world::get();
    const auto revoked =
        ocsp_response(world.server, world.authority, world.authority, saying(status::revoked));
    CHECK(says(found(world.server, revoked), "is revoked"));
    auto options = trusting();
    options.disable_ocsp_endpoint_check = true;
    CHECK(says(found(world.server, revoked, options), "is revoked"));
    auto unchecked = trusting();
    unchecked.disable_certificate_revocation_check = true;
    CHECK(!found(world.server, revoked, unchecked));
    auto insecure = trusting();
    insecure.insecure = true;
    CHECK(!found(world.server, revoked, insecure));
    auto names = trusting();
    names.allow_invalid_hostnames = true;
    CHECK(says(found(world.server, revoked, names), "is revoked"));
}

TEST_CASE("a stapled response out of its time is refused, with no tolerance") {
    const auto& world = test_world::get();
    ocsp_options expired;
    expired.until = seconds(-2);
    ocsp_options early;
    early.from = seconds(60);
    for (const auto& when : {expired, early}) {
        CHECK(says(found(world.server,
                         ocsp_response(world.server, world.authority, world.authority, when)),
                   "not of this time"));
    }
}

TEST_CASE("a stapled response that somebody else signed is refused") {
    const auto& world = test_world::get();
    const auto stranger = identity::authority("stranger");
    const auto twin = identity::authority();
    // One that the authority vouches for, but not as a responder.
    const auto sibling = world.authority.issue();
    for (const auto& signer : {stranger, twin, sibling, world.server}) {
        CHECK(says(found(world.server, ocsp_response(world.server, world.authority, signer)),
                   "not signed by whom it should be"));
    }
}

TEST_CASE("a stapled response may be signed by whom the authority delegated to") {
    const auto& world = test_world::get();
    certificate_options responder;
    responder.signs_ocsp = true;
    responder.name = "responder";
    const auto delegate = world.authority.issue(responder);
    const auto e = found(world.server, ocsp_response(world.server, world.authority, delegate));
    CHECK_MESSAGE(!e, e.to_string());
    const auto others = identity::authority("stranger").issue(responder);
    CHECK(says(found(world.server, ocsp_response(world.server, world.authority, others)),
               "not signed by whom it should be"));
}

TEST_CASE(
    "an authority below another one may sign a stapled response where it is what is trusted") {
    const auto& world = test_world::get();
    certificate_options options;
    options.authority = true;
    options.name = "middle";
    const auto between = world.authority.issue(options);
    const auto leaf = between.issue();
    temporary_files files;
    tls_options only_middle;
    only_middle.ca_file = files.write("middle.pem", between.certificate_pem());
    auto e = found(leaf, ocsp_response(leaf, between, between), only_middle);
    CHECK_MESSAGE(!e, e.to_string());
    certificate_options responder;
    responder.signs_ocsp = true;
    responder.name = "responder";
    e = found(leaf, ocsp_response(leaf, between, between.issue(responder)), only_middle);
    CHECK_MESSAGE(!e, e.to_string());
    CHECK(says(
        found(leaf, ocsp_response(leaf, between, between, saying(status::revoked)), only_middle),
        "is revoked"));
    // What is above it is not trusted, and what is beside it or below it may not.
    for (const auto& signer :
         {world.authority, world.authority.issue(options), between.issue(), leaf}) {
        CHECK(says(found(leaf, ocsp_response(leaf, between, signer), only_middle),
                   "not signed by whom it should be"));
    }
}

TEST_CASE(
    "of a certificate that is trusted by itself a response says nothing that can be verified") {
    const auto& world = test_world::get();
    temporary_files files;
    tls_options pinned;
    pinned.ca_file = files.write("leaf.pem", world.server.certificate_pem());
    for (const auto what : {status::good, status::revoked, status::unknown}) {
        for (const auto& signer : {world.authority, world.server}) {
            for (const auto& issuer : {world.authority, world.server}) {
                const auto e =
                    found(world.server, ocsp_response(world.server, issuer, signer, saying(what)),
                          pinned);
                CHECK_MESSAGE(!e, e.to_string());
            }
        }
    }
    CHECK(!found(world.server, {}, pinned));
    CHECK(says(found(world.server, {1, 2, 3}, pinned), "malformed"));
    // One that demands a response is refused, as it is with a response that does not know.
    certificate_options demanding;
    demanding.must_staple = true;
    const auto certificate = world.authority.issue(demanding);
    pinned.ca_file = files.write("demanding.pem", certificate.certificate_pem());
    CHECK(says(
        found(certificate, ocsp_response(certificate, world.authority, world.authority), pinned),
        "who may sign one is not known"));
}

TEST_CASE("a certificate that signed itself may sign its response") {
    const auto own = identity::self_signed();
    temporary_files files;
    tls_options pinned;
    pinned.ca_file = files.write("own.pem", own.certificate_pem());
    const auto e = found(own, ocsp_response(own, own, own), pinned);
    CHECK_MESSAGE(!e, e.to_string());
    CHECK(says(found(own, ocsp_response(own, own, own, saying(status::revoked)), pinned),
               "is revoked"));
    CHECK(says(found(own, ocsp_response(own, own, identity::authority()), pinned),
               "not signed by whom it should be"));
}

TEST_CASE("a stapled response about another certificate is refused") {
    const auto& world = test_world::get();
    const auto other = world.authority.issue();
    CHECK(says(found(world.server, ocsp_response(other, world.authority, world.authority)),
               "not about the server's certificate"));
}

TEST_CASE("what is stapled and is no response is refused") {
    const auto& world = test_world::get();
    CHECK(says(found(world.server, {1, 2, 3}), "malformed"));
    auto longer = ocsp_response(world.server, world.authority, world.authority);
    longer.push_back(0);
    CHECK(says(found(world.server, longer), "malformed"));
    ocsp_options later;
    later.try_later = true;
    CHECK(says(
        found(world.server, ocsp_response(world.server, world.authority, world.authority, later)),
        "says that it is none"));
}

TEST_CASE("without a response, or with one that does not know, a certificate is taken as it is") {
    const auto& world = test_world::get();
    CHECK(!found(world.server, {}));
    CHECK(!found(world.server, ocsp_response(world.server, world.authority, world.authority,
                                             saying(status::unknown))));
}

TEST_CASE("a certificate that demands a response is refused without one") {
    const auto& world = test_world::get();
    certificate_options demanding;
    demanding.must_staple = true;
    const auto certificate = world.authority.issue(demanding);
    CHECK(says(found(certificate, {}), "demands a stapled OCSP response"));
    CHECK(says(found(certificate, ocsp_response(certificate, world.authority, world.authority,
                                                saying(status::unknown))),
               "demands a stapled OCSP response"));
    CHECK(!found(certificate, ocsp_response(certificate, world.authority, world.authority)));
    auto unchecked = trusting();
    unchecked.disable_certificate_revocation_check = true;
    CHECK(!found(certificate, {}, unchecked));
}
