#include "auth/encoding.hpp"
#include "auth/sigv4.hpp"

#include <doctest/doctest.h>

using namespace mongoro::auth;

namespace {

// The example that AWS publishes with its signing process: a GET of IAM's ListUsers.
constexpr std::string_view example_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

sigv4_scope example_scope() {
    return {"us-east-1", "iam", std::chrono::sys_seconds(std::chrono::seconds(1440938160))};
}

sigv4_request example_request() {
    sigv4_request request;
    request.method = "GET";
    request.path = "/";
    request.query = "Action=ListUsers&Version=2010-05-08";
    request.headers = {{"x-amz-date", "20150830T123600Z"},
                       {"host", "iam.amazonaws.com"},
                       {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
    return request;
}

aws_keys example_keys() {
    aws_keys keys;
    keys.access_key_id = "AKIDEXAMPLE";
    keys.secret_access_key = secret(std::string(example_secret));
    return keys;
}

}  // namespace

TEST_CASE("the canonical request of AWS's example is the one that AWS shows") {
    const auto text = sigv4_canonical_request(example_request());
    REQUIRE(text);
    CHECK(text->text() ==
          "GET\n"
          "/\n"
          "Action=ListUsers&Version=2010-05-08\n"
          "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
          "host:iam.amazonaws.com\n"
          "x-amz-date:20150830T123600Z\n"
          "\n"
          "content-type;host;x-amz-date\n"
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("blanks around and inside of a header's value count as one, and as none at its ends") {
    auto request = example_request();
    request.headers[1].second = "  iam.amazonaws.com ";
    request.headers[2].second = "application/x-www-form-urlencoded;    charset=utf-8";
    CHECK(sigv4_canonical_request(request)->text() ==
          sigv4_canonical_request(example_request())->text());
}

TEST_CASE("the signing key of AWS's example is the one that AWS shows") {
    const auto key = sigv4_signing_key(secret(std::string(example_secret)), example_scope());
    REQUIRE(key);
    CHECK(to_hex(key->view()) ==
          "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST_CASE("the authorization of AWS's example is the one that AWS shows") {
    const auto text = sigv4_authorization(example_keys(), example_request(), example_scope());
    REQUIRE(text);
    CHECK(*text ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date, "
          "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST_CASE("a signature changes with the key, the body, the region, the service and the day") {
    const auto signature = [](const aws_keys& keys, const sigv4_request& request,
                              const sigv4_scope& scope) {
        const auto text = sigv4_authorization(keys, request, scope).value();
        return text.substr(text.find("Signature="));
    };
    const auto right = signature(example_keys(), example_request(), example_scope());
    auto keys = example_keys();
    keys.secret_access_key = secret(std::string("another"));
    CHECK(signature(keys, example_request(), example_scope()) != right);
    auto request = example_request();
    request.body = "x";
    CHECK(signature(example_keys(), request, example_scope()) != right);
    auto scope = example_scope();
    scope.region = "eu-west-1";
    CHECK(signature(example_keys(), example_request(), scope) != right);
    scope = example_scope();
    scope.service = "sts";
    CHECK(signature(example_keys(), example_request(), scope) != right);
    scope = example_scope();
    scope.when += std::chrono::days(1);
    CHECK(signature(example_keys(), example_request(), scope) != right);
}
