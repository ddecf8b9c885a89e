#include "pool/socks5.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using pool::socks5;

namespace {

using bytes = std::vector<std::uint8_t>;

proxy_options anonymous() {
    proxy_options proxy;
    proxy.host = "proxy";
    return proxy;
}

proxy_options with_login(std::string username = "ada", std::string password = "s3cret") {
    auto proxy = anonymous();
    proxy.username = std::move(username);
    proxy.password = std::move(password);
    return proxy;
}

bytes sent(const socks5& s) {
    return {s.to_send().begin(), s.to_send().end()};
}

/// What it says to this answer; it must be as long as is wanted.
result<bool> answer(socks5& s, const bytes& with) {
    REQUIRE(s.wanted() == with.size());
    return s.received(with);
}

/// Goes on as long as the proxy agrees.
void agree(socks5& s, const bytes& with) {
    const auto done = answer(s, with);
    REQUIRE_MESSAGE(done, done.error().to_string());
    CHECK(!*done);
}

bool says(const result<bool>& r, std::string_view what) {
    return r.error() == errc::proxy_failed &&
           r.error().message().find(what) != std::string_view::npos;
}

const host_address target{"db.example.test", 27017};

bytes connect_to_target() {
    bytes expected{5, 1, 0, 3, 15};
    const std::string_view host = target.host;
    expected.insert(expected.end(), host.begin(), host.end());
    expected.insert(expected.end(), {0x69, 0x89});
    return expected;
}

}  // namespace

TEST_CASE("without a login: a greeting, and the name goes to the proxy as it is") {
    const auto proxy = anonymous();
    socks5 s(proxy, target);
    CHECK(!s.check());
    CHECK(sent(s) == bytes{5, 1, 0});
    agree(s, {5, 0});
    CHECK(sent(s) == connect_to_target());
    agree(s, {5, 0, 0, 1, 127});
    CHECK(s.to_send().empty());
    const auto done = answer(s, {0, 0, 1, 4, 56});
    REQUIRE(done);
    CHECK(*done);
}

TEST_CASE("with a login both ways are offered, and the proxy chooses") {
    const auto proxy = with_login();
    socks5 asked(proxy, target);
    CHECK(sent(asked) == bytes{5, 2, 0, 2});
    agree(asked, {5, 2});
    CHECK(sent(asked) == bytes{1, 3, 'a', 'd', 'a', 6, 's', '3', 'c', 'r', 'e', 't'});
    agree(asked, {1, 0});
    CHECK(sent(asked) == connect_to_target());

    socks5 not_asked(proxy, target);
    agree(not_asked, {5, 0});
    CHECK(sent(not_asked) == connect_to_target());
}

TEST_CASE("an IP literal goes to the proxy as an address") {
    const auto proxy = anonymous();
    const host_address v4{"192.0.2.1", 258};
    socks5 to_v4(proxy, v4);
    agree(to_v4, {5, 0});
    CHECK(sent(to_v4) == bytes{5, 1, 0, 1, 192, 0, 2, 1, 1, 2});
    const host_address v6{"2001:db8::1", 1};
    socks5 to_v6(proxy, v6);
    agree(to_v6, {5, 0});
    CHECK(sent(to_v6) ==
          bytes{5, 1, 0, 4, 0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1});
}

TEST_CASE("the address that the proxy connects from is read whole, whatever its kind") {
    const auto proxy = anonymous();
    const std::vector<std::pair<std::uint8_t, std::size_t>> kinds{{1, 5}, {4, 17}, {3, 9}};
    for (const auto& [kind, rest] : kinds) {
        CAPTURE(kind);
        socks5 s(proxy, target);
        agree(s, {5, 0});
        agree(s, {5, 0, 0, kind, 7});
        const auto done = answer(s, bytes(rest));
        REQUIRE(done);
        CHECK(*done);
    }
    socks5 other(proxy, target);
    agree(other, {5, 0});
    CHECK(says(answer(other, {5, 0, 0, 2, 7}), "kind of address"));
}

TEST_CASE("what a proxy replies has its meaning in the error") {
    const auto proxy = anonymous();
    const std::vector<std::pair<std::uint8_t, std::string_view>> meanings{
        {1, "failed"},          {2, "rules"},   {3, "network"}, {4, "host"},
        {5, "refused"},         {6, "expired"}, {7, "command"}, {8, "address"},
        {9, "unknown reply 9"}, {255, "255"}};
    for (const auto& [code, meaning] : meanings) {
        CAPTURE(meaning);
        socks5 s(proxy, target);
        agree(s, {5, 0});
        CHECK(says(answer(s, {5, code, 0, 1, 0}), meaning));
    }
}

TEST_CASE("a login that is wanted and not there, or refused, is an error without the password") {
    const auto nobody = anonymous();
    socks5 refused(nobody, target);
    CHECK(says(answer(refused, {5, 0xFF}), "asks for a login"));
    socks5 not_offered(nobody, target);
    CHECK(says(answer(not_offered, {5, 2}), "not offered"));
    const auto ada = with_login();
    socks5 wrong(ada, target);
    agree(wrong, {5, 2});
    const auto e = answer(wrong, {1, 1});
    CHECK(says(e, "refused the user name"));
    CHECK(e.error().to_string().find("s3cret") == std::string::npos);
    socks5 neither(ada, target);
    CHECK(says(answer(neither, {5, 0xFF}), "accepts neither"));
    socks5 gssapi(ada, target);
    CHECK(says(answer(gssapi, {5, 1}), "not offered"));
}

TEST_CASE("what is no SOCKS5 proxy is found out at each step") {
    const auto ada = with_login();
    socks5 first(ada, target);
    CHECK(says(answer(first, {'H', 'T'}), "no SOCKS5"));
    socks5 second(ada, target);
    agree(second, {5, 2});
    CHECK(says(answer(second, {5, 0}), "no SOCKS5"));
    socks5 third(ada, target);
    agree(third, {5, 0});
    CHECK(says(answer(third, {4, 0, 0, 1, 0}), "no SOCKS5"));
}

TEST_CASE("a text that is too long for the protocol is refused, and 255 bytes are not") {
    const std::string fits(255, 'x');
    const auto longest = with_login(fits, fits);
    const host_address far{fits, 1};
    socks5 s(longest, far);
    CHECK(!s.check());
    agree(s, {5, 2});
    CHECK(s.to_send().size() == 1 + 256 + 256);
    agree(s, {1, 0});
    CHECK(s.to_send().size() == 4 + 256 + 2);
    const auto long_name = with_login(fits + 'x');
    CHECK(socks5(long_name, target).check() == errc::invalid_argument);
    const auto long_password = with_login("ada", fits + 'x');
    CHECK(socks5(long_password, target).check() == errc::invalid_argument);
    const host_address nowhere{"", 1};
    const auto proxy = anonymous();
    CHECK(socks5(proxy, nowhere).check() == errc::invalid_argument);
    const host_address too_far{fits + 'x', 1};
    CHECK(socks5(proxy, too_far).check() == errc::invalid_argument);
}

TEST_CASE("another number of bytes than is wanted is refused") {
    const auto proxy = anonymous();
    socks5 s(proxy, target);
    CHECK(s.received(bytes{5}).error() == errc::invalid_argument);
    CHECK(s.received({}).error() == errc::invalid_argument);
}
