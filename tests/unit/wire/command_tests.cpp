#include "wire/command.hpp"

#include "wire/message.hpp"

#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using mongoro::errc;
using mongoro::wire::command;
namespace wire = mongoro::wire;
namespace bson = mongoro::bson;

namespace {

using bytes = std::vector<std::uint8_t>;
constexpr auto no_checksum = command::checksum::none;

bytes gathered(std::span<const iovec> pieces) {
    bytes out;
    for (const auto& piece : pieces) {
        const auto* data = static_cast<const std::uint8_t*>(piece.iov_base);
        out.insert(out.end(), data, data + piece.iov_len);
    }
    return out;
}

void append(command& to, std::size_t size) {
    // {"s": "…"}: 4 + 1 + 2 + 4 + n + 1 + 1
    bson::document document;
    document.append("s", std::string(size - 13, 'x'));
    to.documents().append(document.data(), document.size());
    to.end_document();
}

std::vector<std::size_t> sizes_in(std::span<const std::uint8_t> message) {
    const auto decoded = wire::decode_message(message);
    REQUIRE(decoded);
    std::vector<std::size_t> sizes;
    for (const auto& sequence : decoded->sequences) {
        CHECK(sequence.identifier == "documents");
        for (const auto document : sequence.documents) {
            sizes.push_back(document.size());
        }
    }
    return sizes;
}

}  // namespace

TEST_CASE("a command is sent as the bytes of the specification") {
    auto c = command::make();
    c->begin("ping", "t");
    c->finish();
    REQUIRE_FALSE(c->failure());
    const auto pieces = c->prepare(7, 0, 0, no_checksum);
    REQUIRE(pieces.size() == 1);
    const bytes expected{
        47,   0,    0,   0,                             // messageLength
        7,    0,    0,   0,                             // requestID
        0,    0,    0,   0,                             // responseTo
        0xDD, 0x07, 0,   0,                             // 2013
        0,    0,    0,   0,                             // flags
        0,                                              // section kind 0
        26,   0,    0,   0,                             // the document's length
        0x10, 'p',  'i', 'n', 'g', 0, 1, 0, 0, 0,       // ping: 1
        0x02, '$',  'd', 'b', 0,   2, 0, 0, 0, 't', 0,  // $db: "t"
        0,
    };
    CHECK(gathered(pieces) == expected);
}

TEST_CASE("a command that is prepared again differs only where it must") {
    auto c = command::make();
    c->begin("insert", "t", "c");
    c->begin_documents("documents");
    append(*c, 20);
    append(*c, 30);
    append(*c, 40);
    c->finish();
    c->finish();  // does nothing
    const bytes first = gathered(c->prepare(1, 0, 3, no_checksum));
    CHECK(sizes_in(first) == std::vector<std::size_t>{20, 30, 40});
    const bytes middle = gathered(c->prepare(2, 1, 2, no_checksum));
    CHECK(sizes_in(middle) == std::vector<std::size_t>{30});
    CHECK(wire::decode_message(middle)->header.request_id == 2);
    CHECK(gathered(c->prepare(1, 0, 3, no_checksum)) == first);
}

TEST_CASE("many documents are sent from where they are, with and without a checksum") {
    auto c = command::make();
    c->begin("insert", "t", "c");
    c->begin_documents("documents");
    for (int i = 0; i < 20; ++i) {
        append(*c, 1000);
    }
    c->finish();
    for (const auto sum : {command::checksum::none, command::checksum::crc32c}) {
        const auto pieces = c->prepare(1, 0, 20, sum);
        CHECK(pieces.size() == (sum == no_checksum ? 2 : 3));
        CHECK(pieces[1].iov_base == c->documents().data());
        bytes sent = gathered(pieces);
        CHECK(sizes_in(sent).size() == 20);
        sent[100] ^= 1U;
        CHECK(wire::decode_message(sent).has_value() == (sum == no_checksum));
    }
    // A few of them are one piece with the body.
    CHECK(c->prepare(1, 3, 5, no_checksum).size() == 1);
    CHECK(sizes_in(gathered(c->prepare(1, 3, 5, command::checksum::crc32c))).size() == 2);
}

TEST_CASE("an unacknowledged command says that it wants no reply") {
    auto c = command::make();
    c->begin("ping", "t");
    c->set_unacknowledged();
    c->finish();
    CHECK(wire::decode_message(gathered(c->prepare(1, 0, 0, no_checksum)))->more_to_come());
}

TEST_CASE("batches hold as many documents as the server's limits allow, and no more") {
    std::mt19937 random(1);
    std::uniform_int_distribution<std::size_t> sizes(20, 2'000);
    for (const std::int32_t most : {1, 7, 100'000}) {
        auto c = command::make();
        c->begin("insert", "t", "c");
        c->begin_documents("documents");
        std::vector<std::size_t> all;
        for (int i = 0; i < 300; ++i) {
            all.push_back(sizes(random));
            append(*c, all.back());
        }
        c->finish();
        wire::server_limits limits;
        limits.max_write_batch_size = most;
        limits.max_message_size_bytes = 6'000;
        std::vector<std::size_t> seen;
        for (std::size_t first = 0; first < c->document_count();) {
            const std::size_t last = c->batch_end(first, limits);
            REQUIRE(last > first);
            CHECK(last - first <= static_cast<std::size_t>(most));
            const bytes sent = gathered(c->prepare(1, first, last, command::checksum::crc32c));
            CHECK(sent.size() <= 6'000);
            if (last < all.size() && last - first < static_cast<std::size_t>(most)) {
                CHECK(sent.size() + all[last] > 6'000);
            }
            const auto batch = sizes_in(sent);
            seen.insert(seen.end(), batch.begin(), batch.end());
            first = last;
        }
        CHECK(seen == all);
    }
}

TEST_CASE("a batch may fill a message to its last byte, with its checksum") {
    auto c = command::make();
    c->begin("insert", "t", "c");
    c->begin_documents("documents");
    append(*c, 1'000);
    append(*c, 1'000);
    c->finish();
    const auto whole =
        static_cast<std::int32_t>(gathered(c->prepare(1, 0, 2, command::checksum::crc32c)).size());
    wire::server_limits limits;
    for (const std::int32_t room : {0, 1, 3, 4, 5}) {
        CAPTURE(room);
        limits.max_message_size_bytes = whole - room;
        CHECK(c->batch_end(0, limits) == (room == 0 ? 2 : 1));
    }
}

TEST_CASE("a document or a command over the server's limit is named before anything is sent") {
    wire::server_limits limits;
    limits.max_bson_object_size = 1'000;
    auto c = command::make();
    c->begin("insert", "t", "c");
    c->begin_documents("documents");
    append(*c, 1'000);
    c->finish();
    CHECK_FALSE(c->check_size(limits));
    append(*c, 1'001);
    const auto large = c->check_size(limits);
    CHECK(large == errc::document_too_large);
    CHECK(large.message().starts_with("document 1 "));

    // A statement around a document may be larger than the document.
    auto update = command::make();
    update->begin("update", "t", "c");
    update->begin_documents("updates");
    append(*update, 1'000 + 16 * 1024);
    update->finish();
    CHECK_FALSE(update->check_size(limits));
    append(*update, 1'001 + 16 * 1024);
    CHECK(update->check_size(limits) == errc::document_too_large);

    auto body = command::make();
    body->begin("find", "t", "c");
    body->body().append("comment", std::string(20'000, 'x'));
    body->finish();
    CHECK(body->check_size(limits) == errc::document_too_large);
    CHECK_FALSE(body->check_size({}));
}

TEST_CASE("a name that no server may get fails its command") {
    const auto failed = [](std::string_view database, std::string_view collection) {
        auto c = command::make();
        c->begin("find", database, collection);
        c->finish();
        return c->failure();
    };
    CHECK_FALSE(failed("t", "c"));
    CHECK_FALSE(failed("t", "system.profile"));
    CHECK(failed("", "c") == errc::invalid_namespace);
    CHECK(failed("t", "") == errc::invalid_namespace);
    CHECK(failed("a.b", "c") == errc::invalid_namespace);
    CHECK(failed(std::string_view("t\0", 2), "c") == errc::embedded_nul);
    CHECK(failed("t", std::string_view("c\0d", 3)) == errc::embedded_nul);
    auto c = command::make();
    c->begin("find", "t", "c");
    c->body().append(std::string_view("a\0b", 3), 1);
    c->finish();
    CHECK(c->failure() == errc::embedded_nul);
}

TEST_CASE("a document that is run as a command keeps its fields, and gets the database") {
    bson::document document;
    document.append("count", "c").append("$db", "other").append("query", bson::document());
    auto c = command::make();
    c->begin("t", document);
    c->body().append("txnNumber", 1);
    c->remove("query");
    c->remove("missing");
    c->finish();
    REQUIRE_FALSE(c->failure());
    const bytes sent = gathered(c->prepare(1, 0, 0, no_checksum));
    const auto decoded = wire::decode_message(sent);
    REQUIRE(decoded);
    std::string keys;
    for (const auto& element : decoded->body) {
        keys += std::string(element.key()) + " ";
    }
    CHECK(keys == "count $db txnNumber ");
    CHECK(decoded->body["$db"].get<std::string_view>() == "t");
    auto empty = command::make();
    empty->begin("t", bson::document());
    CHECK(empty->failure() == errc::invalid_argument);
}

TEST_CASE("a recycled command has nothing of the one before") {
    for (int round = 0; round < 2; ++round) {
        auto c = command::make();
        CHECK_FALSE(c->failure());
        CHECK(c->acknowledged());
        CHECK(c->ordered());
        CHECK(c->document_count() == 0);
        CHECK(c->sequence().empty());
        c->begin("insert", "", "c");
        c->begin_documents("documents");
        append(*c, 20);
        c->set_unacknowledged();
        c->set_ordered(false);
        c->finish();
        CHECK(c->failure());
    }
}

TEST_CASE("a command that holds a secret leaves no copy behind as it grows") {
    auto c = command::make();
    c->hold_secret();
    c->begin_body("saslStart");
    CHECK(c->name() == "saslStart");
    const auto* const at = c->body().buffer().data();
    c->body().append("saslStart", 1);
    c->body().append("payload", std::string(15'000, 'x'));
    c->body().append("$db", "admin");
    c->finish();
    CHECK_FALSE(c->failure());
    CHECK(c->body().buffer().data() == at);
    const auto message = gathered(c->prepare(7, 0, 0, no_checksum));
    const auto decoded = wire::decode_message(message);
    REQUIRE(decoded);
    CHECK((*decoded->body.begin()).key() == "saslStart");
    CHECK(decoded->body["$db"].get<std::string_view>() == "admin");
    CHECK(decoded->body.count() == 3);
}
