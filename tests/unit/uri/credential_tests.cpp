#include "uri_support.hpp"

#include <string>
#include <string_view>

using namespace mongoro;
using namespace mongoro::test;

namespace {

credential login(std::string_view text) {
    const auto u = clean(text);
    REQUIRE(u.credential() != nullptr);
    return *u.credential();
}

}  // namespace

TEST_CASE(
    "a user name and a password are percent-decoded, and a password may be missing or empty") {
    const auto c = login("mongodb://ad%40%3A%2F%C3%A4:p%25%20@h/db");
    CHECK(c.username == "ad@:/\u00e4");
    CHECK(c.password == "p% ");
    CHECK(c.source == "db");
    CHECK(!c.mechanism);
    CHECK(!login("mongodb://ada@h").password);
    CHECK(login("mongodb://ada:@h").password == "");
    CHECK(login("mongodb://ada:b@h").source == "admin");
}

TEST_CASE("a user name or a password that is not percent-encoded is refused and told so") {
    for (const std::string_view text :
         {"mongodb://a:b:c@h", "mongodb://a@b@h", "mongodb://a@b:c@h", "mongodb://a%:b@h",
          "mongodb://a:b%4@h", "mongodb://a:b%zz@h", "mongodb://a b:c@h", "mongodb://a:b#c@h",
          "mongodb://a:[b]@h", "mongodb://\u00e4:b@h", "mongodb://a/b:c@h", "mongodb://a:b/c@h"}) {
        refused(text, "percent");
    }
    refused("mongodb://a%ff:b@h", "UTF-8");
    refused("mongodb://a:b%00@h", "NUL");
}

TEST_CASE("an at-sign asks for a login even without a name; a database or a source do not") {
    refused("mongodb://@h", "user name");
    refused("mongodb://:@h", "user name");
    refused("mongodb://:b@h", "user name");
    CHECK(clean("mongodb://h/db").credential() == nullptr);
    const auto u = clean("mongodb://h/?authSource=x");
    CHECK(u.credential() == nullptr);
    CHECK(u.options().auth_source == "x");
    refused("mongodb://h/?authSource=", "authSource");
    refused("mongodb://a:b@h/db?authSource=", "authSource");
    CHECK(warned("mongodb://h/?authMechanismProperties=A:b", "authMechanism").credential() ==
          nullptr);
}

TEST_CASE("each mechanism has its own default for the source, and some allow no other") {
    for (const std::string_view name : {"SCRAM-SHA-1", "SCRAM-SHA-256"}) {
        const std::string option = "authMechanism=" + std::string(name);
        CHECK(to_string(*login("mongodb://a:b@h/?" + option).mechanism) == name);
        CHECK(login("mongodb://a:b@h/?" + option).source == "admin");
        CHECK(login("mongodb://a:b@h/db?" + option).source == "db");
        CHECK(login("mongodb://a:b@h/db?authSource=s&" + option).source == "s");
    }
    CHECK(login("mongodb://a:b@h/?authMechanism=PLAIN").source == "$external");
    CHECK(login("mongodb://a:b@h/db?authMechanism=PLAIN").source == "db");
    for (const std::string_view text :
         {"a@h/db?authMechanism=GSSAPI", "h/db?authMechanism=MONGODB-X509",
          "h/db?authMechanism=MONGODB-AWS", "h/db?authMechanism=MONGODB-OIDC"}) {
        const auto whole = "mongodb://" + std::string(text);
        CHECK(login(whole).source == "$external");
        CHECK(login(whole + "&authSource=$external").source == "$external");
        refused(whole + "&authSource=db", "$external");
    }
}

TEST_CASE("an unknown mechanism is refused, since another one would get the password") {
    for (const std::string_view name :
         {"MONGODB-CR", "scram-sha-256", "SCRAM-SHA-512", "DEFAULT"}) {
        refused("mongodb://a:b@h/?authMechanism=" + std::string(name), "authMechanism");
        CHECK(!auth_mechanism_from(name));
    }
    CHECK(warned("mongodb://a:b@h/?authMechanism=", "authMechanism").credential() != nullptr);
}

TEST_CASE("properties belong to their mechanism") {
    refused("mongodb://a:b@h/?authMechanismProperties=SERVICE_NAME:x", "authMechanismProperties");
    refused("mongodb://a:b@h/?authMechanism=PLAIN&authMechanismProperties=SERVICE_NAME:x",
            "authMechanismProperties");
    refused("mongodb://h/?authMechanism=MONGODB-X509&authMechanismProperties=ENVIRONMENT:test",
            "authMechanismProperties");
    refused("mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:",
            "authMechanismProperties");
    refused("mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ALLOWED_HOSTS:x",
            "authMechanismProperties");
    const auto u = warned(
        "mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:x,SERVICE_NAME:y",
        "authMechanismProperties");
    CHECK(*u.credential()->property("SERVICE_NAME") == "y");
    CHECK(u.credential()->property("SERVICE_HOST") == nullptr);
}

TEST_CASE("the case of a property's name does not matter, that of its value does") {
    const auto gssapi = login(
        "mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties="
        "service_name:Other,Canonicalize_Host_Name:forwardAndReverse,SERVICE_realm:r");
    CHECK(*gssapi.property("SERVICE_NAME") == "Other");
    CHECK(*gssapi.property("service_Name") == "Other");
    CHECK(*gssapi.property("CANONICALIZE_HOST_NAME") == "forwardAndReverse");
    CHECK(*gssapi.property("SERVICE_REALM") == "r");
    CHECK(gssapi.properties.size() == 3);  // no SERVICE_NAME is added
    refused(
        "mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=canonicalize_host_name:"
        "ForwardAndReverse",
        "CANONICALIZE_HOST_NAME");
    const auto u = warned(
        "mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:x,service_name:y",
        "authMechanismProperties");
    CHECK(*u.credential()->property("SERVICE_NAME") == "y");
    CHECK(u.credential()->properties.size() == 1);
    CHECK(*login("mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties="
                 "environment:azure,token_resource:Api")
               .property("TOKEN_RESOURCE") == "Api");
    refused("mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=environment:Azure",
            "ENVIRONMENT");
    refused("mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=token_resource:x",
            "TOKEN_RESOURCE");
    refused("mongodb://h/?authMechanism=MONGODB-AWS&authMechanismProperties=aws_session_token:x",
            "AWS_SESSION_TOKEN");
    refused("mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=allowed_hosts:x",
            "authMechanismProperties");
}

TEST_CASE("GSSAPI has a service name, also under its old option") {
    CHECK(*login("mongodb://a@h/?authMechanism=GSSAPI").property("SERVICE_NAME") == "mongodb");
    CHECK(*warned("mongodb://a@h/?authMechanism=GSSAPI&gssapiServiceName=x", "gssapiServiceName")
               .credential()
               ->property("SERVICE_NAME") == "x");
    CHECK(*warned("mongodb://a@h/?authMechanism=GSSAPI&gssapiServiceName=x&"
                  "authMechanismProperties=SERVICE_NAME:y",
                  "gssapiServiceName")
               .credential()
               ->property("SERVICE_NAME") == "y");
    for (const std::string_view value : {"none", "forward", "forwardAndReverse", "true", "false"}) {
        CHECK(*login("mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties="
                     "CANONICALIZE_HOST_NAME:" +
                     std::string(value))
                   .property("CANONICALIZE_HOST_NAME") == value);
    }
    refused("mongodb://a@h/?authMechanism=GSSAPI&authMechanismProperties=CANONICALIZE_HOST_NAME:no",
            "CANONICALIZE_HOST_NAME");
    refused("mongodb://h/?authMechanism=GSSAPI", "user name");
}

TEST_CASE("MONGODB-X509 takes no password, and an empty user name is none") {
    CHECK(!login("mongodb://@h/?authMechanism=MONGODB-X509").username);
    CHECK(login("mongodb://CN%3Dme@h/?authMechanism=MONGODB-X509").username == "CN=me");
    refused("mongodb://a:b@h/?authMechanism=MONGODB-X509", "password");
    refused("mongodb://a:@h/?authMechanism=MONGODB-X509", "password");
}

TEST_CASE("MONGODB-AWS reads both keys or none, and logs in by none of them") {
    const auto none = login("mongodb://h/?authMechanism=MONGODB-AWS");
    CHECK(!none.username);
    CHECK(none.check());
    const auto both = login(
        "mongodb://a:b@h/?authMechanism=MONGODB-AWS&authMechanismProperties="
        "AWS_SESSION_TOKEN:t%40");
    CHECK(both.password == "b");
    CHECK(*both.property("AWS_SESSION_TOKEN") == "t@");
    for (const std::string_view text : {"mongodb://a:b@h/?authMechanism=MONGODB-AWS",
                                        "mongodb://a:b@h/?authMechanism=MONGODB-AWS&"
                                        "authMechanismProperties=AWS_SESSION_TOKEN:t"}) {
        const auto usable = login(text).check();
        CHECK(usable.error() == errc::invalid_argument);
        CHECK(usable.error().to_string().find("environment") != std::string::npos);
    }
    refused("mongodb://a@h/?authMechanism=MONGODB-AWS", "MONGODB-AWS");
    refused("mongodb://:b@h/?authMechanism=MONGODB-AWS", "MONGODB-AWS");
    refused("mongodb://h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:t",
            "AWS_SESSION_TOKEN");
}

TEST_CASE("MONGODB-OIDC knows its environments, and which of them need a resource") {
    const std::string oidc = "mongodb://h/?authMechanism=MONGODB-OIDC";
    const std::string environment = oidc + "&authMechanismProperties=ENVIRONMENT:";
    for (const std::string_view value :
         {"test", "k8s", "azure,TOKEN_RESOURCE:a://b:1", "gcp,TOKEN_RESOURCE:x"}) {
        CHECK(login(environment + std::string(value)).check());
    }
    for (const std::string_view value :
         {"aws", "", "azure", "gcp", "test,TOKEN_RESOURCE:x", "k8s,TOKEN_RESOURCE:x"}) {
        refused(environment + std::string(value));
    }
    refused(oidc + "&authMechanismProperties=TOKEN_RESOURCE:x", "ENVIRONMENT");
    refused("mongodb://a:b@h/?authMechanism=MONGODB-OIDC", "password");
    refused("mongodb://a@h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:test",
            "user name");
    // A program may bring its own way to get a token, so this is no error of the string.
    const auto open = login(oidc).check();
    CHECK(open.error() == errc::invalid_argument);
    CHECK(open.error().message().find("ENVIRONMENT") != std::string_view::npos);
}

TEST_CASE("a comma inside of a property cannot be written: the option is left out") {
    const auto u = warned(
        "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties="
        "TOKEN_RESOURCE:mongodb://a%2Cb,ENVIRONMENT:azure",
        "authMechanismProperties");
    CHECK(u.credential()->properties.empty());
}

TEST_CASE("a credential says what it lacks") {
    CHECK(login("mongodb://ada:b@h").check());
    CHECK(login("mongodb://ada@h").check().error() == errc::invalid_argument);
    CHECK(login("mongodb://ada@h/?authMechanism=PLAIN").check().error() == errc::invalid_argument);
    CHECK(login("mongodb://ada@h/?authMechanism=GSSAPI").check());
    CHECK(!credential().check());
    CHECK(!credential{.username = "a", .password = "b"}.check());  // no source
    CHECK(credential{.username = "a", .password = "b", .source = "admin"}.check());
}
