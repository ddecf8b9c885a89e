#include "auth/aws_conversation.hpp"

#include "bson/json_scalar.hpp"
#include "free_blocks.hpp"
#include "freed_text.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/json.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

using namespace mongoro;
using namespace mongoro::auth;

namespace {

std::vector<std::uint8_t> bytes_of_base64(std::string_view text) {
    std::vector<std::uint8_t> out;
    REQUIRE(bson::detail::decode_base64(text, out));
    return out;
}

// Nonce and payloads of the auth specification's example of a conversation.
constexpr std::string_view client_first =
    "NAAAAAVyACAAAAAAWj0lSjp8M0BMKGU+QVAzRSpWfk0hJigqO1V+b0FaVz4QcABuAAAAAA==";
constexpr std::string_view server_first =
    "ZgAAAAVzAEAAAAAAWj0lSjp8M0BMKGU+QVAzRSpWfk0hJigqO1V+b0FaVz5Rj7x9UOBHJLvPgvgPS9sSzZUWgAPTy8HB"
    "bI1cG1WJ9gJoABIAAABzdHMuYW1hem9uYXdzLmNvbQAA";
const std::chrono::sys_seconds example_moment(std::chrono::seconds(1573592482));

aws_conversation::nonce example_nonce() {
    aws_conversation::nonce nonce{};
    std::ranges::copy(bytes_of_base64("Wj0lSjp8M0BMKGU+QVAzRSpWfk0hJigqO1V+b0FaVz4="),
                      nonce.begin());
    return nonce;
}

aws_conversation a_login(const char* token = nullptr) {
    aws_keys keys;
    keys.access_key_id = "AKIDEXAMPLE";
    keys.secret_access_key = secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    if (token != nullptr) {
        keys.session_token = secret(std::string(token));
    }
    return {std::make_shared<const aws_keys>(std::move(keys)), example_nonce(), example_moment};
}

document started(aws_conversation& c) {
    bson::byte_buffer bytes;
    bson::writer w(bytes);
    w.begin_document();
    REQUIRE(c.start(w));
    w.end();
    return document(w.view());
}

struct outcome {
    result<bool> done;
    document command;
};

outcome stepped(aws_conversation& c, document_view reply) {
    bson::byte_buffer bytes;
    bson::writer w(bytes);
    w.begin_document();
    auto done = c.step(reply, w);
    w.end();
    return {std::move(done), document(w.view())};
}

document answer(std::span<const std::uint8_t> payload, bool done = false) {
    return {{"conversationId", 7},
            {"done", done},
            {"payload", bson::binary_view{bson::binary_subtype::generic, payload}},
            {"ok", 1.0}};
}

document example_answer() {
    return answer(bytes_of_base64(server_first));
}

document payload_of(const document& command) {
    return document::from_bytes(command["payload"].get<bson::binary_view>().bytes).value();
}

/// The server's first message with these in it.
document server_says(std::size_t nonce_size, std::string_view host, std::uint8_t first = 0x5a) {
    std::vector<std::uint8_t> nonce(nonce_size, 1);
    std::ranges::copy(example_nonce(), nonce.begin());
    nonce[0] = first;
    const document payload{{"s", bson::binary_view{bson::binary_subtype::generic, nonce}},
                           {"h", host}};
    return answer(payload.bytes());
}

error refused(document_view reply) {
    auto c = a_login();
    static_cast<void>(started(c));
    return stepped(c, reply).done.error();
}

}  // namespace

TEST_CASE("the first message is the specification's example, byte for byte") {
    auto c = a_login();
    CHECK(c.database() == "$external");
    CHECK(!c.speculative());
    const auto command = started(c);
    CHECK(command.count() == 3);
    CHECK(command["saslStart"].get<int>() == 1);
    CHECK(command["mechanism"].get<std::string>() == "MONGODB-AWS");
    const auto payload = command["payload"].get<bson::binary_view>();
    CHECK(payload.subtype == bson::binary_subtype::generic);
    CHECK(std::ranges::equal(payload.bytes, bytes_of_base64(client_first)));
}

TEST_CASE("the second message signs the server's nonce, and then the login is over") {
    auto c = a_login();
    static_cast<void>(started(c));
    const auto second = stepped(c, example_answer());
    REQUIRE(second.done);
    CHECK(!*second.done);
    CHECK(second.command["saslContinue"].get<int>() == 1);
    CHECK(second.command["conversationId"].get<int>() == 7);
    const auto payload = payload_of(second.command);
    CHECK(payload.count() == 2);
    CHECK(payload["d"].get<std::string>() == "20191112T210122Z");
    // By another implementation of the signing process.
    CHECK(payload["a"].get<std::string>() ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20191112/us-east-1/sts/aws4_request, "
          "SignedHeaders=content-length;content-type;host;x-amz-date;x-mongodb-gs2-cb-flag;"
          "x-mongodb-server-nonce, "
          "Signature=95ca8f1971ee57c1ae1231057ce014e76e7789fc2bb282f796510897f96d3374");
    const auto last = stepped(c, answer({}, true));
    REQUIRE(last.done);
    CHECK(*last.done);
    CHECK(last.command.empty());
}

TEST_CASE("a session token leaves nothing in freed memory") {
    for (const std::size_t length : {std::size_t{100}, std::size_t{1500}}) {
        CAPTURE(length);
        secret token;  // the test's own must not be found either
        token.text().reserve(length + 6);
        token.text().append("s3cr3t").append(length, 't');
        const test::freed_text freed("s3cr3t");
        {
            auto c = a_login(token.text().c_str());
            (void)started(c);
            const auto reply = example_answer();
            // The command's own buffer is its caller's.
            secret_buffer command;
            bson::writer w(command.bytes());
            w.begin_document();
            REQUIRE(c.step(reply, w));
        }
        CHECK(freed.count() == 0);
        CHECK_FALSE(test::is_in_free_blocks("s3cr3t"));
    }
}

TEST_CASE("a session token is signed and sent") {
    auto c = a_login("a/token+");
    static_cast<void>(started(c));
    const auto payload = payload_of(stepped(c, example_answer()).command);
    CHECK(payload["t"].get<std::string>() == "a/token+");
    CHECK(payload["a"].get<std::string>() ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20191112/us-east-1/sts/aws4_request, "
          "SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;"
          "x-mongodb-gs2-cb-flag;x-mongodb-server-nonce, "
          "Signature=83c709eb2e7d5ff32b50b92d9daf7cb9058ef28dd85838b50ee38eab391641be");
}

TEST_CASE("a server's nonce must be of 64 bytes and begin with the client's") {
    CHECK(!refused(server_says(64, "sts.amazonaws.com")));
    CHECK(refused(server_says(63, "sts.amazonaws.com")) == errc::authentication_failed);
    CHECK(refused(server_says(65, "sts.amazonaws.com")) == errc::authentication_failed);
    CHECK(refused(server_says(64, "sts.amazonaws.com", 0)) == errc::authentication_failed);
}

TEST_CASE("a server that is done too early, or never, is refused") {
    CHECK(refused(answer(bytes_of_base64(server_first), true)) == errc::authentication_failed);
    auto c = a_login();
    static_cast<void>(started(c));
    CHECK(stepped(c, example_answer()).done);
    CHECK(stepped(c, answer({})).done.error() == errc::authentication_failed);
}

TEST_CASE("what is not an answer of the mechanism is refused") {
    for (const auto& payload : {document{}, document{{"s", 1}, {"h", "a"}}}) {
        CHECK(refused(answer(payload.bytes())) == errc::authentication_failed);
    }
    CHECK(refused(answer({})) == errc::authentication_failed);
    CHECK(refused(document{{"ok", 1.0}}) == errc::authentication_failed);
    CHECK(refused(document{{"conversationId", 1}, {"done", false}, {"payload", "text"}}) ==
          errc::authentication_failed);
    CHECK(refused(server_says(64, "sts..com")) == errc::authentication_failed);
    const std::vector<std::uint8_t> cut{0x20, 0, 0, 0, 5};
    CHECK(refused(answer(cut)) == errc::authentication_failed);
}

TEST_CASE("the region of a host is the specification's") {
    const auto region = [](std::string_view host) { return aws_region_of(host).value_or("none"); };
    CHECK(region("sts.amazonaws.com") == "us-east-1");
    CHECK(region("aws.amazonaws.com") == "us-east-1");
    CHECK(region("sts.us-west-2.amazonaws.com") == "us-west-2");
    CHECK(region("sts.us-west-2.amazonaws.com.ch") == "us-west-2");
    CHECK(region("example.com") == "com");
    CHECK(region("localhost") == "us-east-1");
    CHECK(region(std::string(255, 'a')) == "us-east-1");
    for (const std::string& bad :
         {std::string("sts..com"), std::string(".amazonaws.com"), std::string("sts.amazonaws."),
          std::string(), std::string(256, 'a'), std::string("a\nb"), std::string("a b")}) {
        CAPTURE(bad);
        CHECK(aws_region_of(bad).error() == errc::authentication_failed);
    }
}
