#include "uri_support.hpp"

#include "uri/option_table.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;

namespace {

using o = uri_options;

/// What is left of an integer option, as a number.
template <auto Member>
std::optional<std::int64_t> number_of(const o& options) {
    const auto& value = options.*Member;
    if constexpr (requires { value->count(); }) {
        return value ? std::optional<std::int64_t>(value->count()) : std::nullopt;
    } else {
        return value ? std::optional<std::int64_t>(*value) : std::nullopt;
    }
}

std::optional<std::int64_t> proxy_port(const o& options) {
    const auto port = options.proxy.port;
    return port ? std::optional<std::int64_t>(*port) : std::nullopt;
}

std::optional<std::int64_t> max_staleness(const o& options) {
    const auto& preference = options.read_preference;
    return preference && preference->max_staleness
               ? std::optional<std::int64_t>(preference->max_staleness->count())
               : std::nullopt;
}

struct integer_option {
    std::string_view name;
    std::int64_t least;
    std::int64_t most;
    std::optional<std::int64_t> (*value)(const o&);
    std::string_view scheme = "mongodb://h/?";
};

constexpr std::int64_t int32_max = 2147483647;
constexpr std::int64_t int64_max = 9223372036854775807;

const std::vector<integer_option>& integer_options() {
    static const std::vector<integer_option> all{
        {"connectTimeoutMS", 0, int32_max, number_of<&o::connect_timeout>},
        {"heartbeatFrequencyMS", 500, int32_max, number_of<&o::heartbeat_frequency>},
        {"localThresholdMS", 0, int32_max, number_of<&o::local_threshold>},
        {"maxAdaptiveRetries", 0, int32_max, number_of<&o::max_adaptive_retries>},
        {"maxConnecting", 1, int32_max, number_of<&o::max_connecting>},
        {"maxIdleTimeMS", 0, int32_max, number_of<&o::max_idle_time>},
        {"maxPoolSize", 0, int32_max, number_of<&o::max_pool_size>},
        {"maxStalenessSeconds", 90, int32_max, max_staleness,
         "mongodb://h/?readPreference=nearest&"},
        {"minPoolSize", 0, int32_max, number_of<&o::min_pool_size>},
        {"proxyPort", 1, 65535, proxy_port, "mongodb://h/?proxyHost=p&"},
        {"serverSelectionTimeoutMS", 0, int32_max, number_of<&o::server_selection_timeout>},
        {"socketTimeoutMS", 0, int32_max, number_of<&o::socket_timeout>},
        {"srvMaxHosts", 0, int32_max, number_of<&o::srv_max_hosts>, "mongodb+srv://h/?"},
        {"timeoutMS", 0, int64_max, number_of<&o::timeout>},
        {"waitQueueTimeoutMS", 1, int32_max, number_of<&o::wait_queue_timeout>},
        {"wTimeoutMS", 0, int64_max, number_of<&o::w_timeout>},
        {"zlibCompressionLevel", -1, 9, number_of<&o::zlib_compression_level>},
    };
    return all;
}

struct boolean_option {
    std::string_view name;
    std::optional<bool> (*value)(const o&);
};

template <auto Member>
std::optional<bool> truth_of(const o& options) {
    return options.*Member;
}
template <auto Member>
std::optional<bool> tls_of(const o& options) {
    return options.tls.*Member;
}

const std::vector<boolean_option>& boolean_options() {
    using t = tls_options;
    static const std::vector<boolean_option> all{
        {"directConnection", truth_of<&o::direct_connection>},
        {"enableOverloadRetargeting", truth_of<&o::enable_overload_retargeting>},
        {"journal", truth_of<&o::journal>},
        {"loadBalanced", truth_of<&o::load_balanced>},
        {"retryReads", truth_of<&o::retry_reads>},
        {"retryWrites", truth_of<&o::retry_writes>},
        {"serverSelectionTryOnce", truth_of<&o::server_selection_try_once>},
        {"ssl", tls_of<&t::enabled>},
        {"tls", tls_of<&t::enabled>},
        {"tlsAllowInvalidCertificates", tls_of<&t::allow_invalid_certificates>},
        {"tlsAllowInvalidHostnames", tls_of<&t::allow_invalid_hostnames>},
        {"tlsDisableCertificateRevocationCheck", tls_of<&t::disable_certificate_revocation_check>},
        {"tlsDisableOCSPEndpointCheck", tls_of<&t::disable_ocsp_endpoint_check>},
        {"tlsInsecure", tls_of<&t::insecure>},
    };
    return all;
}

std::string with(std::string_view name, std::string_view value,
                 std::string_view scheme = "mongodb://h/?") {
    return std::string(scheme) + std::string(name) + '=' + std::string(value);
}

}  // namespace

TEST_CASE("every integer option takes its smallest and its largest value and none beyond") {
    for (const auto& option : integer_options()) {
        for (const auto value : {option.least, option.most}) {
            const auto u = clean(with(option.name, std::to_string(value), option.scheme));
            CHECK(option.value(u.options()) == value);
        }
        std::vector<std::string> wrong{"",    "x",     "1x",  "x1", "1.0",
                                       "1e3", "%2B90", "0x1", " 5", "99999999999999999999"};
        if (option.least != -1) {
            wrong.push_back(std::to_string(option.least - 1));
        }
        wrong.push_back(option.most == int64_max ? "9223372036854775808"
                                                 : std::to_string(option.most + 1));
        for (const auto& value : wrong) {
            const auto u = warned(with(option.name, value, option.scheme), option.name);
            CHECK(!option.value(u.options()));
        }
    }
    warned("mongodb://h/?zlibCompressionLevel=-2", "zlibCompressionLevel");
    CHECK(clean("mongodb://h/?maxStalenessSeconds=-1").options().read_preference->max_staleness ==
          -1s);
    warned("mongodb://h/?readPreference=nearest&maxStalenessSeconds=0", "maxStalenessSeconds");
}

TEST_CASE("timeoutMS may be more than 32 bits hold") {
    CHECK(clean("mongodb://h/?timeoutMS=3000000000").options().timeout == 3'000'000'000ms);
}

TEST_CASE("every boolean option takes true and false, and the old spellings with a warning") {
    for (const auto& option : boolean_options()) {
        CHECK(option.value(clean(with(option.name, "true")).options()) == true);
        CHECK(option.value(clean(with(option.name, "false")).options()) == false);
        for (const std::string_view value : {"1", "yes", "y", "t"}) {
            CHECK(option.value(warned(with(option.name, value), option.name).options()) == true);
        }
        for (const std::string_view value : {"0", "-1", "no", "n", "f"}) {
            CHECK(option.value(warned(with(option.name, value), option.name).options()) == false);
        }
        for (const std::string_view value : {"", "TRUE", "truth", "2"}) {
            CHECK(!option.value(warned(with(option.name, value), option.name).options()));
        }
    }
}

TEST_CASE("the name of an option has no case, and no option has another's name") {
    std::set<std::string> names;
    for (const auto& option : detail::uri_option_table()) {
        std::string upper(option.name);
        std::ranges::transform(upper, upper.begin(),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        CHECK(detail::find_uri_option(upper) == &option);
        CHECK(names.insert(upper).second);
        CHECK(!option.wants.empty());
    }
    CHECK(detail::find_uri_option("") == nullptr);
    CHECK(detail::find_uri_option("t") == nullptr);
    for (const auto& option : integer_options()) {
        CHECK(detail::find_uri_option(option.name) != nullptr);
    }
}

TEST_CASE("text options keep their text, percent-decoded") {
    const auto u = clean(
        "mongodb://h/?appName=a%20b&replicaSet=r%26s&readConcernLevel=x&tlsCAFile=%2Fca.pem&"
        "tlsCertificateKeyFile=c&tlsCertificateKeyFilePassword=p%25&authSource=a&tls=true");
    CHECK(u.options().app_name == "a b");
    CHECK(u.options().replica_set == "r&s");
    CHECK(u.options().read_concern_level == "x");
    CHECK(u.read_concern().level == "x");
    CHECK(u.options().tls.ca_file == "/ca.pem");
    CHECK(u.options().tls.certificate_key_file == "c");
    CHECK(u.options().tls.certificate_key_file_password == "p%");
    CHECK(u.options().auth_source == "a");
    CHECK(clean("mongodb://h/?replicaSet=a=b=c").options().replica_set == "a=b=c");
    CHECK(!warned("mongodb://h/?replicaSet=", "replicaSet").options().replica_set);
    CHECK(clean("mongodb://h/?appname=" + std::string(128, 'x')).options().app_name->size() == 128);
    CHECK(!warned("mongodb://h/?appname=" + std::string(129, 'x'), "appname").options().app_name);
}

TEST_CASE("w is a number of members or a name, and the write concern is made of what is given") {
    const auto all = clean("mongodb://h/?w=2&journal=true&wTimeoutMS=5");
    const auto concern = all.write_concern();
    CHECK(concern.w == 2);
    CHECK(concern.w_tag.empty());
    CHECK(concern.journal == true);
    CHECK(concern.w_timeout == 5ms);
    const auto none = clean("mongodb://h");
    CHECK(none.write_concern().is_default());
    const auto tagged = warned("mongodb://h/?w=1&w=majority", "w ");
    CHECK(tagged.write_concern().w_tag == "majority");
    CHECK(!tagged.write_concern().w);
    CHECK(clean("mongodb://h/?w=2147483647").options().w == 2147483647);
    CHECK(clean("mongodb://h/?w=3x").options().w_tag == "3x");
    CHECK(clean("mongodb://h/?w=0&journal=false").options().w == 0);
    refused("mongodb://h/?w=-1", "w ");
    refused("mongodb://h/?w=2147483648", "w ");
    refused("mongodb://h/?w=0&journal=true", "journal");
    CHECK(!warned("mongodb://h/?w=", "w ").options().w_tag);
}

TEST_CASE("a read preference is made of its mode, its tag sets in their order and its staleness") {
    const auto u = clean(
        "mongodb://h/?readPreferenceTags=dc:ny,rack:1&readPreference=secondaryPreferred&"
        "readPreferenceTags=dc:a:b&maxStalenessSeconds=90&readPreferenceTags=");
    const uri_read_preference wanted{
        .mode = read_mode::secondary_preferred,
        .tag_sets = {{{"dc", "ny"}, {"rack", "1"}}, {{"dc", "a:b"}}, {}},
        .max_staleness = 90s};
    CHECK(u.options().read_preference == wanted);
    CHECK(clean("mongodb://h/?readPreference=primary").options().read_preference->mode ==
          read_mode::primary);
    CHECK(clean("mongodb://h/?readPreferenceTags=").options().read_preference->tag_sets.size() ==
          1);
    for (const std::string_view value : {"dc", ":ny", "dc:ny,", ",dc:ny", "dc:ny,rack"}) {
        CAPTURE(value);
        const auto other =
            parsed(with("readPreferenceTags", value, "mongodb://h/?readPreference=nearest&"));
        CHECK(other.warnings().size() == (value == "dc:ny," ? 0 : 1));
    }
    CHECK(
        !warned("mongodb://h/?readPreference=Nearest", "readPreference").options().read_preference);
    refused("mongodb://h/?readPreferenceTags=dc:ny", "readPreferenceTags");
    refused("mongodb://h/?readPreference=primary&readPreferenceTags=dc:ny", "readPreferenceTags");
    refused("mongodb://h/?maxStalenessSeconds=90", "maxStalenessSeconds");
}

TEST_CASE("compressors keep their order; one that nobody knows is left out with a warning") {
    using list = std::vector<compressor>;
    CHECK(clean("mongodb://h/?compressors=zstd,snappy,zlib").options().compressors ==
          list{compressor::zstd, compressor::snappy, compressor::zlib});
    CHECK(clean("mongodb://h/?compressors=zlib,zlib").options().compressors ==
          list{compressor::zlib});
    CHECK(warned("mongodb://h/?compressors=lz4,zlib", "compressors").options().compressors ==
          list{compressor::zlib});
    CHECK(warned("mongodb://h/?compressors=lz4", "compressors").options().compressors.empty());
    CHECK(warned("mongodb://h/?compressors=", "compressors").options().compressors.empty());
    CHECK(clean("mongodb://h/?zlibCompressionLevel=1").options().zlib_compression_level == 1);
}

TEST_CASE("an unknown option is told by its place in a warning and changes nothing") {
    const auto u = warned("mongodb://h/?maxPoolSize=3&foo=bar", "number 2 of 2");
    CHECK(u.options().max_pool_size == 3);
    CHECK(parsed("mongodb://h/?foo=1&foo=2").warnings().size() == 2);
    warned("mongodb://h/?fsync=ifPossible", "unsupported option");
}

TEST_CASE("a repeated option warns, and its last valid value counts") {
    CHECK(warned("mongodb://h/?replicaSet=a&REPLICASET=b", "replicaSet").options().replica_set ==
          "b");
    const auto u = parsed("mongodb://h/?maxPoolSize=3&maxPoolSize=x");
    CHECK(u.warnings().size() == 2);
    CHECK(u.options().max_pool_size == 3);
}

TEST_CASE("an option under its old name warns, and yields to its new name") {
    CHECK(warned("mongodb://h/?wtimeout=5", "wTimeoutMS").options().w_timeout == 5ms);
    CHECK(warned("mongodb://h/?wTimeoutMS=10&wtimeout=5", "wtimeout").options().w_timeout == 10ms);
    CHECK(warned("mongodb://h/?wtimeout=5&wTimeoutMS=10", "wtimeout").options().w_timeout == 10ms);
}

TEST_CASE("srvServiceName is a service name of RFC 6335, but for its length") {
    const std::string longest(62, 'a');
    for (const std::string& value : {std::string("a"), std::string("x-1-y"), longest}) {
        CHECK(
            clean(with("srvServiceName", value, "mongodb+srv://h/?")).options().srv_service_name ==
            value);
    }
    for (const std::string& value :
         {std::string(), std::string("1"), std::string("-a"), std::string("a-"),
          std::string("a--b"), std::string("a_b"), std::string("a.b"), longest + "a"}) {
        CHECK(!warned(with("srvServiceName", value, "mongodb+srv://h/?"), "srvServiceName")
                   .options()
                   .srv_service_name);
    }
}

TEST_CASE("srvAllowedHostsSuffix is a domain, and an error if it is none") {
    for (const std::string_view value : {"A.example.com", ".a.Example.com", ".a.example.com."}) {
        CHECK(clean(with("srvAllowedHostsSuffix", value, "mongodb+srv://h/?"))
                  .options()
                  .srv_allowed_hosts_suffix == "a.example.com");
    }
    for (const std::string_view value : {"", ".", "..", "a..b", "..a", "a b", "a/b", "a:1"}) {
        refused(with("srvAllowedHostsSuffix", value, "mongodb+srv://h/?"), "srvAllowedHostsSuffix");
    }
}
