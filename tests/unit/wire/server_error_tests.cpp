#include "wire/server_error.hpp"

#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using mongoro::errc;
using mongoro::detail::command_error;
using mongoro::detail::write_reply_error;
namespace bson = mongoro::bson;

namespace {

template <typename Fill>
bson::document make(Fill&& fill) {
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    fill(to);
    while (to.depth() != 0) {
        to.end();
    }
    REQUIRE(to.ok());
    return bson::document(std::move(bytes));
}

void append_write_error(bson::writer& to, std::string_view key, int index, int code,
                        std::string_view message) {
    to.begin_document(key);
    to.append("index", index);
    to.append("code", code);
    to.append("errmsg", message);
    to.end();
}

void append_labels(bson::writer& to, const std::vector<std::string>& labels) {
    to.append("errorLabels", labels);
}

}  // namespace

TEST_CASE("a reply with ok 1 of any number type is no error") {
    CHECK_FALSE(command_error(bson::document().append("ok", 1.0)));
    CHECK_FALSE(command_error(bson::document().append("ok", 1)));
    CHECK_FALSE(command_error(bson::document().append("ok", std::int64_t{1})));
    CHECK_FALSE(command_error(bson::document().append("ok", true)));
    CHECK_FALSE(write_reply_error(bson::document().append("n", 1).append("ok", 1.0)));
}

TEST_CASE("a reply with ok 0 is a command error with all that the server said") {
    const auto reply = make([](bson::writer& to) {
        to.append("ok", 0.0);
        to.append("code", 11600);
        to.append("codeName", "InterruptedAtShutdown");
        to.append("errmsg", "shutting down, Ada");
        append_labels(to, {"RetryableWriteError", "NoWritesPerformed"});
    });
    const auto e = command_error(reply);
    CHECK(e == errc::command_failed);
    CHECK(e.server_code() == 11600);
    CHECK(e.server_code_name() == "InterruptedAtShutdown");
    CHECK(e.server_message() == "shutting down, Ada");
    CHECK(e.has_label("RetryableWriteError"));
    CHECK(e.has_label("NoWritesPerformed"));
    CHECK(e.labels().size() == 2);
    CHECK(std::ranges::equal(e.raw_reply(), reply.bytes()));
    CHECK(e.message().empty());
    // The server's text stays out of what is logged.
    CHECK(e.to_string().find("Ada") == std::string::npos);
}

TEST_CASE("of very many or very long labels an error keeps few") {
    const auto e = command_error(make([](bson::writer& to) {
        to.append("ok", 0);
        to.begin_array("errorLabels");
        to.append("0", std::string(257, 'l'));
        to.append("1", "RetryableWriteError");
        to.append("2", std::string(256, 'l'));
        for (int i = 3; i < 200'000; ++i) {
            to.append(std::to_string(i), std::to_string(i));
        }
    }));
    CHECK(e == errc::command_failed);
    CHECK(e.labels().size() == 64);
    CHECK(e.has_label("RetryableWriteError"));
    CHECK(e.has_label(std::string(256, 'l')));
    CHECK_FALSE(e.has_label(std::string(257, 'l')));
}

TEST_CASE("an error with fields of odd types is an error all the same") {
    const auto e = command_error(make([](bson::writer& to) {
        to.append("ok", 0);
        to.append("code", "26");
        to.append("errmsg", 5);
        to.append("errorLabels", "RetryableWriteError");
    }));
    CHECK(e == errc::command_failed);
    CHECK(e.server_code() == 0);
    CHECK(e.server_message().empty());
    CHECK(e.labels().empty());
}

TEST_CASE("a reply without ok, or with one that is no number, is malformed") {
    CHECK(command_error(bson::document()) == errc::malformed_reply);
    CHECK(command_error(bson::document().append("n", 1)) == errc::malformed_reply);
    CHECK(command_error(bson::document().append("ok", "1")) == errc::malformed_reply);
    // {"ok": a string that is longer than the document}
    const std::uint8_t bytes[]{14, 0, 0, 0, 2, 'o', 'k', 0, 99, 0, 0, 0, 0, 0};
    CHECK(command_error({bytes, sizeof bytes}) == errc::malformed_bson);
}

TEST_CASE("the $err of an old proxy is a command error") {
    const auto e =
        command_error(bson::document().append("$err", "not master").append("code", 10058));
    CHECK(e == errc::command_failed);
    CHECK(e.server_code() == 10058);
    CHECK(e.server_message() == "not master");
}

TEST_CASE("write errors keep their places, their texts and their documents") {
    const auto reply = make([](bson::writer& to) {
        to.append("n", 1);
        to.begin_array("writeErrors");
        append_write_error(to, "0", 1, 11000, "E11000 duplicate key");
        append_write_error(to, "1", 3, 121, "Document failed validation");
        to.end();
        to.append("ok", 1.0);
    });
    const auto e = write_reply_error(reply, 100);
    CHECK(e == errc::write_failed);
    CHECK(e.server_code() == 11000);
    REQUIRE(e.write_errors().size() == 2);
    CHECK(e.write_errors()[0].index == 101);
    CHECK(e.write_errors()[0].code == 11000);
    CHECK(e.write_errors()[0].message == "E11000 duplicate key");
    CHECK(e.write_errors()[1].index == 103);
    CHECK(e.write_errors()[1].code == 121);
    const auto& raw = e.write_errors()[1].raw;
    CHECK(bson::document_view(raw.data(), raw.size())["index"].get<int>() == 3);
    CHECK(e.write_concern() == nullptr);
    CHECK(std::ranges::equal(e.raw_reply(), reply.bytes()));
    // A command's error is another question.
    CHECK_FALSE(command_error(reply));
}

TEST_CASE("a write concern error alone says that the write was applied") {
    const auto e = write_reply_error(make([](bson::writer& to) {
        to.append("n", 1);
        to.begin_document("writeConcernError");
        to.append("code", 64);
        to.append("codeName", "WriteConcernFailed");
        to.append("errmsg", "waiting for replication timed out");
        append_labels(to, {"RetryableWriteError"});
        to.end();
        to.append("ok", 1.0);
    }));
    CHECK(e == errc::write_concern_failed);
    REQUIRE(e.write_concern() != nullptr);
    CHECK(e.write_concern()->code == 64);
    CHECK(e.write_concern()->name == "WriteConcernFailed");
    CHECK(e.write_concern()->message == "waiting for replication timed out");
    CHECK(e.server_code() == 64);
    CHECK(e.has_label("RetryableWriteError"));
    CHECK(e.write_errors().empty());
}

TEST_CASE("write errors and a write concern error arrive together") {
    const auto e = write_reply_error(make([](bson::writer& to) {
        to.begin_array("writeErrors");
        append_write_error(to, "0", 0, 11000, "dup");
        to.end();
        to.begin_document("writeConcernError");
        to.append("code", 100);
        to.end();
        append_labels(to, {"a", "a"});
        to.append("ok", 1.0);
    }));
    CHECK(e == errc::write_failed);
    CHECK(e.write_errors().size() == 1);
    REQUIRE(e.write_concern() != nullptr);
    CHECK(e.write_concern()->code == 100);
    CHECK(e.labels().size() == 1);
}

TEST_CASE("a command error keeps the write concern error beside it") {
    const auto e = write_reply_error(make([](bson::writer& to) {
        to.append("ok", 0.0);
        to.append("code", 251);
        to.begin_document("writeConcernError");
        to.append("code", 91);
        to.end();
    }));
    CHECK(e == errc::command_failed);
    CHECK(e.server_code() == 251);
    REQUIRE(e.write_concern() != nullptr);
    CHECK(e.write_concern()->code == 91);
}

TEST_CASE("empty and null lists of errors are no error") {
    CHECK_FALSE(write_reply_error(make([](bson::writer& to) {
        to.begin_array("writeErrors");
        to.end();
        to.append_null("writeConcernError");
        to.append("ok", 1.0);
    })));
}

TEST_CASE("a write error that cannot be read is not taken for success") {
    CHECK(write_reply_error(bson::document().append("writeErrors", "?").append("ok", 1.0)) ==
          errc::write_failed);
    CHECK(write_reply_error(bson::document().append("writeConcernError", 5).append("ok", 1.0)) ==
          errc::write_concern_failed);
    const auto e = write_reply_error(make([](bson::writer& to) {
                                         to.append("writeErrors", std::vector<int>{1, 2});
                                         to.append("ok", 1.0);
                                     }),
                                     10);
    CHECK(e == errc::write_failed);
    REQUIRE(e.write_errors().size() == 2);
    CHECK(e.write_errors()[0].index == 10);
}

TEST_CASE("the errors of several replies are collected into one") {
    mongoro::error::details all;
    CHECK_FALSE(mongoro::detail::collect_write_errors(bson::document().append("ok", 1), 0, all));
    for (const int first : {0, 10}) {
        CHECK(mongoro::detail::collect_write_errors(make([](bson::writer& to) {
                                                        to.begin_array("writeErrors");
                                                        append_write_error(to, "0", 2, 11000,
                                                                           "dup");
                                                        to.end();
                                                        to.begin_document("writeConcernError");
                                                        to.append("code", 64);
                                                        to.end();
                                                        append_labels(to, {"x"});
                                                        to.append("ok", 1);
                                                    }),
                                                    first, all));
    }
    REQUIRE(all.write_errors.size() == 2);
    CHECK(all.write_errors[0].index == 2);
    CHECK(all.write_errors[1].index == 12);
    CHECK(all.labels == std::vector<std::string>{"x"});
    CHECK(all.write_concern->code == 64);
    CHECK_FALSE(all.code);
}

TEST_CASE("an error under another code keeps everything else") {
    const auto e = command_error(make([](bson::writer& to) {
        to.append("ok", 0);
        to.append("code", 18);
        to.append("codeName", "AuthenticationFailed");
        to.append("errmsg", "no");
        append_labels(to, {"x"});
        to.begin_document("writeConcernError");
        to.append("code", 5);
        to.end();
    }));
    const auto other = mongoro::detail::with_code(e, errc::handshake_failed);
    CHECK(other == errc::handshake_failed);
    CHECK(other.server_code() == 18);
    CHECK(other.server_code_name() == "AuthenticationFailed");
    CHECK(other.server_message() == "no");
    CHECK(other.has_label("x"));
    REQUIRE(other.write_concern() != nullptr);
    CHECK(other.write_concern()->code == 5);
    CHECK(std::ranges::equal(other.raw_reply(), e.raw_reply()));
}
