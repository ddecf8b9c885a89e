#include "client/unsupported.hpp"

#include "auth/gssapi.hpp"
#include "uri/option_table.hpp"

#include <mongoro/uri.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;

namespace {

error refused_for(std::string_view text) {
    CAPTURE(text);
    const auto read = uri::parse(text);
    REQUIRE_MESSAGE(read, read.error().to_string());
    return detail::unsupported_option(*read);
}

}  // namespace

TEST_CASE("GSSAPI is supported as the library was built") {
    const auto e = refused_for("mongodb://ada@h/?authMechanism=GSSAPI");
    if (auth::has_gssapi()) {
        CHECK(!e);
    } else {
        CHECK(e == errc::not_supported);
        CHECK(e.message().find("GSSAPI") != std::string_view::npos);
    }
}

TEST_CASE("compressors that are asked for and not built are named in one warning") {
    const std::vector all{compressor::zstd, compressor::snappy, compressor::zlib};
    wire::compressor_set built;
    CHECK(detail::unsupported_compressors({}, built).empty());
    CHECK(detail::unsupported_compressors(all, built).ends_with(": zstd, snappy, zlib"));
    built.add(compressor::snappy);
    const auto two = detail::unsupported_compressors(all, built);
    CHECK(two.starts_with("compressors "));
    CHECK(two.ends_with(": zstd, zlib"));
    built.add(compressor::zlib);
    CHECK(detail::unsupported_compressors(all, built).ends_with(": zstd"));
    CHECK(detail::unsupported_compressors({&all[2], 1}, built).empty());
    built.add(compressor::zstd);
    CHECK(detail::unsupported_compressors(all, built).empty());
    for (const auto method : all) {
        CHECK(wire::built_compressors().has(method) == wire::is_built(method));
    }
}

TEST_CASE("every other option is supported") {
    // What to say for those that do not stand alone or that have no text.
    const std::map<std::string_view, std::string_view> values{
        {"appname", "x"},
        {"authMechanism", "MONGODB-X509"},
        {"authMechanismProperties", "ENVIRONMENT:test&authMechanism=MONGODB-OIDC"},
        {"compressors", "zlib"},
        {"gssapiServiceName", "x&authMechanism=GSSAPI"},
        {"maxStalenessSeconds", "90&readPreference=nearest"},
        {"proxyPassword", "x&proxyUsername=y&proxyHost=z"},
        {"proxyPort", "1&proxyHost=z"},
        {"proxyUsername", "x&proxyPassword=y&proxyHost=z"},
        {"readPreference", "nearest"},
        {"readPreferenceTags", "a:b&readPreference=nearest"},
        {"serverMonitoringMode", "poll"},
    };
    std::size_t tried = 0;
    for (const auto& option : detail::uri_option_table()) {
        const std::string name(option.name);
        if (name == "gssapiServiceName") {
            continue;
        }
        const auto special = values.find(option.name);
        const bool truth = option.wants == "true or false";
        const bool number = option.wants.find("integer") != std::string_view::npos;
        const std::string value(special != values.end() ? special->second
                                : truth                 ? "true"
                                : number                ? (name.starts_with("zlib") ? "1" : "600")
                                                        : "x");
        const std::string scheme = name.starts_with("srv") ? "mongodb+srv://" : "mongodb://";
        const std::string host = name.starts_with("srv") ? "db.example.com" : "h";
        const auto e = refused_for(scheme + host + "/?" + name + '=' + value);
        CAPTURE(name);
        CHECK_MESSAGE(!e, e.to_string());
        ++tried;
    }
    CHECK(tried > 40);
}
