#include "deep_walk.hpp"

#include <mongoro/uri.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What a user, an environment variable or a TXT record may say.

namespace {

namespace fuzz = mongoro::fuzz;
using mongoro::errc;
using mongoro::host_address;
using mongoro::uri;

void check_refused(const mongoro::error& e) {
    fuzz::require(e == errc::invalid_uri, "an error is one that the docstring names");
    fuzz::require(!e.message().empty(), "an error says why");
}

void check_host(const host_address& host) {
    fuzz::require(!host.host.empty() && host.port != 0, "a host has a name and a port");
    // A name with a percent sign would be decoded once more.
    if (!host.is_unix() && host.host.find('%') == std::string::npos) {
        const auto again = host_address::parse(host.to_string());
        fuzz::require(!again || *again == host, "a host that is written and read is the same");
    }
}

void check_read(const uri& read) {
    fuzz::require(!read.hosts().empty(), "there is a host");
    for (const auto& host : read.hosts()) {
        check_host(host);
    }
    for (const auto& warning : read.warnings()) {
        fuzz::require(!warning.empty(), "a warning says what it is about");
    }
    fuzz::require(!read.to_string().empty(), "a connection string has a text");
    static_cast<void>(read.uses_tls());
    static_cast<void>(read.read_concern());
    static_cast<void>(read.write_concern());
    if (const auto* const who = read.credential()) {
        fuzz::require(!who->source.empty(), "a credential has a source");
        fuzz::require(!who->to_string().empty(), "a credential has a text");
        const auto checked = who->check();
        fuzz::require(checked || checked.error() == errc::invalid_argument,
                      "a credential that lacks something says so");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = uri::parse(text);
    if (read) {
        check_read(*read);
    } else {
        check_refused(read.error());
    }

    if (const auto host = host_address::parse(text)) {
        check_host(*host);
    } else {
        check_refused(host.error());
    }

    // Behind the scheme, which chance does not find; and as a TXT record.
    if (const auto behind = uri::parse("mongodb://" + std::string(text))) {
        check_read(*behind);
    }
    static const uri srv = *uri::parse("mongodb+srv://ada:b@c.example.com/?srvMaxHosts=1");
    if (const auto found = srv.resolved({{"a.example.com"}}, text)) {
        check_read(*found);
    } else {
        check_refused(found.error());
    }
    return 0;
}
