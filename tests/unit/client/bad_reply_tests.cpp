#include "client_support.hpp"

#include "wire/message.hpp"

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// An acknowledged insert, then a find whose answer is `bad`: the error of the find, after which
/// the insert has been sent once and the client works on a second connection.
error find_between_good(scene& s, reply_script bad) {
    s.answer("insert", doc({"n", 1}, {"ok", 1.0}));
    CHECK(sync_wait(s.r, s.c.insert_one({{"_id", 1}})).acknowledged);
    s.peer.expect("find", std::move(bad));
    const auto e = error_of(s.r, s.c.find_one());
    CHECK(s.client.statistics().connections == 0);
    s.check_works(2);
    CHECK(s.peer.received("insert").size() == 1);
    CHECK(s.peer.received("find").size() == 2);
    return e;
}

void check_broken_by(const message_bytes& bytes, errc code) {
    on_each_backend([&](reactor& r) {
        scene s(r);
        const auto e = find_between_good(s, reply_script().raw(bytes));
        CHECK(e == code);
        CHECK(e.to_string().find("127.0.0.1:" + std::to_string(s.peer.port())) !=
              std::string::npos);
    });
}

/// The right reply to the find: the third request of its connection.
message_bytes find_reply() {
    return op_msg(first_batch(numbered(3)), 3);
}

message_bytes with_length(std::uint32_t length) {
    auto bytes = find_reply();
    store_u32(bytes, 0, length);
    return bytes;
}

}  // namespace

TEST_CASE("a reply to another request is unexpected_reply, and closes that one connection") {
    check_broken_by(op_msg(first_batch({}), 99), errc::unexpected_reply);
    check_broken_by(op_msg(first_batch({}), 0), errc::unexpected_reply);
    check_broken_by(op_msg(first_batch({}), 2), errc::unexpected_reply);  // the insert's
}

TEST_CASE("a length that no message has is malformed_message") {
    for (const std::uint32_t length : {0U, 1U, 15U, 16U, 20U, 0x80000000U, 0xffffffffU}) {
        CAPTURE(length);
        check_broken_by(with_length(length), errc::malformed_message);
    }
}

TEST_CASE("a length over the server's own limit is message_too_large, before a buffer is made") {
    check_broken_by(with_length(48'000'001), errc::message_too_large);
    check_broken_by(with_length(0x7fffffff), errc::message_too_large);
}

TEST_CASE(
    "a message that is shorter or longer than it says is an error, and never read beyond its end") {
    const auto right = static_cast<std::uint32_t>(find_reply().size());
    check_broken_by(with_length(right - 1), errc::malformed_bson);  // its body does not fit
    on_each_backend([&](reactor& r) {
        scene s(r);
        const auto e = find_between_good(s, reply_script().raw(with_length(right + 1)).close());
        CHECK(e == errc::connection_closed);
    });
    auto trailing = find_reply();
    trailing.resize(trailing.size() + 7);
    check_broken_by(trailing, errc::malformed_message);
}

TEST_CASE(
    "an unknown opcode, a required flag that is unknown and a section of no kind are malformed") {
    auto bytes = find_reply();
    store_u32(bytes, 12, 2010);
    check_broken_by(bytes, errc::malformed_message);
    check_broken_by(op_msg(first_batch({}), 3, 1U << 7), errc::malformed_message);
    bytes = find_reply();
    bytes[20] = 9;
    check_broken_by(bytes, errc::malformed_message);
}

TEST_CASE("a body whose own length or end is wrong is malformed_bson") {
    for (const std::uint32_t length : {0U, 4U, 0xffffffffU, 0x7fffffffU}) {
        CAPTURE(length);
        auto bytes = find_reply();
        store_u32(bytes, 21, length);
        check_broken_by(bytes, errc::malformed_bson);
    }
    auto unterminated = find_reply();
    unterminated.back() = 1;
    check_broken_by(unterminated, errc::malformed_bson);
}

TEST_CASE("a reply that says more will come without being asked to is malformed_message") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto e = find_between_good(
            s, reply_script().more(first_batch(numbered(1))).reply(first_batch(numbered(1))));
        CHECK(e == errc::malformed_message);
    });
}

TEST_CASE("two replies to one request are malformed_message: the second is nobody's") {
    auto twice = find_reply();
    const auto once = find_reply();
    twice.insert(twice.end(), once.begin(), once.end());
    check_broken_by(twice, errc::malformed_message);
}

TEST_CASE("exhaustAllowed and unknown optional flags do not matter") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.expect("find", reply_script().reply(first_batch(numbered(2)),
                                                   {.flags = (1U << 16) | (1U << 31)}));
        CHECK(sync_wait(r, s.c.find().to_vector()).size() == 2);
        s.check_works(1);
    });
}

TEST_CASE("a right checksum is checked and accepted") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.expect("find", reply_script().reply(first_batch(numbered(2)), {.checksum = true}));
        CHECK(sync_wait(r, s.c.find().to_vector()).size() == 2);
        s.check_works(1);
    });
}

TEST_CASE("a wrong checksum is checksum_mismatch, and closes that one connection") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto e =
            find_between_good(s, reply_script().reply(first_batch(numbered(2)),
                                                      {.checksum = true, .wrong_checksum = true}));
        CHECK(e == errc::checksum_mismatch);
    });
}

TEST_CASE(
    "a host that closes or resets in the middle of a reply: the error names it, the client goes "
    "on") {
    on_each_backend([](reactor& r) {
        // Every other byte: cut_point_tests.cpp, where no monitor takes its time in between.
        for (const std::size_t size : {0U, 17U}) {
            CAPTURE(size);
            scene s(r);
            const auto host = "127.0.0.1:" + std::to_string(s.peer.port());
            auto e =
                find_between_good(s, reply_script().cut(first_batch(numbered(1)), size).close());
            CHECK(e == errc::connection_closed);
            CHECK(e.to_string().find(host) != std::string::npos);
            scene t(r);
            e = find_between_good(t, reply_script().cut(first_batch(numbered(1)), size).reset());
            CHECK(e == errc::network_error);
            REQUIRE(e.cause() != nullptr);
            CHECK(e.cause()->code() == std::errc::connection_reset);
        }
    });
}

TEST_CASE(
    "a reply without a cursor, or with one of another shape, is malformed_reply; the connection is "
    "good") {
    on_each_backend([](reactor& r) {
        const document good = op_msg_peer::ok_document();
        for (const document& reply :
             {good, document{{"ok", 1.0}, {"cursor", 5}},
              document{{"ok", 1.0}, {"cursor", doc({"id", std::int64_t{0}}, {"ns", "db.c"})}},
              document{{"ok", 1.0},
                       {"cursor", doc({"id", "x"}, {"ns", "db.c"}, {"firstBatch", arr()})}},
              document{{"ok", 1.0}, {"cursor", doc({"id", 0}, {"ns", 1}, {"firstBatch", arr()})}},
              document{{"ok", 1.0},
                       {"cursor", doc({"id", 0}, {"ns", "db.c"}, {"firstBatch", 1})}}}) {
            CAPTURE(json(reply));
            scene s(r);
            s.answer("find", reply);
            CHECK(error_of(r, s.c.find_one()) == errc::malformed_reply);
            s.check_works(1);
        }
    });
}

TEST_CASE("a reply without ok is malformed_reply; of an old server an $err is command_failed") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", doc({"cursor", doc()}));
        CHECK(error_of(r, s.c.find_one()) == errc::malformed_reply);
        s.answer("find", document());
        const auto empty = error_of(r, s.c.find_one());
        CHECK(empty == errc::malformed_reply);
        CHECK(empty.message() == "127.0.0.1:" + std::to_string(s.peer.port()));
        s.answer("find", doc({"$err", "no"}, {"code", 7}));
        const auto e = error_of(r, s.c.find_one());
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 7);
        s.check_works(1);
    });
}

TEST_CASE("counts, values and databases that a reply lacks are malformed_reply") {
    on_each_backend([](reactor& r) {
        scene s(r);
        for (const char* name : {"count", "distinct", "listDatabases", "aggregate", "listIndexes",
                                 "listCollections"}) {
            s.peer.always(name, reply_script().reply(op_msg_peer::ok_document()));
        }
        CHECK(error_of(r, s.c.estimated_document_count()) == errc::malformed_reply);
        CHECK(error_of(r, s.c.distinct("x")) == errc::malformed_reply);
        CHECK(error_of(r, s.client.list_databases()) == errc::malformed_reply);
        CHECK(error_of(r, s.c.count_documents()) == errc::malformed_reply);
        CHECK(error_of(r, s.c.aggregate(arr()).next()) == errc::malformed_reply);
        CHECK(error_of(r, s.c.list_indexes().next()) == errc::malformed_reply);
        CHECK(error_of(r, s.client["db"].list_collection_names()) == errc::malformed_reply);
        s.check_works(1);
    });
}

TEST_CASE(
    "elements that cannot be are an error when they are read, or at once if replies are "
    "validated") {
    // The length of the string of {x: "abc"} runs out of its document.
    document inner{{"x", "abc"}};
    message_bytes bad(inner.bytes().begin(), inner.bytes().end());
    store_u32(bad, 7, 1000);
    const document reply = first_batch({document(document_view(bad.data(), bad.size()))});
    on_each_backend([&](reactor& r) {
        scene lazy(r);
        lazy.answer("find", reply);
        const auto found = sync_wait(r, lazy.c.find_one());
        REQUIRE(found);
        CHECK((*found)["x"].try_get<std::string_view>().error() == errc::malformed_bson);
        lazy.check_works(1);

        scene eager(r, {.validate_replies = true});
        eager.answer("find", reply);
        const auto e = error_of(r, eager.c.find_one());
        CHECK(e == errc::malformed_bson);
        CHECK(e.to_string().find("127.0.0.1:" + std::to_string(eager.peer.port())) !=
              std::string::npos);
        eager.check_works(2);
    });
}

TEST_CASE("a reply of many megabytes comes whole, in one piece or in many") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const std::vector<document> large{document_of_size(9'000'000), document_of_size(70'000)};
        s.answer("find", first_batch(large));
        CHECK(sync_wait(r, s.c.find().to_vector()) == large);
        s.peer.expect("find", reply_script().in_pieces(first_batch(large), 100'000, 0ms));
        CHECK(sync_wait(r, s.c.find().to_vector()) == large);
        s.check_works(1);
    });
}
