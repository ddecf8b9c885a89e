#include "deep_walk.hpp"

#include "dns/answer.hpp"
#include "pool/socks5.hpp"

#include <mongoro/uri.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

// What a name server, or whoever pretends to be one, may answer; and what a proxy may.

namespace {

namespace fuzz = mongoro::fuzz;
using mongoro::errc;

void check_refused(const mongoro::error& e) {
    fuzz::require(e == errc::name_resolution_failed, "an error is one that the docstring names");
    fuzz::require(!e.message().empty(), "an error says why");
}

/// Gives the proxy's bytes in the pieces that are wanted.
void negotiate(std::span<const std::uint8_t> bytes, const mongoro::proxy_options& proxy) {
    const mongoro::host_address target{"db.example.test", 27017};
    mongoro::pool::socks5 client(proxy, target);
    for (;;) {
        const auto wanted = client.wanted();
        fuzz::require(wanted > 0 && wanted <= 257, "it wants some bytes, and not many");
        if (bytes.size() < wanted) {
            return;
        }
        const auto done = client.received(bytes.first(wanted));
        bytes = bytes.subspan(wanted);
        if (!done) {
            fuzz::require(done.error() == errc::proxy_failed, "the proxy is to blame");
            return;
        }
        if (*done) {
            return;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes(data, size);
    if (const auto found = mongoro::dns::parse_srv(bytes)) {
        for (const auto& record : *found) {
            fuzz::require(
                std::ranges::all_of(record.host, [](char c) { return c >= ' ' && c <= '~'; }),
                "what cannot be printed is escaped");
            if (!record.fault.empty()) {
                continue;
            }
            fuzz::require(!record.host.empty() && record.port != 0, "a host has a name and a port");
            fuzz::require(std::ranges::all_of(record.host,
                                              [](char c) {
                                                  return (c >= 'a' && c <= 'z') ||
                                                         (c >= '0' && c <= '9') || c == '-' ||
                                                         c == '_' || c == '.';
                                              }),
                          "a host has what host names have");
            fuzz::require(record.ttl.count() >= 0, "no time to live is negative");
        }
    } else {
        check_refused(found.error());
    }
    if (const auto found = mongoro::dns::parse_txt(bytes); !found) {
        check_refused(found.error());
    }
    mongoro::proxy_options proxy;
    negotiate(bytes, proxy);
    proxy.username = "ada";
    proxy.password = "s3cret";
    negotiate(bytes, proxy);
    return 0;
}
