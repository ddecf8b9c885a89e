#include "uri_support.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;

TEST_CASE(
    "a connection string without a port means 27017, without options ten seconds to connect") {
    const auto u = parsed("mongodb://127.0.0.1");
    CHECK(u.host() == host_address{"127.0.0.1", 27017});
    CHECK(u.database().empty());
    CHECK(u.connect_timeout() == 10s);
    CHECK(uri().host().to_string() == "localhost:27017");
    CHECK(uri().to_string() == "mongodb://localhost:27017");
    CHECK(uri().hosts().size() == 1);
    CHECK(!u.is_srv());
    CHECK(!u.uses_tls());
    CHECK(u.credential() == nullptr);
}

TEST_CASE("host, port, database and connectTimeoutMS are read") {
    const auto u = parsed("mongodb://Example.COM:27018/people?connectTimeoutMS=250");
    CHECK(u.host() == host_address{"example.com", 27018});
    CHECK(u.database() == "people");
    CHECK(u.connect_timeout() == 250ms);
    CHECK(parsed("mongodb://h/?CONNECTTIMEOUTMS=0").connect_timeout() == 0ms);
    CHECK(parsed("mongodb://h?connectTimeoutMS=7").connect_timeout() == 7ms);
    CHECK(warned("mongodb://h/?connectTimeoutMS=1&connectTimeoutMS=2", "connectTimeoutMS")
              .connect_timeout() == 2ms);
    CHECK(parsed("mongodb://h/").database().empty());
    CHECK(parsed("mongodb://h/?").connect_timeout() == 10s);
}

TEST_CASE("an IPv6 address stands in brackets, with or without a port") {
    CHECK(parsed("mongodb://[::1]").host() == host_address{"::1", 27017});
    CHECK(parsed("mongodb://[fe80::1]:27019/x").host() == host_address{"fe80::1", 27019});
    CHECK(host_address{"::1", 5}.to_string() == "[::1]:5");
}

TEST_CASE("an IPv6 address has the zone of RFC 6874, or one whose percent sign is not encoded") {
    for (const auto& [text, host] : std::vector<std::pair<std::string, std::string>>{
             {"fe80::1%25eth0", "fe80::1%eth0"},
             {"fe80::1%25enP4p65s0", "fe80::1%enP4p65s0"},
             {"fe80::1%25a%2Db%2525", "fe80::1%a-b%25"},
             {"fe80::1%252", "fe80::1%2"},
             {"fe80::1%25251", "fe80::1%251"},
             {"fe80::1%eth0", "fe80::1%eth0"},
             {"fe80::1%2", "fe80::1%2"},
             {"fe80::1%25", "fe80::1%25"}}) {
        CAPTURE(text);
        const auto read = parsed("mongodb://[" + text + "]:5").host();
        CHECK(read == host_address{host, 5});
        CHECK(host_address::parse(read.to_string()).value() == read);
    }
    CHECK(host_address{"fe80::1%eth0", 5}.to_string() == "[fe80::1%eth0]:5");
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
                                        "mongodb://[fe80::1%]",
                                        "mongodb://[fe80::1%25eth%2]",
                                        "mongodb://[fe80::1%25eth%00]",
                                        "mongodb://[fe80::1%25a%2Fb]",
                                        "mongodb://[fe80::1%25a%5Db]",
                                        "mongodb://[::1]x",
                                        "mongodb://%2",
                                        "mongodb://%zz",
                                        "mongodb://%2Ftmp%2Fx",
                                        "mongodb://%2Ftmp%2Fx.sock:1",
                                        "mongodb://a,",
                                        "mongodb://,a",
                                        "mongodb://a,,b",
                                        "mongodb://a,b:0",
                                        "mongodb://[::1],b:x",
                                        "mongodb://h%3A1",
                                        "mongodb://h%0A",
                                        "mongodb://%2Ftmp%2F%7F.sock",
                                        "mongodb://h/\xff",
                                        "mongodb://h/?appName=\xff",
                                        "mongodb://h/?appName=a%00b",
                                        "mongodb://h/?%00=1",
                                        "MONGODB://h",
                                        "mongodb://h%00",
                                        "mongodb://h/a%2",
                                        "mongodb://h/a b",
                                        "mongodb://h/a%2Fb",
                                        "mongodb://h/a%00b",
                                        "mongodb://h/a$b",
                                        "mongodb://h/?x",
                                        "mongodb://h/?=1",
                                        "mongodb://h/?connectTimeoutMS",
                                        "mongodb://h/?connectTimeoutMS=%4",
                                        "mongodb://h/?connectTimeoutMS=1&&"}) {
        refused(text);
    }
    refused(std::string_view("mongodb://h\0x", 13));
}

TEST_CASE("a socket path that is not percent-encoded is told so") {
    CHECK(uri::parse("mongodb:///tmp/mongodb.sock").error().message().find("percent-encoded") !=
          std::string_view::npos);
}

TEST_CASE("connectTimeoutMS with a value that is none is left out with a warning") {
    for (const std::string_view value : {"", "-1", "1.5", "2147483648", "x", "1x", " 1", "+1"}) {
        const auto u =
            warned("mongodb://h/?connectTimeoutMS=" + std::string(value), "connectTimeoutMS");
        CHECK(u.connect_timeout() == 10s);
        CHECK(!u.options().connect_timeout);
    }
}

TEST_CASE("hosts keep their order, and each may have its own port") {
    const auto u = clean("mongodb://a,B:1,[::1]:2,%2Ftmp%2Fx.sock,rel%2Fy.sock,1.2.3.4/db");
    const std::array<host_address, 6> wanted{
        {{"a"}, {"b", 1}, {"::1", 2}, {"/tmp/x.sock"}, {"rel/y.sock"}, {"1.2.3.4"}}};
    REQUIRE(u.hosts().size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        CHECK(u.hosts()[i] == wanted[i]);
    }
    CHECK(u.hosts()[3].is_unix());
    CHECK(u.hosts()[4].is_unix());
    CHECK(u.host().host == "a");
    CHECK(u.to_string() == "mongodb://a:27017,b:1,[::1]:2,/tmp/x.sock,rel/y.sock,1.2.3.4:27017/db");
}

TEST_CASE("what only looks like credentials behind the hosts is part of an option") {
    const auto u = clean("mongodb://h/?appName=a@b");
    CHECK(u.options().app_name == "a@b");
    CHECK(u.credential() == nullptr);
    // An unencoded slash in a password would end up here.
    refused("mongodb://ada:1/s3cret@h/", "percent-encoded");
    CHECK(clean("mongodb://h/a%40b").database() == "a@b");
}

TEST_CASE("a host address alone is read as it stands in a connection string") {
    CHECK(*host_address::parse("h") == host_address{"h", 27017});
    CHECK(*host_address::parse("[::1]:9") == host_address{"::1", 9});
    CHECK(host_address::parse("/tmp/x.sock").error() == errc::invalid_uri);
    CHECK(host_address::parse("").error() == errc::invalid_uri);
    for (const std::string_view bad :
         {"%FF", "\xff", "a%C3.b", "\xed\xa0\x80", "%C0%80", "[::1%25%FF]", "[::1%\xff]"}) {
        CAPTURE(bad);
        CHECK(host_address::parse(bad).error() == errc::invalid_uri);
    }
    CHECK(host_address::parse("%C3%A4.example")->host == "\u00e4.example");
    CHECK(host_address::parse("%2Ftmp%2F%FF.sock")->host == "/tmp/\xff.sock");
}

TEST_CASE("copies, moves and assignments keep what a connection string says, secrets too") {
    const auto text = [](const uri& u) {
        return *u.credential()->password + '|' + *u.credential()->property("SERVICE_NAME") + '|' +
               *u.options().tls.certificate_key_file_password + '|' + *u.options().proxy.password +
               '|' + u.to_string();
    };
    // A short one lies in the string itself, a long one does not.
    for (const std::string& secret : {std::string("s"), std::string(200, 's')}) {
        const auto from =
            clean("mongodb://a:" + secret +
                  "@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:" + secret +
                  "&tlsCertificateKeyFilePassword=" + secret +
                  "&proxyHost=p&proxyUsername=u&proxyPassword=" + secret);
        const auto wanted =
            secret + '|' + secret + '|' + secret + '|' + secret + "|mongodb://***@h:27017";
        REQUIRE(text(from) == wanted);
        uri copy(from);
        CHECK(text(copy) == wanted);
        uri moved(std::move(copy));
        CHECK(text(moved) == wanted);
        uri assigned;
        assigned = moved;
        CHECK(text(assigned) == wanted);
        CHECK(text(moved) == wanted);
        auto& same = assigned;
        assigned = same;
        CHECK(text(assigned) == wanted);
        assigned = clean("mongodb://b:other@h/");
        CHECK(*assigned.credential()->password == "other");
        assigned = std::move(moved);
        CHECK(text(assigned) == wanted);
        assigned = uri();
        CHECK(assigned.credential() == nullptr);
        CHECK(!assigned.options().proxy.password);
        CHECK(assigned.hosts().size() == 1);
        CHECK(text(from) == wanted);
    }
}
