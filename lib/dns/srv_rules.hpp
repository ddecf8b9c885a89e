#pragma once

#include "dns/answer.hpp"

#include <mongoro/result.hpp>
#include <mongoro/uri.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::dns {

/// What a `mongodb+srv` connection string says of its SRV records. Pure; a value.
///
/// Spec: initial-dns-seedlist-discovery, "Querying DNS".
class srv_rules {
 public:
    /// `invalid_argument` for a string that is not `mongodb+srv`; `invalid_uri` for a
    /// `srvAllowedHostsSuffix` that is a public suffix (see `is_public_suffix`), below which
    /// everybody's hosts are, unless it is one label and reserved for private use; `not_supported`
    /// for any `srvAllowedHostsSuffix` without a list that says which are.
    [[nodiscard]] static result<srv_rules> of(const uri& from);

    /// `_mongodb._tcp.cluster.example.com`.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// `cluster.example.com`, where the TXT record is.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    /// `.example.com`: what an answer's hosts must end in.
    [[nodiscard]] const std::string& suffix() const noexcept { return suffix_; }
    /// Whether an answer may name this host: one below the domain.
    [[nodiscard]] bool allows(std::string_view host) const noexcept;
    /// As many as `srvMaxHosts` allows, chosen by chance; all of them, in their order, if that is
    /// no fewer.
    void choose(std::vector<host_address>& hosts) const;
    /// The same for a topology that keeps what it has and takes of the rest: only in another order.
    void shuffle(std::vector<host_address>& hosts) const;

 private:
    std::string name_;
    std::string host_;
    std::string suffix_;
    std::size_t max_hosts_ = 0;  // 0: all
};

/// The hosts of SRV records, each once.
[[nodiscard]] std::vector<host_address> hosts_of(std::span<const srv_record> records);
/// How long all of them may be kept. `records` is not empty.
[[nodiscard]] std::chrono::seconds lowest_ttl(std::span<const srv_record> records) noexcept;

}  // namespace mongoro::dns
