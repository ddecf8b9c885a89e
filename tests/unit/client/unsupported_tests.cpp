#include "client/unsupported.hpp"

#include "uri/option_table.hpp"

#include <mongoro/client.hpp>

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

using namespace mongoro;

namespace {

error refused_for(std::string_view text) {
    CAPTURE(text);
    const auto read = uri::parse(text);
    REQUIRE_MESSAGE(read, read.error().to_string());
    return detail::unsupported_option(*read);
}

}  // namespace

TEST_CASE("what no client can do yet is not_supported and named, and no credential is quoted") {
    for (const std::string_view text :
         {"mongodb+srv://example.com", "mongodb://ada:s3cret@h", "mongodb://h/?replicaSet=rs",
          "mongodb://h/?tls=true", "mongodb://a,b", "mongodb://a:1,b:2/db",
          "mongodb://h/?authMechanism=MONGODB-X509", "mongodb://h/?tls=false&tlsCAFile=x",
          "mongodb://h/?tlsCertificateKeyFilePassword=s3cret"}) {
        const auto e = refused_for(text);
        CHECK(e == errc::not_supported);
        CHECK(!e.message().empty());
        CHECK(e.to_string().find("s3cret") == std::string::npos);
    }
    CHECK(refused_for("mongodb://h/?replicaSet=rs").message().find("replicaSet") !=
          std::string_view::npos);
}

TEST_CASE("every option is either honoured by the client or not_supported") {
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
    for (const auto& option : detail::uri_option_table()) {
        const std::string name(option.name);
        const auto special = values.find(option.name);
        const bool truth = option.wants == "true or false";
        const bool number = option.wants.find("integer") != std::string_view::npos;
        const std::string value(special != values.end() ? special->second
                                : truth                 ? "true"
                                : number                ? (name.starts_with("zlib") ? "1" : "600")
                                                        : "x");
        const std::string user = name == "gssapiServiceName" ? "ada@" : "";
        const std::string scheme = name.starts_with("srv") ? "mongodb+srv://" : "mongodb://";
        const auto e = refused_for(scheme + user + "h/?" + name + '=' + value);
        CAPTURE(name);
        static const std::set<std::string_view> honoured{
            "appname",       "connectTimeoutMS", "maxConnecting",      "maxIdleTimeMS",
            "maxPoolSize",   "minPoolSize",      "waitQueueTimeoutMS", "proxyHost",
            "proxyPassword", "proxyPort",        "proxyUsername"};
        if (honoured.contains(name)) {
            CHECK(!e);
        } else {
            CHECK(e == errc::not_supported);
        }
    }
}

TEST_CASE("what means what a client does anyway is no reason to refuse it") {
    for (const std::string_view text :
         {"mongodb://h/db?appName=a@b&connectTimeoutMS=5&maxPoolSize=0", "mongodb://h/?tls=false",
          "mongodb://h/?foo=bar", "mongodb://h/?password=s3cret", "mongodb://h/?maxIdleTimeMS=x",
          "mongodb://%2Ftmp%2Fx.sock"}) {
        CHECK(!refused_for(text));
    }
}
