#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "responder/request.hpp"

namespace bench {

/// The server's side of SCRAM-SHA-256 (RFC 7677) for one user, with the 15,000 iterations that a
/// server has by itself. What is slow of it is done once, at the start, so that a login costs the
/// responder three HMACs.
class logins {
 public:
    static constexpr unsigned iterations = 15'000;

    /// With several salts they take turns, so that a client which keeps the keys of its last logins
    /// has to derive them again each time.
    logins(std::string user, std::string_view password, std::size_t salts);

    /// A connection's login that is under way.
    struct state;
    struct state_deleter {
        void operator()(state* gone) const;
    };
    using state_ptr = std::unique_ptr<state, state_deleter>;

    /// The whole reply to a hello or to a command of a login; nothing for every other command.
    std::optional<std::string> answer(const request& asked, bool mongos, state_ptr& of);

    /// Logins that are complete.
    std::uint64_t done = 0;

 private:
    using digest = std::array<unsigned char, 32>;
    struct keys {
        std::string salt;  // in base64
        digest stored;
        digest server;
    };

    struct said;
    static said read(std::string_view document);
    /// The payload that answers a login's first one; empty where it is none.
    std::string start(const said& first, state_ptr& of);
    /// Whole documents.
    std::string go_on(const said& next, state_ptr& of);
    std::string hello(const request& asked, bool mongos, state_ptr& of);

    std::string user_;
    std::vector<keys> keys_;
    std::size_t next_ = 0;
};

}  // namespace bench
