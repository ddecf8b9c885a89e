#include <mongoro/uri.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace mongoro;
using namespace std::chrono_literals;

namespace {

uri parsed(std::string_view text) {
    CAPTURE(text);
    auto read = uri::parse(text);
    REQUIRE_MESSAGE(read, read.error().to_string());
    return *read;
}

void check_refused(std::string_view text, errc code) {
    CAPTURE(text);
    const auto read = uri::parse(text);
    CHECK(!read);
    CHECK(read.error() == code);
    CHECK(!read.error().message().empty());
}

}  // namespace

TEST_CASE(
    "a connection string without a port means 27017, without options ten seconds to connect") {
    const auto u = parsed("mongodb://127.0.0.1");
    CHECK(u.host() == host_address{"127.0.0.1", 27017});
    CHECK(u.database().empty());
    CHECK(u.connect_timeout() == 10s);
    CHECK(uri().host().to_string() == "localhost:27017");
}

TEST_CASE("host, port, database and connectTimeoutMS are read") {
    const auto u = parsed("mongodb://Example.COM:27018/people?connectTimeoutMS=250");
    CHECK(u.host() == host_address{"example.com", 27018});
    CHECK(u.database() == "people");
    CHECK(u.connect_timeout() == 250ms);
    CHECK(parsed("mongodb://h/?CONNECTTIMEOUTMS=0").connect_timeout() == 0ms);
    CHECK(parsed("mongodb://h?connectTimeoutMS=7").connect_timeout() == 7ms);
    CHECK(parsed("mongodb://h/?connectTimeoutMS=1&connectTimeoutMS=2").connect_timeout() == 2ms);
    CHECK(parsed("mongodb://h/").database().empty());
    CHECK(parsed("mongodb://h/?").connect_timeout() == 10s);
}

TEST_CASE("an IPv6 address stands in brackets, with or without a port") {
    CHECK(parsed("mongodb://[::1]").host() == host_address{"::1", 27017});
    CHECK(parsed("mongodb://[fe80::1]:27019/x").host() == host_address{"fe80::1", 27019});
    CHECK(host_address{"::1", 5}.to_string() == "[::1]:5");
}

TEST_CASE("a Unix-domain socket is percent-encoded") {
    const auto u = parsed("mongodb://%2Ftmp%2Fmongodb-27017.sock/db");
    CHECK(u.host().is_unix());
    CHECK(u.host().to_string() == "/tmp/mongodb-27017.sock");
    CHECK(u.database() == "db");
}

TEST_CASE("a database name is percent-decoded") {
    CHECK(parsed("mongodb://h/a%2Db").database() == "a-b");
}

TEST_CASE("what the connection string specification rejects is invalid_uri") {
    for (const std::string_view text : {"",
                                        "127.0.0.1",
                                        "http://h",
                                        "mongodb:/h",
                                        "mongodb://",
                                        "mongodb:///db",
                                        "mongodb://:27017",
                                        "mongodb://h:",
                                        "mongodb://h:0",
                                        "mongodb://h:65536",
                                        "mongodb://h:-1",
                                        "mongodb://h:x",
                                        "mongodb://h:27017x",
                                        "mongodb://h:1:2",
                                        "mongodb://::1",
                                        "mongodb://[::1",
                                        "mongodb://[]",
                                        "mongodb://[h]",
                                        "mongodb://[h:1]",
                                        "mongodb://[127.0.0.1]",
                                        "mongodb://[%25lo:]",
                                        "mongodb://[::1]x",
                                        "mongodb://%2",
                                        "mongodb://%zz",
                                        "mongodb://%2Ftmp%2Fx",
                                        "mongodb://%2Ftmp%2Fx.sock:1",
                                        "mongodb://h%00",
                                        "mongodb://h/a%2",
                                        "mongodb://h/a b",
                                        "mongodb://h/a%2Fb",
                                        "mongodb://h/a%00b",
                                        "mongodb://h/a$b",
                                        "mongodb://h/?x",
                                        "mongodb://h/?=1",
                                        "mongodb://h/?connectTimeoutMS",
                                        "mongodb://h/?connectTimeoutMS=",
                                        "mongodb://h/?connectTimeoutMS=-1",
                                        "mongodb://h/?connectTimeoutMS=1.5",
                                        "mongodb://h/?connectTimeoutMS=2147483648",
                                        "mongodb://h/?connectTimeoutMS=%4",
                                        "mongodb://h/?connectTimeoutMS=1&&"}) {
        check_refused(text, errc::invalid_uri);
    }
    check_refused(std::string_view("mongodb://h\0x", 13), errc::invalid_uri);
}

TEST_CASE("a socket path that is not percent-encoded is told so") {
    CHECK(uri::parse("mongodb:///tmp/mongodb.sock").error().message().find("percent-encoded") !=
          std::string_view::npos);
}

TEST_CASE("what is not built yet is not_supported, and no credential is quoted") {
    for (const std::string_view text :
         {"mongodb+srv://example.com", "mongodb://ada:s3cret@h", "mongodb://h/?replicaSet=rs",
          "mongodb://h/?tls=true", "mongodb://a,b", "mongodb://a:1,b:2/db",
          "mongodb://h/?appName=a@b", "mongodb://h/?password=s3cret"}) {
        check_refused(text, errc::not_supported);
        CHECK(uri::parse(text).error().to_string().find("s3cret") == std::string::npos);
    }
    const auto named = uri::parse("mongodb://h/?replicaSet=rs");
    CHECK(named.error().message().find("replicaSet") != std::string_view::npos);
}

TEST_CASE("a host address alone is read as it stands in a connection string") {
    CHECK(*host_address::parse("h") == host_address{"h", 27017});
    CHECK(*host_address::parse("[::1]:9") == host_address{"::1", 9});
    CHECK(host_address::parse("/tmp/x.sock").error() == errc::invalid_uri);
    CHECK(host_address::parse("").error() == errc::invalid_uri);
}
