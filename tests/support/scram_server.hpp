#pragma once

#include "op_msg_peer.hpp"

#include <mongoro/options/credential.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace mongoro::test {

/// The server's side of SCRAM for one user, for an `op_msg_peer`: it refuses what is not right with
/// AuthenticationFailed, as mongod does. Called from the peer's threads; outlives the peer.
class scram_server {
 public:
    /// How it differs from a right server.
    struct flaws {
        std::uint32_t iterations = 4096;
        bool ends_early = true;  ///< knows `skipEmptyExchange`
        bool wrong_signature = false;
    };
    /// `password` as SASLprep prepares it.
    scram_server(auth_mechanism mechanism, std::string user, std::string password, flaws f);
    scram_server(auth_mechanism mechanism, std::string user, std::string password)
        : scram_server(mechanism, std::move(user), std::move(password), flaws{}) {}

    /// The reply to a saslStart, or what a hello answers to a speculative one: then `ok` is
    /// missing, and the empty document stands for a mechanism or a user that there is not.
    [[nodiscard]] bson::document start(bson::document_view command, std::size_t connection);
    /// The reply to a saslContinue, without `ok`; empty where it refuses.
    [[nodiscard]] bson::document go_on(bson::document_view command, std::size_t connection);

    /// Makes the peer log in this user, and answer speculative logins if `speculates`.
    void serve(op_msg_peer& peer, bool speculates, const std::vector<std::string>& mechanisms);

    /// How many logins there were.
    [[nodiscard]] int logins() const;

 private:
    struct login {
        std::string signed_text;
        std::string nonce;
        bool proved = false;
    };

    auth_mechanism mechanism_;
    std::string user_;
    std::string password_;
    flaws flaws_;
    mutable std::mutex mutex_;
    std::map<std::size_t, login> under_way_;
    int logins_ = 0;
};

}  // namespace mongoro::test
