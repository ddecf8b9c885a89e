#pragma once

#include "auth/scram_keys.hpp"
#include "uri/secrets.hpp"

#include <mongoro/options/credential.hpp>

namespace mongoro::auth {

/// Who a client logs in as, and what its connections share of that: it outlives all of them, and
/// the threads that log in for them, where the last share may end. On the reactor's thread but for
/// `who()`. Its secrets are wiped when it goes.
class authenticator {
 public:
    /// A copy: what is moved would leave a short password behind.
    explicit authenticator(const credential& who) : who_(who) {}
    authenticator(const authenticator&) = delete;
    authenticator& operator=(const authenticator&) = delete;
    ~authenticator() { detail::wipe_secrets(who_); }

    [[nodiscard]] const credential& who() const noexcept { return who_; }
    [[nodiscard]] scram_cache& scram() noexcept { return scram_; }

 private:
    credential who_;
    scram_cache scram_;
};

}  // namespace mongoro::auth
