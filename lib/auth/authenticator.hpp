#pragma once

#include "auth/scram_keys.hpp"
#include "auth/wipe.hpp"

#include <mongoro/options/credential.hpp>

#include <utility>

namespace mongoro::auth {

/// Who a client logs in as, and what its connections share of that: it outlives all of them. On the
/// reactor's thread. Its secrets are wiped when it goes.
class authenticator {
 public:
    explicit authenticator(credential who) : who_(std::move(who)) {}
    authenticator(const authenticator&) = delete;
    authenticator& operator=(const authenticator&) = delete;
    ~authenticator() {
        if (who_.password) {
            wipe(*who_.password);
        }
        for (auto& [name, value] : who_.properties) {
            wipe(value);
        }
    }

    [[nodiscard]] const credential& who() const noexcept { return who_; }
    [[nodiscard]] scram_cache& scram() noexcept { return scram_; }

 private:
    credential who_;
    scram_cache scram_;
};

}  // namespace mongoro::auth
