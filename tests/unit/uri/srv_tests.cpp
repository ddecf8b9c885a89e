#include "uri_support.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace mongoro::test;

namespace {

const std::vector<host_address> two{{"a.example.com"}, {"b.example.com", 27018}};
const std::vector<host_address> one{{"a.example.com"}};

void unresolved(std::string_view text, std::string_view txt,
                const std::vector<host_address>& hosts = one) {
    CAPTURE(text);
    CAPTURE(txt);
    const auto found = clean(text).resolved(hosts, txt);
    CHECK(found.error() == errc::invalid_uri);
    CHECK(!found.error().message().empty());
}

}  // namespace

TEST_CASE("mongodb+srv has one host name, without a port") {
    const auto u = clean("mongodb+srv://ada:b@Cluster.example.com/db?replicaSet=rs");
    CHECK(u.is_srv());
    REQUIRE(u.hosts().size() == 1);
    CHECK(u.host().host == "cluster.example.com");
    CHECK(u.database() == "db");
    CHECK(u.options().replica_set == "rs");
    CHECK(u.credential()->source == "db");
    CHECK(u.to_string() == "mongodb+srv://***@cluster.example.com/db");
    for (const std::string_view text :
         {"mongodb+srv://", "mongodb+srv://a,b", "mongodb+srv://a,", "mongodb+srv://a:27017",
          "mongodb+srv://[::1]", "mongodb+srv://%2Ftmp%2Fx.sock", "mongodb+srv:///db",
          "mongodb+srv:/a", "mongodb+srvx://a"}) {
        refused(text);
    }
}

TEST_CASE("what DNS says takes the place of the host, and fills in what the string leaves open") {
    const auto u = clean("mongodb+srv://ada:b@c.example.com");
    CHECK(u.credential()->source == "admin");
    const auto found = u.resolved(two, "authSource=users&replicaSet=rs");
    REQUIRE(found);
    CHECK(found->is_srv());
    CHECK(found->uses_tls());
    CHECK(found->hosts().size() == 2);
    CHECK(found->hosts()[1] == two[1]);
    CHECK(found->options().replica_set == "rs");
    CHECK(found->credential()->source == "users");
    CHECK(u.hosts().size() == 1);

    const auto given = clean("mongodb+srv://ada:b@c/db?authSource=x&replicaSet=y")
                           .resolved(one, "authSource=users&replicaSet=rs");
    REQUIRE(given);
    CHECK(given->options().replica_set == "y");
    CHECK(given->credential()->source == "x");
    CHECK(clean("mongodb+srv://c").resolved(one));
}

TEST_CASE("a TXT record has three options and no other") {
    for (const std::string_view txt :
         {"ssl=false", "tls=false", "socketTimeoutMS=5", "foo=bar", "authSource", "=x",
          "authSource=", "replicaSet=%4", "replicaSet=rs&w=1"}) {
        unresolved("mongodb+srv://c", txt);
    }
    const auto wrong = clean("mongodb+srv://c").resolved(one, "loadBalanced=maybe");
    REQUIRE(wrong);
    CHECK(wrong->warnings().size() == 1);
    CHECK(!wrong->options().load_balanced);
}

TEST_CASE("a TXT record's authSource is nothing to a mechanism that has only $external") {
    for (const std::string who :
         {"c/?authMechanism=MONGODB-X509", "c/?authMechanism=MONGODB-AWS",
          "c/?authMechanism=MONGODB-OIDC", "user@c/?authMechanism=GSSAPI"}) {
        CAPTURE(who);
        const auto found =
            clean("mongodb+srv://" + who).resolved(one, "authSource=admin&replicaSet=rs");
        REQUIRE_MESSAGE(found, found.error().to_string());
        CHECK(found->credential()->source == "$external");
        CHECK(found->options().replica_set == "rs");
    }
    const auto plain =
        clean("mongodb+srv://user:pw@c/?authMechanism=PLAIN").resolved(one, "authSource=db");
    REQUIRE(plain);
    CHECK(plain->credential()->source == "db");
}

TEST_CASE("what DNS says must agree with what the string says") {
    unresolved("mongodb+srv://c", "", {});
    unresolved("mongodb+srv://c", "loadBalanced=true", two);
    unresolved("mongodb+srv://c/?loadBalanced=true", "", two);
    unresolved("mongodb+srv://c/?loadBalanced=true", "replicaSet=rs");
    unresolved("mongodb+srv://c/?srvMaxHosts=1", "replicaSet=rs");
    unresolved("mongodb+srv://c/?srvMaxHosts=1", "loadBalanced=true");
    CHECK(clean("mongodb://h").resolved(one).error() == errc::invalid_argument);
}
