#pragma once

#include "op_msg_peer.hpp"

#include <gssapi/gssapi.h>

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace mongoro::test {

/// The realm MONGORO.TEST in a temporary folder, with a KDC on a loopback port. This process's
/// environment is pointed at it, so it is to be made before there are threads. Users: ada, with a
/// ticket in the cache; bob and old, whose password is "pencil", and old has expired. Services on
/// 127.0.0.1: mongodb, other, and old, which has expired; and mongodb/localhost. The KDC of the
/// realm SILENT.TEST never answers.
class kerberos_realm {
 public:
    kerberos_realm();
    kerberos_realm(const kerberos_realm&) = delete;
    kerberos_realm& operator=(const kerberos_realm&) = delete;
    ~kerberos_realm();

    /// Which of a KDC's programs is not installed on this machine; empty if all are.
    [[nodiscard]] const std::string& missing() const noexcept { return missing_; }
    /// What went wrong in making it; empty if nothing did.
    [[nodiscard]] const std::string& broken() const noexcept { return broken_; }

 private:
    void make();
    std::uint16_t listen_silently();

    std::string folder_;
    std::string missing_;
    std::string broken_;
    pid_t kdc_ = -1;
    int silent_ = -1;
};

/// The one of this process.
[[nodiscard]] kerberos_realm& test_realm();

/// The server's side of GSSAPI for an `op_msg_peer` (RFC 4752, 3.2). Called from the peer's
/// threads; outlives the peer.
class gssapi_server {
 public:
    /// `layers`: the bits of the security layers that it offers.
    explicit gssapi_server(std::uint8_t layers) : layers_(layers) {}
    gssapi_server(const gssapi_server&) = delete;
    gssapi_server& operator=(const gssapi_server&) = delete;
    ~gssapi_server();

    void serve(op_msg_peer& peer);
    /// The name that it was told to authorise; empty before.
    [[nodiscard]] std::string user() const;
    /// The principal that the ticket was for.
    [[nodiscard]] std::string service() const;

 private:
    enum class state : std::uint8_t { tokens, offer, choice };
    struct login {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        state at = state::tokens;
    };
    bson::document answer(const received_command& command);
    bool step(login& with, const std::string& payload, std::string& out, bool& done);

    std::uint8_t layers_;
    mutable std::mutex mutex_;
    std::map<std::size_t, login> under_way_;
    std::string user_;
    std::string service_;
};

}  // namespace mongoro::test
