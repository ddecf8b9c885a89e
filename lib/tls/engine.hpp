#pragma once

#include "tls/context.hpp"
#include "tls/openssl_types.hpp"

#include <mongoro/result.hpp>
#include <mongoro/uri.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mongoro::tls {

/// One connection's TLS, without the connection: plaintext in, ciphertext out, and back. No I/O and
/// no clock but OpenSSL's own.
///
/// Ciphertext is never gathered here. `give()` lends what has arrived, `put_into()` lends the room
/// for what is to be sent; each call goes as far as both reach and says what it needs next. Call it
/// again then, with the same arguments. So any room will do, and what is best is the caller's to
/// know.
///
/// An error is final. On one thread at a time.
class engine {
 public:
    enum class want {
        nothing,  ///< done
        input,    ///< all that was given is consumed
        output,   ///< the room for ciphertext is full
    };
    struct progress {
        std::size_t bytes = 0;  ///< plaintext that was taken, or given
        want next = want::nothing;
        bool ended = false;  ///< the peer has said that it sends no more
    };

    /// What a record may be longer than its plaintext, generously: with a key update before it.
    static constexpr std::size_t most_overhead = 384;
    /// The plaintext of one record.
    static constexpr std::size_t record = std::size_t{16} << 10;

    /// A client's engine that has not begun. The host is sent as server name (SNI) unless it is an
    /// IP literal or a path, and is what the certificate is verified for. `now` is when it begins:
    /// a session is resumed only for a while after the server was verified (`session_cache`).
    ///
    /// `tls_failed`: a path, which no certificate can be for, where names are verified; no memory.
    [[nodiscard]] static result<std::unique_ptr<engine>> make(std::shared_ptr<context> shared,
                                                              const host_address& host,
                                                              session_cache::clock::time_point now);
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    ~engine();

    /// Lends received bytes, which must stay until `unread()` says that there are none.
    void give(std::span<const std::uint8_t> ciphertext) noexcept { in_ = ciphertext; }
    [[nodiscard]] std::size_t unread() const noexcept { return in_.size(); }
    /// Lends room; what was written before must have been taken out.
    void put_into(std::span<std::uint8_t> ciphertext) noexcept {
        out_ = ciphertext;
        written_ = 0;
    }
    [[nodiscard]] std::size_t written() const noexcept { return written_; }

    /// Goes on with the handshake; `want::nothing`: it is complete, and what is written must still
    /// be sent. After an error an alert for the server may be written.
    ///
    /// `tls_failed` says why in the message: not TLS, the server's certificate, no client
    /// certificate, ...
    [[nodiscard]] result<want> handshake();
    /// Takes some of the plaintext. Not empty.
    [[nodiscard]] result<progress> encrypt(std::span<const std::uint8_t> plaintext);
    /// Gives plaintext, as much as there is of one record; its room is not empty. `bytes` is 0 only
    /// with `next` or `ended`. Session tickets and key updates are taken on the way: the answer to
    /// one may be written. Before the first plaintext this is also where a server of TLS 1.3
    /// refuses the client's certificate.
    [[nodiscard]] result<progress> decrypt(std::span<std::uint8_t> plaintext);
    /// Takes what is no plaintext from the front of what was given: whether plaintext is next.
    [[nodiscard]] result<progress> skip();
    /// Says that no more will be sent. Best effort: an error or a lack of room is nobody's concern.
    void say_end() noexcept;

    [[nodiscard]] bool resumed() const noexcept;
    /// Whether the server has said anything.
    [[nodiscard]] bool heard() const noexcept { return begun_; }
    /// Whether a connection that ends now has a reason that the server did not give: it asked for
    /// a certificate, there was none, and no plaintext has come since. mongod completes such a
    /// handshake and then closes, without an alert.
    [[nodiscard]] bool lacks_certificate() const noexcept {
        return asked_for_certificate_ && !spoken_;
    }
    /// That error: `tls_failed`. Its server's sessions are forgotten, since in a handshake that
    /// resumes one nobody asks for a certificate. It has no cause, as it is no failure of the
    /// network.
    [[nodiscard]] error closed_for_certificate();
    /// `host:port` or the path, for errors.
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }

 private:
    friend class context;

    engine(std::shared_ptr<context> shared, const host_address& host);
    error start(const host_address& host, session_cache::clock::time_point now);
    error begin();
    progress stopped(int code);
    error failed();

    // For the context, which all engines share.
    static BIO_METHOD* make_bio_method() noexcept;
    static void set_callbacks(SSL_CTX& shared, bool revocation) noexcept;
    struct callbacks;

    std::shared_ptr<context> context_;  // before what uses it
    SSL* ssl_ = nullptr;
    std::string peer_;
    std::string name_;  // as a certificate has it
    std::span<const std::uint8_t> in_;
    std::span<std::uint8_t> out_;
    std::size_t written_ = 0;
    session_cache::clock::time_point began_;
    session_cache::clock::time_point offered_;  // when the session that it offers was verified
    std::string_view refusal_;
    bool asked_for_certificate_ = false;
    bool offers_session_ = false;
    bool begun_ = false;   // the first byte has been looked at
    bool spoken_ = false;  // plaintext has come
    bool failed_ = false;
};

}  // namespace mongoro::tls
