#include "auth/sigv4.hpp"

#include "auth/encoding.hpp"
#include "auth/sasl.hpp"

#include <algorithm>

namespace mongoro::auth {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// The same SHA-256 and HMAC as a password's.
constexpr auto sha256 = auth_mechanism::scram_sha_256;

/// Without blanks at its ends, and with one where there were several.
void append_trimmed(std::string& to, std::string_view value) {
    const std::size_t start = to.size();
    for (const char c : value) {
        if (c != ' ' || (to.size() != start && to.back() != ' ')) {
            to += c;
        }
    }
    if (to.size() != start && to.back() == ' ') {
        to.pop_back();
    }
}

struct canonical_headers {
    explicit canonical_headers(const sigv4_request& request) : sorted(request.headers) {
        std::ranges::sort(sorted, {}, [](const auto& h) { return h.first; });
        for (const auto& [name, value] : sorted) {
            names += names.empty() ? "" : ";";
            names += name;
            size += name.size() + value.size() + 2;
        }
    }
    std::vector<std::pair<std::string_view, std::string_view>> sorted;
    std::string names;
    std::size_t size = 0;  // of the lines, at most
};

std::string scope_text(const sigv4_scope& scope) {
    return amz_date(scope.when).substr(0, 8) + '/' + std::string(scope.region) + '/' +
           std::string(scope.service) + "/aws4_request";
}

}  // namespace

result<secret> sigv4_canonical_request(const sigv4_request& request) {
    const auto body = scram_digest(sha256, bytes_of(request.body));
    if (!body) {
        return body.error();
    }
    const canonical_headers headers(request);
    const std::string digest = to_hex(body->view());
    secret out;
    auto& text = out.text();
    text.reserve(request.method.size() + request.path.size() + request.query.size() + headers.size +
                 headers.names.size() + digest.size() + 5);
    text.append(request.method).append(1, '\n').append(request.path).append(1, '\n');
    text.append(request.query).append(1, '\n');
    for (const auto& [name, value] : headers.sorted) {
        text.append(name).append(1, ':');
        append_trimmed(text, value);
        text.append(1, '\n');
    }
    text.append(1, '\n').append(headers.names).append(1, '\n').append(digest);
    return out;
}

result<scram_key> sigv4_signing_key(const secret& secret_access_key, const sigv4_scope& scope) {
    const secret first("AWS4" + secret_access_key.text());
    auto key = scram_hmac(sha256, first.bytes(), amz_date(scope.when).substr(0, 8));
    for (const auto part : {scope.region, scope.service, std::string_view("aws4_request")}) {
        if (key) {
            key = scram_hmac(sha256, key->view(), part);
        }
    }
    return key;
}

result<std::string> sigv4_authorization(const aws_keys& keys, const sigv4_request& request,
                                        const sigv4_scope& scope) {
    const auto canonical = sigv4_canonical_request(request);
    if (!canonical) {
        return canonical.error();
    }
    const auto digest = scram_digest(sha256, canonical->bytes());
    if (!digest) {
        return digest.error();
    }
    const std::string where = scope_text(scope);
    std::string to_sign(algorithm);
    to_sign.append(1, '\n').append(amz_date(scope.when)).append(1, '\n').append(where);
    to_sign.append(1, '\n').append(to_hex(digest->view()));

    const auto key = sigv4_signing_key(keys.secret_access_key, scope);
    if (!key) {
        return key.error();
    }
    const auto signature = scram_hmac(sha256, key->view(), to_sign);
    if (!signature) {
        return signature.error();
    }
    return std::string(algorithm) + " Credential=" + keys.access_key_id + '/' + where +
           ", SignedHeaders=" + canonical_headers(request).names +
           ", Signature=" + to_hex(signature->view());
}

}  // namespace mongoro::auth
