#include "wire/message_writer.hpp"

#include "wire/little_endian.hpp"

#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <climits>
#include <string>
#include <vector>

using mongoro::errc;
using mongoro::wire::append_outcome;
namespace wire = mongoro::wire;
namespace bson = mongoro::bson;

namespace {

using bytes = std::vector<std::uint8_t>;

bytes gathered(const wire::encoded_message& message) {
    bytes out;
    for (const auto& piece : message.pieces()) {
        const auto* data = static_cast<const std::uint8_t*>(piece.iov_base);
        out.insert(out.end(), data, data + piece.iov_len);
    }
    return out;
}

bson::document document_of_size(std::size_t size) {
    // {"s": "…"}: 4 + 1 + 2 + 4 + n + 1 + 1
    bson::document out;
    out.append("s", std::string(size - 13, 'x'));
    REQUIRE(out.size() == size);
    return out;
}

errc code_of(const mongoro::error& e) {
    return static_cast<errc>(e.code().value());
}

}  // namespace

TEST_CASE("a command is written as the bytes of the specification") {
    wire::encoded_message message;
    wire::message_writer to(message);
    to.begin(7);
    to.body().append("ping", 1);
    to.body().append("$db", "t");
    REQUIRE(to.finish());
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
    REQUIRE(message.pieces().size() == 1);
    CHECK(gathered(message) == expected);
    CHECK(message.size() == expected.size());
    CHECK(message.request_id() == 7);
}

TEST_CASE("fields are appended to the body after the sequences, and what is sent decodes to all") {
    wire::encoded_message message;
    wire::message_writer to(message);
    to.begin(9, wire::msg_flags::more_to_come);
    to.body().append("insert", "people");
    to.begin_sequence("documents");
    for (int i = 0; i < 3; ++i) {
        CHECK(to.append(bson::document().append("i", i)) == append_outcome::appended);
    }
    CHECK(to.sequence_count() == 3);
    to.begin_sequence("other");
    to.begin_element().append("in", "place");
    CHECK(to.end_element() == append_outcome::appended);
    to.body().append("$db", "test");
    const std::size_t announced = to.size_so_far();
    REQUIRE(to.finish());

    const bytes sent = gathered(message);
    CHECK(sent.size() == message.size());
    CHECK(sent.size() == announced);
    const auto decoded = wire::decode_message(sent);
    REQUIRE(decoded);
    CHECK(decoded->more_to_come());
    CHECK(decoded->body["insert"].get<std::string_view>() == "people");
    CHECK(decoded->body["$db"].get<std::string_view>() == "test");
    std::string seen;
    for (const auto& sequence : decoded->sequences) {
        seen += sequence.identifier;
        for (const auto document : sequence.documents) {
            seen += " " + (document["i"] ? std::to_string(document["i"].get<int>())
                                         : document["in"].get<std::string>());
        }
        seen += ";";
    }
    CHECK(seen == "documents 0 1 2;other place;");
}

TEST_CASE("a large document is referenced and not copied") {
    const auto large = document_of_size(100'000);
    const auto small = document_of_size(100);
    wire::encoded_message message;
    wire::message_writer to(message);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    CHECK(to.append(small) == append_outcome::appended);
    CHECK(to.append(large) == append_outcome::appended);
    CHECK(to.append(large) == append_outcome::appended);
    CHECK(to.append(small) == append_outcome::appended);
    REQUIRE(to.finish());

    // head; the sequence's head and the small document; twice the large one; the small one
    REQUIRE(message.pieces().size() == 5);
    CHECK(message.pieces()[2].iov_base == large.data());
    CHECK(message.pieces()[3].iov_base == large.data());
    const bytes sent = gathered(message);
    CHECK(sent.size() == message.size());
    const auto decoded = wire::decode_message(sent);
    REQUIRE(decoded);
    std::vector<std::size_t> sizes;
    for (const auto document : (*decoded->sequences.begin()).documents) {
        sizes.push_back(document.size());
    }
    CHECK(sizes == std::vector<std::size_t>{100, 100'000, 100'000, 100});
}

TEST_CASE("elements are put in front of a document without copying the rest") {
    const auto large = document_of_size(50'000);
    const auto small = document_of_size(50);
    bson::document leading;
    leading.append("_id", 42);
    const auto elements = leading.bytes().subspan(4, leading.size() - 5);

    wire::encoded_message message;
    wire::message_writer to(message);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    for (const auto* document : {&small, &large}) {
        CHECK(to.append(*document, elements) == append_outcome::appended);
    }
    REQUIRE(to.finish());
    CHECK(message.pieces().back().iov_base == large.data() + 4);

    const bytes sent = gathered(message);
    const auto decoded = wire::decode_message(sent);
    REQUIRE(decoded);
    std::size_t count = 0;
    for (const auto document : (*decoded->sequences.begin()).documents) {
        const auto& from = count == 0 ? small : large;
        CHECK((*document.begin()).key() == "_id");
        CHECK(document["_id"].get<int>() == 42);
        CHECK(document["s"] == from["s"]);
        CHECK(document.size() == from.size() + elements.size());
        ++count;
    }
    CHECK(count == 2);
}

TEST_CASE("a send takes all the pieces, however many large documents there are") {
    const auto large = document_of_size(wire::message_writer::reference_from);
    wire::encoded_message message;
    wire::message_writer to(message);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    for (int i = 0; i < 2000; ++i) {
        REQUIRE(to.append(large) == append_outcome::appended);
    }
    REQUIRE(to.finish());
    CHECK(message.pieces().size() <= IOV_MAX);
    CHECK(message.pieces().size() > 100);
    const bytes sent = gathered(message);
    CHECK(sent.size() == message.size());
    REQUIRE(wire::decode_message(sent));
}

TEST_CASE("a batch is full at the server's number of documents") {
    wire::server_limits limits;
    limits.max_write_batch_size = 3;
    const auto document = document_of_size(20);
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    for (int i = 0; i < 3; ++i) {
        CHECK(to.append(document) == append_outcome::appended);
    }
    CHECK(to.append(document) == append_outcome::batch_full);
    CHECK(to.begin_element().ok());
    CHECK(to.end_element() == append_outcome::batch_full);
    REQUIRE(to.finish());
    CHECK(wire::decode_message(gathered(message)));
    // The next batch starts from nothing.
    to.begin(2);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    CHECK(to.append(document) == append_outcome::appended);
}

TEST_CASE("a batch is full before the message would be too large, and never goes over") {
    wire::server_limits limits;
    limits.max_message_size_bytes = 10'000;
    const auto document = document_of_size(1'000);
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    int count = 0;
    while (to.append(document) == append_outcome::appended) {
        ++count;
        REQUIRE(count < 100);
    }
    CHECK(count == 8);
    // What was kept back is enough for the body's last fields.
    to.body().append("$db", std::string(900, 'x'));
    REQUIRE(to.finish());
    CHECK(message.size() > 8'900);
    CHECK(message.size() <= 10'000);
}

TEST_CASE("a document over the limit is too large, the limit itself is taken") {
    wire::server_limits limits;
    limits.max_bson_object_size = 1'000;
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    CHECK(to.append(document_of_size(1'001)) == append_outcome::too_large);
    CHECK(to.append(document_of_size(1'000)) == append_outcome::appended);
    to.begin_element().append("s", std::string(1'001 - 13, 'x'));
    CHECK(to.end_element() == append_outcome::too_large);
    to.begin_element().append("s", std::string(1'000 - 13, 'x'));
    CHECK(to.end_element() == append_outcome::appended);
    CHECK(to.sequence_count() == 2);
    // A statement may be larger than the documents in it, where the caller says so.
    to.begin_sequence("updates", 1'100);
    CHECK(to.append(document_of_size(1'100)) == append_outcome::appended);
    CHECK(to.append(document_of_size(1'101)) == append_outcome::too_large);
    REQUIRE(to.finish());
    CHECK(wire::decode_message(gathered(message)));
}

TEST_CASE("a document that no message can hold is too large, not a full batch for ever") {
    wire::server_limits limits;
    limits.max_message_size_bytes = 3'000;
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    CHECK(to.append(document_of_size(2'500)) == append_outcome::too_large);
}

TEST_CASE("an element that does not fit or cannot be encoded leaves nothing behind") {
    wire::server_limits limits;
    limits.max_bson_object_size = 100;
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("insert", "c");
    to.begin_sequence("documents");
    const std::size_t before = to.size_so_far();
    to.begin_element().append("s", std::string(1'000, 'x'));
    CHECK(to.end_element() == append_outcome::too_large);
    CHECK(to.size_so_far() == before);
    auto& element = to.begin_element();
    element.append(std::string_view("a\0b", 3), 1);
    CHECK(to.end_element() == append_outcome::too_large);
    CHECK(element.code() == errc::embedded_nul);
    CHECK(to.size_so_far() == before);
    CHECK(to.sequence_count() == 0);
    REQUIRE(to.finish());
    CHECK(wire::decode_message(gathered(message)));
}

TEST_CASE("a checksum is the last of the message, whatever its pieces are") {
    const auto large = document_of_size(100'000);
    const auto small = document_of_size(100);
    const auto medium = document_of_size(10'000);
    const std::vector<std::vector<const bson::document*>> cases{
        {}, {&small}, {&medium}, {&large}, {&large, &small}, {&small, &large, &medium, &large}};
    for (std::size_t index = 0; index < cases.size(); ++index) {
        CAPTURE(index);
        wire::encoded_message message;
        wire::message_writer to(message);
        to.begin(1, wire::msg_flags::checksum_present);
        to.body().append("insert", "c");
        if (!cases[index].empty()) {
            to.begin_sequence("documents");
        }
        for (const auto* document : cases[index]) {
            CHECK(to.append(*document) == append_outcome::appended);
        }
        const std::size_t announced = to.size_so_far();
        REQUIRE(to.finish());
        bytes sent = gathered(message);
        CHECK(sent.size() == announced);
        REQUIRE(wire::decode_message(sent));
        sent[30] ^= 1U;
        CHECK(code_of(wire::decode_message(sent).error()) == errc::checksum_mismatch);
    }
}

TEST_CASE("an error of the body comes out of finish, and nothing is there to send") {
    wire::encoded_message message;
    wire::message_writer to(message);
    to.begin(1);
    to.body().append(std::string_view("a\0b", 3), 1);
    const auto finished = to.finish();
    REQUIRE_FALSE(finished);
    CHECK(code_of(finished.error()) == errc::embedded_nul);
    CHECK(message.pieces().empty());
    // The writer starts afresh.
    to.begin(2);
    to.body().append("ping", 1);
    CHECK(to.finish());
    CHECK(wire::decode_message(gathered(message)));
}

TEST_CASE("a body over the server's limit is an error") {
    wire::server_limits limits;
    limits.max_bson_object_size = 1'000;
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("filter", document_of_size(1'000));
    CHECK(to.finish());  // a command may be larger than a document, by what the server allows it
    to.begin(2);
    to.body().append("filter", document_of_size(1'000 + 16 * 1024));
    const auto finished = to.finish();
    REQUIRE_FALSE(finished);
    CHECK(code_of(finished.error()) == errc::document_too_large);
}

TEST_CASE("a message over the server's limit is an error") {
    wire::server_limits limits;
    limits.max_message_size_bytes = 200;
    wire::encoded_message message;
    wire::message_writer to(message, limits);
    to.begin(1);
    to.body().append("comment", std::string(200, 'x'));
    const auto finished = to.finish();
    REQUIRE_FALSE(finished);
    CHECK(code_of(finished.error()) == errc::message_too_large);
}

TEST_CASE("a finished message can be moved to whoever sends it") {
    const auto large = document_of_size(100'000);
    wire::encoded_message message;
    {
        wire::message_writer to(message);
        to.begin(1);
        to.body().append("insert", "c");
        to.begin_sequence("documents");
        CHECK(to.append(document_of_size(10'000)) == append_outcome::appended);
        CHECK(to.append(large) == append_outcome::appended);
        REQUIRE(to.finish());
    }
    const bytes before = gathered(message);
    const wire::encoded_message kept = std::move(message);
    CHECK(gathered(kept) == before);
    CHECK(wire::decode_message(gathered(kept)));
}
