#include "dns/public_suffix.hpp"

#include <doctest/doctest.h>

#include <utility>

using mongoro::dns::is_public_suffix;

TEST_CASE("one label is a public suffix, known or not; without the list every domain is") {
    CHECK(is_public_suffix("com"));
    CHECK(is_public_suffix("nosuchtld"));
    CHECK(is_public_suffix("foo.nosuchtld") != mongoro::dns::has_public_suffix_list());
    CHECK(is_public_suffix("10gen.cc") != mongoro::dns::has_public_suffix_list());
}

TEST_CASE("the list's rules, wildcards, exceptions and other scripts count, where it is there") {
    if (!mongoro::dns::has_public_suffix_list()) {
        MESSAGE("built without libpsl");
        CHECK(is_public_suffix("mongodb.com"));
        return;
    }
    for (const auto& [domain, is] : {std::pair{"com.ac", true},
                                     {"foo.com.ac", false},
                                     {"b.ck", true},
                                     {"a.b.ck", false},
                                     {"abc.nom.br", true},
                                     {"x.abc.nom.br", false},
                                     {"ck", true},
                                     {"www.ck", false},
                                     {"xn--p1ai", true},
                                     {"example.xn--p1ai", false},
                                     {"xn--55qx5d.cn", true},
                                     {"github.io", true},
                                     {"co.uk", true},
                                     {"mongodb.com", false}}) {
        CAPTURE(domain);
        CHECK(is_public_suffix(domain) == is);
    }
}
