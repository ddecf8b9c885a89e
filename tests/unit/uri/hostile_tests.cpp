// Secrets, and text that is none of a connection string.

#include "uri_support.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace mongoro::test;

namespace {

bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}

/// What a program may print of a connection string, right or wrong.
std::string printed(const result<uri>& read) {
    if (!read) {
        return read.error().to_string();
    }
    std::string text;
    for (const auto& warning : read->warnings()) {
        text += warning + '\n';
    }
    if (read->credential() != nullptr) {
        text += read->credential()->check().error().to_string() + '\n';
    }
    return text;
}

/// What holds for every text.
void check_any(std::string_view text) {
    const auto read = uri::parse(text);
    if (!read) {
        const bool right = read.error() == errc::invalid_uri && !read.error().message().empty();
        CHECK(right);
        return;
    }
    bool right = !read->hosts().empty() && !read->to_string().empty();
    for (const auto& host : read->hosts()) {
        right = right && !host.host.empty() && host.port != 0;
    }
    for (const auto& warning : read->warnings()) {
        right = right && !warning.empty();
    }
    if (read->is_srv()) {
        static_cast<void>(read->resolved({{"a"}, {"b"}}, "authSource=x"));
    }
    const auto name = std::string(text);
    CHECK_MESSAGE(right, name);
}

const std::vector<std::string>& samples() {
    static const std::vector<std::string> all{
        "mongodb://ada:s3cret@a.example.com:27018,[::1]:1,%2Ftmp%2Fx.sock/db?replicaSet=rs&w=2",
        "mongodb+srv://ada:s3cret@c.example.com/?srvMaxHosts=1&authSource=x&tls=false",
        "mongodb://h/?readPreference=nearest&readPreferenceTags=a:b,c:d&maxStalenessSeconds=90",
        "mongodb://a:s3cret@h/?authMechanism=MONGODB-AWS&authMechanismProperties="
        "AWS_SESSION_TOKEN:s3cret",
        "mongodb://h/?tlsCertificateKeyFile=k&tlsCertificateKeyFilePassword=s3cret",
        "mongodb://h/?proxyHost=p&proxyUsername=u&proxyPassword=s3cret&compressors=zlib,snappy",
    };
    return all;
}

}  // namespace

TEST_CASE("a secret is kept and printed nowhere") {
    const auto u = clean(
        "mongodb://ada:s3cret@a,b/db?tlsCertificateKeyFilePassword=s3cret2&"
        "proxyHost=p&proxyUsername=u&proxyPassword=s3cret3&tls=true");
    CHECK(u.credential()->password == "s3cret");
    CHECK(u.options().tls.certificate_key_file_password == "s3cret2");
    CHECK(u.options().proxy.password == "s3cret3");
    CHECK(u.to_string() == "mongodb://***@a:27017,b:27017/db");
    CHECK(u.credential()->to_string() == "ada on db");
    CHECK(clean("mongodb://h/?authMechanism=MONGODB-X509").credential()->to_string() ==
          "no user name (MONGODB-X509) on $external");
}

TEST_CASE("what a log is given is one line, whatever the user is called") {
    const auto u = parsed("mongodb://a%0Ab%40%C3%A4:x@h/c%0Ad");
    CHECK(u.to_string() == "mongodb://***@h:27017/c%0Ad");
    CHECK(u.credential()->to_string() == "a%0Ab%40\u00e4 on c%0Ad");
}

TEST_CASE("no error and no warning quotes what may be a secret") {
    for (const std::string_view text :
         {"mongodb://ada:s3cret:@h",
          "mongodb://ada:s3cret@@h",
          "mongodb://ada:s3cret%@h",
          "mongodb://ada:s3cret/@h",
          "mongodb://ada:s3cret?@h",
          "mongodb://ada:s3cret,@h:x",
          "mongodb://ada:1?s3cret=@h",
          "mongodb://ada:1?x=1&s3cret=2@h/?w=1",
          "mongodb://ada:s3cret#@h",
          "mongodb://ada:s3cret",
          "mongodb://s3cret:x",
          "s3cret://h",
          "mongodb://h/?password=s3cret",
          "mongodb://h/?authMechanism=s3cret",
          "mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=s3cret:1",
          "mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=s3cret",
          "mongodb://h/?proxyPassword=s3cret",
          "mongodb://h/?proxyPasswords3cret==",
          "mongodb://h/?proxyPassword=a&s3cret=b",
          "mongodb://ada:12345?s3cret=1",
          "mongodb://h/?w=-1&appName=s3cret",
          "mongodb://h/?tls=s3cret&journal=s3cret&maxPoolSize=s3cret&readPreference=s3cret",
          "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:s3cret",
          "mongodb://s3cret@h",
          "mongodb://ada:s3cret@h/?authMechanism=MONGODB-X509"}) {
        CAPTURE(text);
        CHECK(!has(printed(uri::parse(text)), "s3cret"));
    }
}

TEST_CASE("a slip of one character in a connection string prints no secret of it") {
    for (const auto& sample : samples()) {
        for (std::size_t at = 0; at <= sample.size(); ++at) {
            for (int c = 0; c < 256; ++c) {
                auto replaced = sample;
                auto inserted = sample;
                inserted.insert(at, 1, static_cast<char>(c));
                if (at < sample.size()) {
                    replaced[at] = static_cast<char>(c);
                }
                if (has(printed(uri::parse(replaced)), "s3cret") ||
                    has(printed(uri::parse(inserted)), "s3cret")) {
                    FAIL("printed, position ", at, ", character ", c, " of ", sample);
                }
            }
            auto shorter = sample;
            shorter.erase(at, 1);
            CHECK(!has(printed(uri::parse(shorter)), "s3cret"));
        }
    }
}

TEST_CASE("random bytes and broken connection strings are read or refused, and that is all") {
    std::mt19937 random(20261124);
    const auto below = [&](std::size_t n) { return random() % n; };
    constexpr std::string_view marks = "%:@/?&=,[].+-#\0$ 0a";
    for (int round = 0; round < 20'000; ++round) {
        std::string noise = round % 2 == 0 ? "" : "mongodb://";
        for (std::size_t size = below(40); size > 0; --size) {
            noise += round % 3 == 0 ? static_cast<char>(random()) : marks[below(marks.size())];
        }
        check_any(noise);

        auto broken = samples()[below(samples().size())];
        for (std::size_t changes = 1 + below(4); changes > 0 && !broken.empty(); --changes) {
            const auto at = below(broken.size());
            switch (below(4)) {
                case 0:
                    broken.erase(at, 1 + below(8));
                    break;
                case 1:
                    broken.insert(at, 1, marks[below(marks.size())]);
                    break;
                case 2:
                    broken[at] = static_cast<char>(random());
                    break;
                default:
                    broken.insert(at, std::string(broken, below(broken.size()), below(20)));
                    break;
            }
        }
        check_any(broken);
    }
}

TEST_CASE("a long connection string takes time by its length") {
    std::string hosts = "mongodb://h0";
    std::string options = "mongodb://h/?readPreference=nearest";
    for (int i = 1; i < 10'000; ++i) {
        hosts += ",h" + std::to_string(i);
        options += "&readPreferenceTags=n:" + std::to_string(i);
    }
    CHECK(clean(hosts).hosts().size() == 10'000);
    CHECK(clean(options).options().read_preference->tag_sets.size() == 9'999);
}
