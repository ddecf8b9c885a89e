#pragma once

#include <mongoro/deadline.hpp>
#include <mongoro/options/uri.hpp>
#include <mongoro/uri.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mongoro::auth {
class authenticator;
}
namespace mongoro::cloud {
class aws_credential_source;
class oidc_authenticator;
}  // namespace mongoro::cloud
namespace mongoro::tls {
class context;
}
namespace mongoro::wire {
class client_metadata;
}

namespace mongoro::dns {
class resolver;
}

namespace mongoro::pool {

/// What a connection is for. One for monitoring never logs in.
enum class connection_kind : std::uint8_t { application, monitor };

/// Everything that a new connection needs to know.
struct connection_settings {
    host_address host;
    std::chrono::milliseconds connect_timeout{10'000};  ///< 0: none
    /// When whoever awaits the connection has to have it, beside `connect_timeout`: written by
    /// `open_connection`.
    deadline wanted_by = deadline::never();
    /// The client's `timeoutMS`, for a program's callback of a login, beside `connect_timeout` and
    /// where `wanted_by` is never. From when the login begins: what the hello took is none of it.
    /// 0: a minute, whatever `connect_timeout` is.
    std::chrono::milliseconds callback_timeout{0};
    /// Longer for who waits for the connection, if it has more time.
    std::optional<deadline> callback_wanted_by = std::nullopt;
    /// The client's `timeoutMS`, for each command of a login that no operation waits for; where
    /// `connect_timeout` bounds nothing, of any login and for the hello too. 0: none.
    std::chrono::milliseconds handshake_timeout{0};
    std::chrono::milliseconds drain_timeout{3'000};
    /// For each reply, the hello's and a login's too; 0: none. Not with the client's `timeoutMS`.
    std::chrono::milliseconds socket_timeout{0};
    std::string app_name;
    bool validate_replies = false;
    bool checksums = false;      ///< never on TLS, which has its own
    bool load_balanced = false;  ///< hello says so, and must be answered with a `serviceId`
    connection_kind kind = connection_kind::application;
    /// Who logs in, shared by the connections of a client; null: nobody.
    std::shared_ptr<auth::authenticator> authenticator = {};
    /// What its mechanism needs besides, shared as well: see `set_up_cloud_login`.
    std::shared_ptr<cloud::aws_credential_source> aws = {};
    std::shared_ptr<cloud::oidc_authenticator> oidc = {};
    /// What the hello says of the client, shared as well; null: `app_name` and no more.
    std::shared_ptr<wire::client_metadata> metadata = {};
    std::shared_ptr<tls::context> tls = nullptr;  ///< null: connections do not use TLS
    std::vector<compressor> compressors;   ///< the first that the server has too; none: no messages
                                           ///< are compressed
    std::int32_t zlib_level = -1;          ///< -1 (zlib's default) to 9
    std::shared_ptr<dns::resolver> names;  ///< null: one is made for each connection
    std::shared_ptr<const proxy_options> proxy;  ///< null: none. A host is in it

    /// What bounds one command of a login; 0: nothing.
    [[nodiscard]] std::chrono::milliseconds of_command() const noexcept {
        return handshake_timeout.count() != 0 ? handshake_timeout : socket_timeout;
    }
};

}  // namespace mongoro::pool
