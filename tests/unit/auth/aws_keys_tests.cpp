#include "auth/aws_keys.hpp"

#include "free_blocks.hpp"
#include "freed_text.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mongoro;
using namespace mongoro::auth;
using namespace std::chrono_literals;

namespace {

std::chrono::sys_seconds at(long seconds) {
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

constexpr std::string_view full =
    R"({"Code": "Success", "LastUpdated": "2014-10-24T17:00:23Z", "Type": "AWS-HMAC",
        "AccessKeyId": "AKID", "SecretAccessKey": "wJal/+key", "Token": "tok==",
        "Expiration": "2014-10-24T23:00:23Z"})";

void check_full(const result<aws_keys_ptr>& keys) {
    REQUIRE(keys);
    CHECK((*keys)->access_key_id == "AKID");
    CHECK((*keys)->secret_access_key.text() == "wJal/+key");
    REQUIRE((*keys)->session_token);
    CHECK((*keys)->session_token->text() == "tok==");
    CHECK((*keys)->expires == at(1414191623));
}

std::string with_expiration(std::string_view value) {
    return R"({"AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": )" + std::string(value) +
           "}";
}

}  // namespace

TEST_CASE("keys that were read leave nothing in freed memory, however the answer ends") {
    // Escapes, so that texts are decoded on the way; the last answer is no JSON.
    for (const std::string_view end : {R"(, "AccessKeyId": "a"})", R"(, "x": "\/"})", ", "}) {
        CAPTURE(end);
        secret text;  // the test's own must not be found either
        std::string& json = text.text();
        json.reserve(1000);
        json.append(R"({"Type": "a\/b", "SecretAccessKey": "s3cr3t\/)").append(100, 'k');
        json.append(R"(", "Token": "\/s3cr3t)").append(500, 't').append("\"").append(end);
        const test::freed_text freed("s3cr3t");
        CHECK(read_aws_keys(json).has_value() == end.ends_with(R"("a"})"));
        CHECK(freed.count() == 0);
        CHECK_FALSE(test::is_in_free_blocks("s3cr3t"));
    }
}

TEST_CASE("the answer of EC2 and ECS gives its keys") {
    check_full(read_aws_keys(full));
}

TEST_CASE("the answer of the token service gives its keys, in either of its forms") {
    const std::string inner =
        R"({"Credentials": {"AccessKeyId": "AKID", "SecretAccessKey": "wJal/+key",
            "SessionToken": "tok==", "RoleArn": "arn", "Expiration": 1414191623.0}})";
    check_full(read_aws_keys(inner));
    check_full(read_aws_keys(
        R"({"AssumeRoleWithWebIdentityResponse": {"AssumeRoleWithWebIdentityResult": )" + inner +
        "}}"));
}

TEST_CASE("keys need neither a token nor an end") {
    const auto keys = read_aws_keys(R"({"AccessKeyId": "a", "SecretAccessKey": "b"})");
    REQUIRE(keys);
    CHECK(!(*keys)->session_token);
    CHECK(!(*keys)->expires);
    CHECK((*read_aws_keys(with_expiration("1414191623")))->expires == at(1414191623));
    CHECK(!(*read_aws_keys(with_expiration("null")))->expires);
}

TEST_CASE("an answer without keys is refused, and nothing of it is in the error") {
    for (const std::string_view bad :
         {"", "not JSON s3cr3t", "[]", "{}", R"({"AccessKeyId": "s3cr3t"})",
          R"({"SecretAccessKey": "s3cr3t"})", R"({"AccessKeyId": "", "SecretAccessKey": "s3cr3t"})",
          R"({"AccessKeyId": "a", "SecretAccessKey": ""})",
          R"({"AccessKeyId": 1, "SecretAccessKey": "s3cr3t"})",
          R"({"Code": "s3cr3t", "AccessKeyId": "a", "SecretAccessKey": "s3cr3t"})"}) {
        CAPTURE(bad);
        const auto keys = read_aws_keys(bad);
        CHECK(keys.error() == errc::authentication_failed);
        CHECK(keys.error().to_string().find("s3cr3t") == std::string::npos);
    }
    for (const auto* const bad : {"\"tomorrow\"", "-1", "1e300", "{}", "true"}) {
        CAPTURE(bad);
        CHECK(read_aws_keys(with_expiration(bad)).error() == errc::authentication_failed);
    }
}

TEST_CASE("keys are fresh until five minutes before their end") {
    aws_keys keys;
    CHECK(is_fresh(keys, at(0)));
    keys.expires = at(1000);
    CHECK(is_fresh(keys, at(699)));
    CHECK(!is_fresh(keys, at(700)));
    CHECK(!is_fresh(keys, at(2000)));
}
