#include "bytes.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/validate.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A document that is given what lies in itself, as a vector is by push_back(v[0]).

using namespace mongoro;
using namespace mongoro::bson::test;

namespace {

/// A type of a user's own: only its writer knows what it reads.
struct quoted {
    std::string_view text;
};

/// Lengths of a text that leave every distance to the end of a block, whatever block that is.
std::vector<std::size_t> lengths() {
    std::vector<std::size_t> all;
    for (const std::size_t block : {0, 128, 256, 512, 1024, 2048, 4096, 8192}) {
        const std::size_t first = block < 70 ? 0 : block - 70;
        for (std::size_t n = first; n < block + 70; ++n) {
            all.push_back(n);
        }
    }
    return all;
}

/// Behind a document's bytes: nothing, what its growing has left, enough for all that follows.
enum class space { none, grown, enough };

/// What `append(to, from)` makes where `from` is another document, and where it is the same.
template <typename Append>
void check_own(const document& before, Append&& append) {
    document expected = before;
    append(expected, before);
    CAPTURE(before.size());
    for (const auto how : {space::none, space::grown, space::enough}) {
        document d;
        if (how == space::none) {
            d = before;
        } else {
            d.reserve(how == space::enough ? 4 * before.size() + 1000 : 0);
            d.append_elements(before);
        }
        append(d, d);
        REQUIRE(validate(d));
        REQUIRE(bytes_of(d) == bytes_of(expected));
        // And it can go on from there.
        d.append("more", 1);
        REQUIRE(validate(d));
        REQUIRE(d.count() == expected.count() + 1);
    }
}

template <typename Append>
void check_own_of_every_size(Append&& append) {
    for (const auto length : lengths()) {
        document d;
        d.append("a", std::string(length, 'x'));
        check_own(d, append);
    }
}

std::string_view text_of(const document& d) {
    return d["a"].get<std::string_view>();
}

}  // namespace

template <>
struct mongoro::bson::value_writer<quoted> {
    static void write(writer& w, std::string_view key, const quoted& v) {
        w.begin_array(key);
        for (const std::string_view part : {std::string_view("'"), v.text, std::string_view("'")}) {
            w.append("", part);
        }
        w.end();
    }
};

TEST_CASE("a document appends a value of its own, of whatever size") {
    check_own_of_every_size([](document& to, const document& from) { to.append("b", from["a"]); });
}

TEST_CASE("a document appends text that lies in it, of whatever size") {
    check_own_of_every_size(
        [](document& to, const document& from) { to.append("b", text_of(from)); });
    check_own_of_every_size(
        [](document& to, const document& from) { to.append("b", text_of(from).data()); });
}

TEST_CASE("a document appends itself, of whatever size") {
    check_own_of_every_size([](document& to, const document& from) { to.append("copy", from); });
    check_own_of_every_size(
        [](document& to, const document& from) { to.append("copy", from.view()); });
}

TEST_CASE("a document appends all of its own elements, of whatever size") {
    check_own_of_every_size([](document& to, const document& from) { to.append_elements(from); });
}

TEST_CASE("a document appends under a key of its own") {
    for (const auto length : lengths()) {
        document d;
        d.append(std::string(length, 'k'), 1);
        check_own(d, [](document& to, const document& from) {
            to.append(from.begin()->key(), 2);
            to.append(from.begin()->key(), "text");
        });
    }
}

TEST_CASE("an empty document appends itself") {
    for (const std::size_t room : {0, 5, 4000}) {
        document d;
        d.reserve(room);
        d.append("copy", d);
        CHECK(d == document{{"copy", {}}});
        d.clear();
        d.append("copy", d.view());
        CHECK(d == document{{"copy", {}}});
        d.clear();
        d.append_elements(d);
        CHECK(d.empty());
        CHECK(validate(d));
        std::vector<document> several(1);
        several[0].reserve(room);
        several[0].append("all", several);
        CHECK(several[0] == document{{"all", {doc()}}});
        std::optional<document> one(std::in_place);
        one->reserve(room);
        one->append("one", one);
        CHECK(*one == document{{"one", {}}});
    }
}

TEST_CASE("views of every kind may lie in the document that they are appended to") {
    const std::vector<std::uint8_t> bytes(100, 7);
    const document scope{{"x", std::string(50, 's')}};
    for (const std::size_t filled : {0, 100, 700, 3000, 5000}) {
        document d;
        d.append("filling", std::string(filled, 'f'));
        d.append("binary", bson::binary(bytes));
        d.append("regex", bson::regex(std::string(60, 'p'), "imx"));
        d.append("code", bson::code(std::string(60, 'c')));
        d.append("symbol", bson::symbol(std::string(60, 'y')));
        d.append("pointer", bson::db_pointer(std::string(60, 'd'), bson::object_id{}));
        d.append("scoped", bson::code_with_scope(std::string(60, 'w'), scope));
        d.append("document", scope);
        d.append("array", arr(1, std::string(60, 'a')));

        check_own(d, [](document& to, const document& from) {
            to.append("b", from["binary"].get<bson::binary_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["regex"].get<bson::regex_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["code"].get<bson::code_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["symbol"].get<bson::symbol_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["pointer"].get<bson::db_pointer_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["scoped"].get<bson::code_with_scope_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["document"].get<document_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", from["array"].get<array_view>());
        });
        check_own(d, [](document& to, const document& from) {
            to.append_elements(from["document"].get<document_view>());
        });
    }
}

TEST_CASE("what holds views may hold some of the document that it is appended to") {
    for (const std::size_t filled : {10, 100, 700, 3000, 5000}) {
        document d;
        d.append("a", std::string(filled, 'f'));
        d.append("binary", bson::binary(std::vector<std::uint8_t>(100, 7)));
        check_own(d, [](document& to, const document& from) {
            to.append("b", std::optional(text_of(from)));
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", std::vector<std::string_view>{"elsewhere", text_of(from)});
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", std::array{document_view(from), document_view()});
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", std::vector<std::optional<bson::value_view>>{std::nullopt, from["a"]});
        });
        check_own(d, [](document& to, const document& from) {
            to.append("b", std::list<std::string_view>{"elsewhere", text_of(from)});
        });
        check_own(d, [](document& to, const document& from) {
            // Numbers, not binary data: a range of them that happens to lie in the document.
            const auto bytes = from["binary"].get<bson::binary_view>().bytes;
            to.append("b", std::span<const std::uint8_t>(bytes));
        });
        check_own(
            d, [](document& to, const document& from) { to.append("b", quoted{text_of(from)}); });
    }
}

TEST_CASE("an append of an own value that fails leaves the document as it was") {
    document d{{"a", std::string(40, 'x')}};
    const document before = d;
    CHECK_THROWS_AS(d.append(std::string_view("b\0d", 3), d["a"]), exception);
    CHECK_THROWS_AS(d.append("\xFF", d), exception);
    CHECK_THROWS_AS(d.append("b", d["missing"]), exception);
    CHECK(d == before);
    CHECK(validate(d));
}

TEST_CASE("an array appends its own elements, and itself, of whatever size") {
    for (const auto length : lengths()) {
        for (const bool has_room : {false, true}) {
            array a;
            a.append(std::string(length, 'x'));
            if (has_room) {
                a.reserve(10 * a.size() + 1000);
            }
            a.append(a[0]);
            a.append(a[1].get<std::string_view>());
            const array three = a;
            a.append(a);
            a.append(a.view());
            REQUIRE(validate(a.view().as_document(), {.array_keys = true}));
            array expected = three;
            expected.append(three);
            const array four = expected;
            expected.append(four);
            REQUIRE(bytes_of(a.view().as_document()) == bytes_of(expected.view().as_document()));
            REQUIRE(a.count() == 5);
            REQUIRE(a[2].get<std::string>() == std::string(length, 'x'));
        }
    }
    array none;
    none.append(none);
    CHECK(none == arr(arr()));
}
