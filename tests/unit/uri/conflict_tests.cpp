#include "uri_support.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("options that relax TLS exclude each other by their presence, whatever they say") {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> conflicts{{
        {"tlsInsecure", "tlsAllowInvalidCertificates"},
        {"tlsInsecure", "tlsAllowInvalidHostnames"},
        {"tlsInsecure", "tlsDisableOCSPEndpointCheck"},
        {"tlsInsecure", "tlsDisableCertificateRevocationCheck"},
        {"tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"},
        {"tlsAllowInvalidCertificates", "tlsDisableCertificateRevocationCheck"},
        {"tlsDisableOCSPEndpointCheck", "tlsDisableCertificateRevocationCheck"},
    }};
    for (const auto& [one, other] : conflicts) {
        for (const std::string_view values : {"tt", "tf", "ft", "ff", "xt", "fx"}) {
            const auto value = [](char c) {
                return c == 't' ? "=true" : c == 'f' ? "=false" : "=nonsense";
            };
            refused("mongodb://h/?" + std::string(one) + value(values[0]) + "&" +
                        std::string(other) + value(values[1]),
                    one);
            refused("mongodb://h/?" + std::string(other) + value(values[0]) + "&" +
                        std::string(one) + value(values[1]),
                    other);
        }
    }
    clean("mongodb://h/?tlsAllowInvalidCertificates=true&tlsAllowInvalidHostnames=true");
}

TEST_CASE("tls and ssl, however often, must say the same") {
    CHECK(clean("mongodb://h/?tls=true&ssl=true").uses_tls());
    CHECK(!clean("mongodb://h/?ssl=false&tls=false").uses_tls());
    CHECK(warned("mongodb://h/?tls=true&tls=true", "tls").uses_tls());
    CHECK(warned("mongodb://h/?tls=true&ssl=x", "ssl").uses_tls());
    refused("mongodb://h/?tls=true&ssl=false");
    refused("mongodb://h/?tls=true&tls=false");
    refused("mongodb://h/?ssl=false&tls=false&ssl=true");
}

TEST_CASE("TLS is used where it is asked for, by SRV, and by any of its options") {
    CHECK(clean("mongodb+srv://h").uses_tls());
    CHECK(!clean("mongodb+srv://h/?tls=false").uses_tls());
    CHECK(clean("mongodb://h/?tlsCAFile=x").uses_tls());
    CHECK(clean("mongodb://h/?tlsInsecure=false").uses_tls());
    CHECK(!clean("mongodb://h/?tls=false&tlsCAFile=x").uses_tls());
    CHECK(!clean("mongodb://h").uses_tls());
}

TEST_CASE("a direct connection is to one host that is known") {
    clean("mongodb://h/?directConnection=true&replicaSet=rs");
    clean("mongodb://a,b/?directConnection=false");
    clean("mongodb+srv://h/?directConnection=false");
    refused("mongodb://a,b/?directConnection=true", "directConnection");
    refused("mongodb+srv://h/?directConnection=true", "directConnection");
}

TEST_CASE("a load balancer is one host, and neither a replica set nor a direct connection") {
    clean("mongodb://h/?loadBalanced=true&directConnection=false");
    clean("mongodb://a,b/?loadBalanced=false&replicaSet=rs");
    clean("mongodb+srv://h/?loadBalanced=true&srvMaxHosts=0");
    refused("mongodb://a,b/?loadBalanced=true", "loadBalanced");
    refused("mongodb://h/?loadBalanced=true&replicaSet=rs", "replicaSet");
    refused("mongodb://h/?directConnection=true&loadBalanced=true", "directConnection");
    refused("mongodb+srv://h/?loadBalanced=true&srvMaxHosts=1", "srvMaxHosts");
}

TEST_CASE("options of SRV need it") {
    for (const std::string_view option :
         {"srvMaxHosts=0", "srvMaxHosts=x", "srvServiceName=a", "srvAllowedHostsSuffix=a.b"}) {
        refused("mongodb://h/?" + std::string(option), "mongodb+srv");
        static_cast<void>(parsed("mongodb+srv://h/?" + std::string(option)));
    }
    clean("mongodb+srv://h/?srvMaxHosts=0&replicaSet=rs");
    clean("mongodb+srv://h/?srvMaxHosts=2");
    refused("mongodb+srv://h/?srvMaxHosts=1&replicaSet=rs", "srvMaxHosts");
}

TEST_CASE("a proxy is a host, and a user name and a password together") {
    const auto u =
        clean("mongodb://h/?proxyHost=p&proxyPort=1081&proxyUsername=ada&proxyPassword=s3cret");
    CHECK(u.options().proxy.host == "p");
    CHECK(u.options().proxy.port == 1081);
    CHECK(u.options().proxy.username == "ada");
    CHECK(u.options().proxy.password == "s3cret");
    const auto empty = clean("mongodb://h/?proxyHost=p&proxyUsername=&proxyPassword=");
    CHECK(!empty.options().proxy.username);
    CHECK(!empty.options().proxy.password);
    clean("mongodb://h/?proxyUsername=&proxyPassword=");
    for (const std::string_view text :
         {"proxyPort=1", "proxyUsername=a", "proxyPassword=b", "proxyUsername=a&proxyPassword=b",
          "proxyHost=&proxyPort=1", "proxyHost=p&proxyUsername=a", "proxyHost=p&proxyPassword=b",
          "proxyHost=p&proxyUsername=a&proxyPassword=", "proxyHost=p&proxyHost=p",
          "proxyHost=p&proxyPort=1&proxyPort=1",
          "proxyHost=p&proxyUsername=a&proxyUsername=a&proxyPassword=b",
          "proxyHost=p&proxyUsername=a&proxyPassword=b&proxyPassword=b"}) {
        refused("mongodb://h/?" + std::string(text), "proxy");
    }
}

TEST_CASE("a pool cannot keep more connections than it may have") {
    clean("mongodb://h/?minPoolSize=5&maxPoolSize=5");
    clean("mongodb://h/?minPoolSize=500&maxPoolSize=0");
    clean("mongodb://h/?minPoolSize=500");
    refused("mongodb://h/?minPoolSize=6&maxPoolSize=5", "minPoolSize");
}
