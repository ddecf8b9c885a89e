#include "auth/aws_conversation.hpp"

#include "auth/encoding.hpp"
#include "auth/payload.hpp"

#include <mongoro/bson/byte_buffer.hpp>

#include <openssl/crypto.h>

#include <algorithm>

namespace mongoro::auth {

namespace {

constexpr std::string_view mechanism = "MONGODB-AWS";
constexpr std::string_view request_body = "Action=GetCallerIdentity&Version=2011-06-15";
constexpr std::int32_t no_channel_binding = 'n';
constexpr std::size_t server_nonce_size = 64;

struct server_first {
    std::span<const std::uint8_t> nonce;
    std::string_view host;
    std::string region;
};

result<server_first> read_server_first(bson::document_view payload,
                                       const aws_conversation::nonce& client_nonce) {
    server_first out;
    bson::binary_view nonce;
    if (payload["s"].read(nonce) != errc{} || nonce.bytes.size() != server_nonce_size) {
        return login_error("the server's nonce is not of 64 bytes");
    }
    out.nonce = nonce.bytes;
    if (CRYPTO_memcmp(out.nonce.data(), client_nonce.data(), client_nonce.size()) != 0) {
        return login_error("the server's nonce does not begin with the client's");
    }
    if (payload["h"].read(out.host) != errc{}) {
        return login_error("the server names no host of the token service");
    }
    auto region = aws_region_of(out.host);
    if (!region) {
        return region.error();
    }
    out.region = std::move(*region);
    return out;
}

}  // namespace

result<std::string> aws_region_of(std::string_view host) {
    constexpr std::string_view fallback = "us-east-1";
    const bool printable =
        std::ranges::all_of(host, [](char c) { return c > ' ' && c < '\x7f' && c != '/'; });
    if (host.empty() || host.size() > 255 || !printable || host.front() == '.' ||
        host.back() == '.' || host.find("..") != std::string_view::npos) {
        return login_error("the server's host of the token service is none");
    }
    const auto dot = host.find('.');
    // The specification's text has the first name, its table of examples the second.
    if (host == "aws.amazonaws.com" || host == "sts.amazonaws.com" ||
        dot == std::string_view::npos) {
        return std::string(fallback);
    }
    const auto behind = host.substr(dot + 1);
    return std::string(behind.substr(0, behind.find('.')));
}

result<void> aws_conversation::start(bson::writer& to) {
    bson::byte_buffer bytes;
    bson::writer payload(bytes);
    payload.begin_document();
    payload.append_binary("r", bson::binary_subtype::generic, nonce_);
    payload.append_int32("p", no_channel_binding);
    payload.end();
    append_sasl_start(to, mechanism, payload.view().bytes());
    return {};
}

result<bool> aws_conversation::step(bson::document_view reply, bson::writer& to) {
    const auto answer = read_sasl_reply(reply);
    if (!answer) {
        return answer.error();
    }
    if (signed_) {
        if (!answer->done) {
            return login_error("the server wants one more step");
        }
        return true;
    }
    if (answer->done) {
        return login_error("the server is done before it has seen a signature");
    }
    const auto document = payload_document(*answer);
    if (!document) {
        return document.error();
    }
    const auto first = read_server_first(*document, nonce_);
    if (!first) {
        return first.error();
    }

    const std::string date = amz_date(now_);
    const std::string length = std::to_string(request_body.size());
    const std::string nonce = to_base64(first->nonce);
    const std::string_view token =
        keys_->session_token ? std::string_view(keys_->session_token->text()) : "";
    sigv4_request request;
    request.method = "POST";
    request.path = "/";
    request.body = request_body;
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("content-length", length);
    request.headers.emplace_back("host", first->host);
    request.headers.emplace_back("x-amz-date", date);
    if (keys_->session_token) {
        request.headers.emplace_back("x-amz-security-token", token);
    }
    request.headers.emplace_back("x-mongodb-server-nonce", nonce);
    request.headers.emplace_back("x-mongodb-gs2-cb-flag", "n");
    const auto authorization = sigv4_authorization(*keys_, request, {first->region, "sts", now_});
    if (!authorization) {
        return authorization.error();
    }

    secret_buffer bytes(authorization->size() + date.size() + token.size() + 64);
    bson::writer payload(bytes.bytes());
    payload.begin_document();
    payload.append_string("a", *authorization);
    payload.append_string("d", date);
    if (keys_->session_token) {
        payload.append_string("t", token);
    }
    payload.end();
    append_sasl_continue(to, bson::value(answer->conversation_id), payload.view().bytes());
    signed_ = true;
    return false;
}

}  // namespace mongoro::auth
