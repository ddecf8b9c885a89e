#include "deep_walk.hpp"

#include "auth/aws_conversation.hpp"
#include "auth/aws_keys.hpp"
#include "auth/oidc_conversation.hpp"
#include "cloud/http_message.hpp"

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/writer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What a metadata or token service, or whoever is at its address, may answer, and what a server may
// answer to the logins of clouds. The first byte says into which pieces a response is cut.

namespace {

namespace fuzz = mongoro::fuzz;
namespace auth = mongoro::auth;
namespace bson = mongoro::bson;
using mongoro::errc;
using mongoro::cloud::http_response_parser;
using mongoro::cloud::http_url;

void check_refused(const mongoro::error& e) {
    fuzz::require(e == errc::malformed_reply || e == errc::message_too_large,
                  "an error is one that the docstring names");
    fuzz::require(!e.message().empty(), "an error says why");
}

struct outcome {
    bool refused = false;
    int status = 0;
    std::size_t headers = 0;
    std::string body;

    friend bool operator==(const outcome&, const outcome&) = default;
};

outcome read(std::string_view text, std::size_t piece) {
    http_response_parser parser;
    bool whole = false;
    for (std::size_t at = 0; at < text.size() && !whole; at += piece) {
        const auto fed = parser.feed(text.substr(at, piece));
        if (!fed) {
            check_refused(fed.error());
            return {.refused = true};
        }
        whole = *fed;
    }
    if (!whole) {
        if (const auto end = parser.finish(); !end) {
            fuzz::require(end.error() == errc::connection_closed, "the peer closed too early");
            return {.refused = true};
        }
    }
    const auto response = parser.take();
    fuzz::require(response.status >= 200 && response.status <= 599, "a status is one");
    fuzz::require(response.body.size() <= http_response_parser::max_body, "a body has a bound");
    for (const auto& [name, value] : response.headers) {
        fuzz::require(!name.empty(), "a header has a name");
        fuzz::require(value.find_first_of("\r\n") == std::string::npos, "a header is one line");
    }
    return {false, response.status, response.headers.size(), response.body};
}

/// `{conversationId, done, payload}` of a server.
void check_conversations(std::span<const std::uint8_t> payload) {
    bson::byte_buffer reply_bytes;
    bson::writer reply(reply_bytes);
    reply.begin_document();
    reply.append_int32("conversationId", 1);
    reply.append_bool("done", false);
    reply.append_binary("payload", bson::binary_subtype::generic, payload);
    reply.end();

    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    auth::aws_conversation::nonce nonce{};
    nonce.fill('n');
    auto keys = std::make_shared<auth::aws_keys>();
    keys->access_key_id = "id";
    keys->secret_access_key = auth::secret("pencil");
    auth::aws_conversation aws(keys, nonce, std::chrono::sys_seconds());
    const auto step = aws.step(reply.view(), to);
    fuzz::require(step ? !*step : step.error() == errc::authentication_failed,
                  "the first answer is signed or refused");
    auth::oidc_two_step oidc;
    const auto provider = oidc.idp_info(reply.view());
    fuzz::require(
        provider ? !provider->issuer.empty() : provider.error() == errc::authentication_failed,
        "a provider has an issuer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const auto whole = read(text, std::max<std::size_t>(text.size(), 1));
    fuzz::require(read(text, 1 + data[0] % 17) == whole, "how it is cut changes nothing");

    if (const auto url = http_url::parse(text)) {
        fuzz::require(!url->origin.host.empty() && url->origin.port != 0, "a URL has a host");
        mongoro::cloud::http_request request;
        request.target = url->target;
        fuzz::require(write_http_request(url->origin, request).has_value(),
                      "what was read can be asked for");
    } else {
        fuzz::require(url.error() == errc::invalid_argument, "what is no URL says so");
    }
    if (const auto keys = auth::read_aws_keys(text)) {
        fuzz::require(!(*keys)->access_key_id.empty(), "keys have a name");
    } else {
        fuzz::require(keys.error() == errc::authentication_failed, "what are no keys says so");
    }
    check_conversations({data + 1, size - 1});
    return 0;
}
