#pragma once

#include "tls_support.hpp"

#include "tls/engine.hpp"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mongoro::test {

using bytes = std::vector<std::uint8_t>;

inline bytes pattern(std::size_t size) {
    bytes made(size);
    for (std::size_t i = 0; i < size; ++i) {
        made[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    }
    return made;
}

inline host_address localhost() {
    return {"localhost", 27017};
}

inline std::shared_ptr<tls::context> context_of(const tls_options& options) {
    auto made = tls::context::make(options);
    REQUIRE_MESSAGE(made, made.error().to_string());
    return *made;
}

/// An engine and OpenSSL's own server, with nothing but memory between them. The engine has room
/// for `piece` bytes at once, and is given as many.
class engine_pair {
 public:
    engine_pair(tls_server& server, std::shared_ptr<tls::context> context, const host_address& host,
                std::size_t piece = 16384,
                tls::session_cache::clock::time_point now = tls::session_cache::clock::now())
        : piece_(piece), server_(SSL_new(server.context()), &SSL_free) {
        auto made = tls::engine::make(std::move(context), host, now);
        REQUIRE_MESSAGE(made, made.error().to_string());
        engine_ = std::move(*made);
        SSL_set_bio(server_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(server_.get());
    }

    [[nodiscard]] tls::engine& engine() noexcept { return *engine_; }

    /// How the client's handshake failed; no error: it is complete.
    error shake_hands() {
        for (int i = 0; i < 100'000; ++i) {
            lend_room(piece_);
            const auto next = engine_->handshake();
            CHECK(ERR_peek_error() == 0);
            take_room();
            if (!next) {
                return next.error();
            }
            if (*next == tls::engine::want::nothing && !wrote_) {
                serve();
                return {};
            }
            if (*next == tls::engine::want::input) {
                REQUIRE(engine_->unread() == 0);
                serve();
                give_from_server(piece_);
            }
        }
        FAIL("no end to the handshake");
        return {};
    }

    error send(std::span<const std::uint8_t> text) {
        while (!text.empty()) {
            lend_room(piece_);
            const auto done = engine_->encrypt(text);
            take_room();
            if (!done) {
                return done.error();
            }
            text = text.subspan(done->bytes);
        }
        return {};
    }

    /// All that the server can read now.
    bytes received() {
        bytes got;
        std::array<std::uint8_t, 16384> chunk;
        for (int n = 0; (n = SSL_read(server_.get(), chunk.data(), chunk.size())) > 0;) {
            got.insert(got.end(), chunk.begin(), chunk.begin() + n);
        }
        ERR_clear_error();
        return got;
    }

    void answer(std::span<const std::uint8_t> text) {
        REQUIRE(SSL_write(server_.get(), text.data(), static_cast<int>(text.size())) ==
                static_cast<int>(text.size()));
    }
    void update_keys() { REQUIRE(SSL_key_update(server_.get(), SSL_KEY_UPDATE_REQUESTED) == 1); }
    void server_says_end() { SSL_shutdown(server_.get()); }

    /// Reads `size` bytes of what the server has sent.
    bytes read(std::size_t size) {
        bytes text(size);
        std::size_t done = 0;
        while (done < size) {
            lend_room(16384);
            const auto read = engine_->decrypt(std::span(text).subspan(done));
            REQUIRE_MESSAGE(read, read.error().to_string());
            take_room();
            done += read->bytes;
            if (read->bytes == 0) {
                REQUIRE(read->next == tls::engine::want::input);
                REQUIRE(give_from_server(piece_) != 0);
            }
        }
        return text;
    }

    /// Lends room to the engine, until `take_room()` gives what is in it to the server.
    void lend_room(std::size_t size) {
        room_.resize(size);
        engine_->put_into(room_);
    }
    void take_room() {
        wrote_ = engine_->written() != 0;
        give_to_server(std::span(room_).first(engine_->written()));
        engine_->put_into({});
    }
    /// Gives the engine what the server has sent; how much.
    std::size_t give_from_server(std::size_t most = SIZE_MAX) {
        given_ = take_from_server(most);
        engine_->give(given_);
        return given_.size();
    }
    void give_to_server(std::span<const std::uint8_t> ciphertext) {
        if (!ciphertext.empty()) {
            BIO_write(SSL_get_rbio(server_.get()), ciphertext.data(),
                      static_cast<int>(ciphertext.size()));
        }
    }
    bytes take_from_server(std::size_t most = SIZE_MAX) {
        BIO* const from = SSL_get_wbio(server_.get());
        bytes taken(std::min(most, BIO_ctrl_pending(from)));
        if (!taken.empty()) {
            BIO_read(from, taken.data(), static_cast<int>(taken.size()));
        }
        return taken;
    }

    [[nodiscard]] int version() const { return SSL_version(server_.get()); }
    [[nodiscard]] std::string server_name() const {
        const char* const name = SSL_get_servername(server_.get(), TLSEXT_NAMETYPE_host_name);
        return name != nullptr ? name : "";
    }
    [[nodiscard]] std::string client_name() const {
        std::array<char, 256> name{};
        if (const X509* const shown = SSL_get0_peer_certificate(server_.get())) {
            X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name.data(),
                                      static_cast<int>(name.size()));
        }
        return name.data();
    }

 private:
    void serve() {
        if (SSL_is_init_finished(server_.get()) == 0) {
            SSL_accept(server_.get());
            ERR_clear_error();
        }
    }

    std::size_t piece_;
    std::unique_ptr<SSL, decltype(&SSL_free)> server_;
    std::unique_ptr<tls::engine> engine_;
    bytes given_;
    bytes room_;
    bool wrote_ = false;
};

}  // namespace mongoro::test
