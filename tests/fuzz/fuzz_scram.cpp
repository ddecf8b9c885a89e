#include "auth/sasl.hpp"
#include "auth/scram.hpp"
#include "deep_walk.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What a server, or whoever stands in its place, may answer to a login.

namespace {

namespace fuzz = mongoro::fuzz;
namespace auth = mongoro::auth;
namespace bson = mongoro::bson;
using mongoro::errc;

constexpr std::string_view nonce = "rOprNGfwEbeRWgbNEkqO";

void check_refused(const mongoro::error& e) {
    fuzz::require(e == errc::authentication_failed, "an error is the one that the docstring names");
    fuzz::require(!e.message().empty(), "an error says why");
    fuzz::require(e.to_string().find("pencil") == std::string::npos, "no secret is in an error");
}

void check_texts(std::string_view text) {
    if (const auto first = auth::read_server_first(text, nonce)) {
        fuzz::require(first->nonce.starts_with(nonce) && first->nonce.size() > nonce.size(),
                      "a nonce goes on from the client's");
        fuzz::require(!first->parameters.salt.empty(), "there is a salt");
        fuzz::require(first->parameters.iterations >= auth::scram_parameters::min_iterations &&
                          first->parameters.iterations <= auth::scram_parameters::max_iterations,
                      "the iterations are within their limits");
    } else {
        check_refused(first.error());
    }
    if (const auto last = auth::read_server_final(text); !last) {
        check_refused(last.error());
    }
}

/// A whole login: `first` answers the first command, `second`, in which `proof` is, the next.
void converse(bson::document_view first, bson::document_view second, std::string_view proof) {
    static auth::scram_cache cache;
    mongoro::credential who;
    who.username = "user";
    who.password = "pencil";
    who.source = "admin";
    auto login =
        auth::make_scram(who, mongoro::auth_mechanism::scram_sha_256, cache, std::string(nonce));
    fuzz::require(login.has_value(), "a login can begin");
    for (const auto reply : {first, second, second}) {
        bson::byte_buffer bytes;
        bson::writer to(bytes);
        to.begin_document();
        const auto over = (*login)->step(reply, to);
        to.end();
        fuzz::require(to.ok(), "a command can be written");
        if (!over) {
            return check_refused(over.error());
        }
        if (*over) {
            // The seeds hold a proof that is right; any other would be a miracle.
            return fuzz::require(proof.find("v=") != std::string_view::npos,
                                 "a server without a proof is not believed");
        }
    }
}

bson::document_view as_reply(bson::byte_buffer& bytes, std::string_view payload, bool done) {
    bson::writer to(bytes);
    to.begin_document();
    to.append_int32("conversationId", 1);
    to.append_bool("done", done);
    to.append_binary("payload", bson::binary_subtype::generic, auth::bytes_of(payload));
    to.end();
    return to.view();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_texts(text);
    // Many iterations are slow, and are the same as few: only the cheap ones go through a login.
    const auto first = auth::read_server_first(text, nonce);
    if (!first || first->parameters.iterations < 5000) {
        bson::byte_buffer one;
        bson::byte_buffer two;
        const auto split = text.find('\n');
        converse(as_reply(one, text.substr(0, split), size % 5 == 4),
                 as_reply(two, split == std::string_view::npos ? text : text.substr(split + 1),
                          size % 3 == 0),
                 text);
    }
    // Behind what every answer has to begin with; and as a reply that is anything.
    check_texts("r=" + std::string(nonce) + std::string(text));
    check_texts("v=" + std::string(text));
    const bson::document_view reply(data, size);
    if (const auto read = auth::read_sasl_reply(reply); !read) {
        check_refused(read.error());
    } else {
        check_texts(read->text());
    }
    return 0;
}
