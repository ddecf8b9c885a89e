#include "dns/answer.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace std::chrono_literals;

namespace {

using bytes = std::vector<std::uint8_t>;

void put16(bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

void put_label(bytes& out, std::string_view label) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
}

/// A message that has one question, for `x`, and these answers.
bytes message(std::initializer_list<bytes> answers) {
    bytes out{0, 1, 0x81, 0x80, 0, 1};
    put16(out, static_cast<unsigned>(answers.size()));
    put16(out, 0);
    put16(out, 0);
    put_label(out, "x");
    out.push_back(0);
    put16(out, 33);
    put16(out, 1);
    for (const auto& one : answers) {
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

/// A record of the question's name.
bytes record(unsigned type, unsigned ttl, const bytes& data, unsigned of_class = 1) {
    bytes out{0xC0, 12};
    put16(out, type);
    put16(out, of_class);
    put16(out, ttl >> 16U);
    put16(out, ttl & 0xFFFFU);
    put16(out, static_cast<unsigned>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

bytes srv_data(unsigned port, std::initializer_list<std::string_view> labels) {
    bytes data{0, 0, 0, 0};
    put16(data, port);
    for (const auto label : labels) {
        put_label(data, label);
    }
    data.push_back(0);
    return data;
}

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("SRV records are read in their order, their names in lower case") {
    const auto found =
        dns::parse_srv(message({record(33, 60, srv_data(27017, {"A", "Example", "TEST"})),
                                record(33, 3600, srv_data(65535, {"b_1", "example", "test"}))}));
    REQUIRE_MESSAGE(found, found.error().to_string());
    REQUIRE(found->size() == 2);
    CHECK((*found)[0] == dns::srv_record{"a.example.test", 27017, 60s});
    CHECK((*found)[1] == dns::srv_record{"b_1.example.test", 65535, 3600s});
}

TEST_CASE("records of another type or class are passed over") {
    const auto found =
        dns::parse_srv(message({record(5, 60, {1, 'y', 0}), record(33, 60, srv_data(1, {"no"}), 3),
                                record(33, 60, srv_data(2, {"yes"}))}));
    REQUIRE_MESSAGE(found, found.error().to_string());
    REQUIRE(found->size() == 1);
    CHECK(found->front().host == "yes");
}

TEST_CASE("a target that is the root says that there is no such service") {
    const auto found = dns::parse_srv(message({record(33, 60, srv_data(0, {}))}));
    REQUIRE(found);
    CHECK(found->empty());
}

TEST_CASE("a time to live with its top bit set is none") {
    const auto found = dns::parse_srv(message({record(33, 0x80000001U, srv_data(1, {"a"}))}));
    REQUIRE(found);
    CHECK(found->front().ttl == 0s);
}

TEST_CASE("a target that is no host name is a fault: a dot in a label is none between labels") {
    for (const auto label :
         {"a.b"sv, "a b"sv, "a\0b"sv, "a\\b"sv, "a/b"sv, "a:1"sv, "\xC3\xA4"sv}) {
        CAPTURE(label);
        const auto found =
            dns::parse_srv(message({record(33, 60, srv_data(1, {label, "example", "test"}))}));
        REQUIRE_MESSAGE(found, found.error().to_string());
        REQUIRE(found->size() == 1);
        CHECK(found->front().fault.ends_with("no host name"));
    }
}

TEST_CASE("a record with a fault stands among the others, which have none") {
    const auto found = dns::parse_srv(message(
        {record(33, 60, srv_data(1, {"a", "test"})), record(33, 60, srv_data(2, {"b c", "test"})),
         record(33, 60, srv_data(0, {"d", "test"})), record(33, 60, srv_data(4, {"e", "test"}))}));
    REQUIRE_MESSAGE(found, found.error().to_string());
    REQUIRE(found->size() == 4);
    CHECK((*found)[0].fault.empty());
    CHECK((*found)[1].host == "b c.test");
    CHECK((*found)[1].fault.ends_with("no host name"));
    CHECK((*found)[2].host == "d.test");
    CHECK((*found)[2].fault.ends_with("port of an SRV record is 0"));
    CHECK((*found)[3] == dns::srv_record{"e.test", 4, 60s});
}

TEST_CASE("the strings of a TXT record are joined, those of several are not") {
    const auto found =
        dns::parse_txt(message({record(16, 60, {2, 'a', '=', 1, 'b'}), record(16, 60, {0})}));
    REQUIRE(found);
    CHECK(*found == std::vector<std::string>{"a=b", ""});
}

TEST_CASE("a string of a TXT record that is longer than the record is malformed") {
    CHECK(dns::parse_txt(message({record(16, 60, {3, 'a', 'b'})})).error() ==
          errc::name_resolution_failed);
}

TEST_CASE("a target that is a pointer is followed, and one that points at itself is malformed") {
    bytes to_question{0, 0, 0, 0, 0, 1, 0xC0, 12};
    const auto found = dns::parse_srv(message({record(33, 60, to_question)}));
    REQUIRE(found);
    CHECK(found->front().host == "x");
    bytes to_itself{0, 0, 0, 0, 0, 1, 0xC0, 19 + 12 + 6};
    CHECK(!dns::parse_srv(message({record(33, 60, to_itself)})));
}

TEST_CASE("a message that is cut anywhere is malformed, and never read past its end") {
    const auto whole = message({record(33, 60, srv_data(27017, {"a", "example"})),
                                record(16, 60, {4, 't', 'e', 'x', 't'})});
    REQUIRE(dns::parse_srv(whole));
    REQUIRE(dns::parse_txt(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        const bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK(!dns::parse_srv(cut));
        CHECK(!dns::parse_txt(cut));
    }
}

TEST_CASE("bytes that somebody has changed are read or refused, and no more") {
    const auto whole = message({record(33, 60, srv_data(27017, {"a", "example"})),
                                record(16, 60, {4, 't', 'e', 'x', 't'})});
    std::mt19937 chance(7);
    std::size_t refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto changed = whole;
        for (unsigned n = 0; n <= chance() % 4; ++n) {
            changed[chance() % changed.size()] = static_cast<std::uint8_t>(chance());
        }
        refused += dns::parse_srv(changed) && dns::parse_txt(changed) ? 0U : 1U;
    }
    CHECK(refused > 0);
}
