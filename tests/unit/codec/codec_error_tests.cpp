#include "support.hpp"

#include <cstring>
#include <map>
#include <memory>
#include <variant>

using namespace mongoro;

namespace {

struct address {
    std::string street;
    std::string zip;
};
struct person {
    std::string name;
    address address_;
    std::vector<int> tags;
};
struct home {
    struct address address;
    std::vector<std::string> tags;
    std::map<std::string, struct address> others;
};

struct numbers {
    std::int8_t i8 = 0;
    std::uint32_t u32 = 0;
    std::int32_t i32 = 0;
    std::int64_t i64 = 0;
    std::uint64_t u64 = 0;
    float f = 0;
    double d = 0;
};
}  // namespace

template <>
struct mongoro::bson::fields<numbers> {
    static constexpr std::tuple list{
        if_missing<&numbers::i8>(),  if_missing<&numbers::u32>(), if_missing<&numbers::i32>(),
        if_missing<&numbers::i64>(), if_missing<&numbers::u64>(), if_missing<&numbers::f>(),
        if_missing<&numbers::d>(),
    };
};

namespace {

struct one_bool {
    bool b;
};
struct one_date {
    std::chrono::sys_time<std::chrono::nanoseconds> t;
};
struct one_array {
    std::array<int, 3> a;
};
struct one_id {
    object_id _id;
};
struct chain {
    std::unique_ptr<chain> next;
};
struct mixed {
    int n;
    std::string s;
    std::optional<address> o;
    std::vector<address> list;
    std::map<std::string, double> map;
    std::variant<int, std::string> v;
    bson::value any;
};

document json(std::string_view text) {
    return bson::from_json(text).value();
}

}  // namespace

TEST_CASE("a value of the wrong type is an error that names the path and both types") {
    CHECK(error_of<home>(R"({"address": {"street": "s", "zip": 1}, "tags": [], "others": {}})",
                         errc::wrong_type) == "address.zip: expected string, got int32");
    CHECK(error_of<home>(R"({"address": 5, "tags": [], "others": {}})", errc::wrong_type) ==
          "address: expected document, got int32");
    CHECK(error_of<home>(R"({"address": [], "tags": [], "others": {}})", errc::wrong_type) ==
          "address: expected document, got array");
    CHECK(
        error_of<home>(
            R"({"address": {"street": "s", "zip": "z"}, "tags": ["a", "b", "c", null], "others": {}})",
            errc::wrong_type) == "tags.3: expected string, got null");
    CHECK(
        error_of<home>(
            R"({"address": {"street": "s", "zip": "z"}, "tags": [], "others": {"x": {"street": "s", "zip": true}}})",
            errc::wrong_type) == "others.x.zip: expected string, got boolean");
    CHECK(error_of<one_bool>(R"({"b": 1})", errc::wrong_type) == "b: expected boolean, got int32");
    CHECK(error_of<one_id>(R"({"_id": "000000000000000000000000"})", errc::wrong_type) ==
          "_id: expected object_id, got string");
    CHECK(error_of<one_date>(R"({"t": 5})", errc::wrong_type) == "t: expected date, got int32");
    CHECK(error_of<numbers>(R"({"i32": "5"})", errc::wrong_type) ==
          "i32: expected int32, got string");
    CHECK(error_of<numbers>(R"({"d": "5"})", errc::wrong_type) == "d: expected double, got string");
    CHECK(error_of<std::map<std::string, int>>(R"({"a": 1, "b": "x"})", errc::wrong_type) ==
          "b: expected int32, got string");
}

TEST_CASE("the same error is found when the keys come in another order") {
    CHECK(error_of<home>(R"({"others": {}, "tags": [], "address": {"zip": 1, "street": "s"}})",
                         errc::wrong_type) == "address.zip: expected string, got int32");
}

TEST_CASE("a missing key is an error that names it, and nothing is made up") {
    CHECK(error_of<home>(R"({"address": {"street": "s"}, "tags": [], "others": {}})",
                         errc::key_not_found) == "address.zip: key not found");
    CHECK(error_of<home>(R"({"address": {}, "tags": [], "others": {}})", errc::key_not_found) ==
          "address.street: key not found");
    CHECK(error_of<home>("{}", errc::key_not_found) == "address: key not found");
    CHECK(error_of<person>(R"({"name": "n", "address_": {"street": "s", "zip": "z"}})",
                           errc::key_not_found) == "tags: key not found");
    // Not the end of a longer key, nor the start of one.
    CHECK(error_of<one_bool>(R"({"bb": true})", errc::key_not_found) == "b: key not found");
    CHECK(error_of<one_bool>(R"({"": true})", errc::key_not_found) == "b: key not found");
}

TEST_CASE("a number that does not fit is out of range, and one that fits converts") {
    CHECK(error_of<numbers>(R"({"i8": 128})", errc::out_of_range) == "i8: out of range for int32");
    CHECK(error_of<numbers>(R"({"u32": -1})", errc::out_of_range) == "u32: out of range for int64");
    CHECK(error_of<numbers>(R"({"i32": 2147483648})", errc::out_of_range) ==
          "i32: out of range for int32");
    CHECK(error_of<numbers>(R"({"i32": 1.5})", errc::out_of_range) ==
          "i32: out of range for int32");
    CHECK(error_of<numbers>(R"({"u64": -1})", errc::out_of_range) == "u64: out of range for int64");
    CHECK(error_of<numbers>(R"({"f": 1e300})", errc::out_of_range) == "f: out of range for double");
    CHECK(error_of<numbers>(R"({"d": 9007199254740993})", errc::out_of_range) ==
          "d: out of range for double");
    const auto ok = read_json<numbers>(
        R"({"i8": 3.0, "u32": 4294967295, "i32": {"$numberLong": "7"}, "i64": 8, "u64": 9, "f": 1, "d": 2})");
    REQUIRE(ok);
    CHECK(ok->i8 == 3);
    CHECK(ok->u32 == 4294967295U);
    CHECK(ok->i32 == 7);
    CHECK(ok->i64 == 8);
    CHECK(ok->u64 == 9);
    CHECK(ok->f == 1.0F);
    CHECK(ok->d == 2.0);
}

TEST_CASE("a date that a finer clock cannot reach is out of range") {
    CHECK(error_of<one_date>(R"({"t": {"$date": {"$numberLong": "9223372036854775807"}}})",
                             errc::out_of_range) == "t: out of range for date");
}

TEST_CASE("an array of a fixed size takes exactly so many elements") {
    CHECK(read_json<one_array>(R"({"a": [1, 2, 3]})").value().a == std::array{1, 2, 3});
    CHECK(error_of<one_array>(R"({"a": [1, 2]})", errc::out_of_range) ==
          "a: expected 3 elements, got 2");
    CHECK(error_of<one_array>(R"({"a": [1, 2, 3, 4]})", errc::out_of_range) ==
          "a: expected 3 elements, got 4");
    CHECK(error_of<one_array>(R"({"a": [1, "x", 3]})", errc::wrong_type) ==
          "a.1: expected int32, got string");
}

TEST_CASE("nesting deeper than 200 levels is an error both ways") {
    const auto nested = [](int levels) {
        chain root;
        chain* last = &root;
        for (int i = 1; i < levels; ++i) {
            last->next = std::make_unique<chain>();
            last = last->next.get();
        }
        return root;
    };
    bson::byte_buffer bytes;
    CHECK(bson::encode_document(nested(200), bytes));
    CHECK(bson::decode_document<chain>(document_view(bytes.data(), bytes.size())));
    bson::byte_buffer refused;
    CHECK(bson::encode_document(nested(202), refused).error() == errc::too_deep);

    // Around what the writer made, by hand.
    document deeper(document_view(bytes.data(), bytes.size()));
    for (int i = 0; i < 5; ++i) {
        document outer;
        outer.append("next", deeper.view());
        deeper = std::move(outer);
    }
    const auto out = bson::decode_document<chain>(deeper);
    CHECK(out.error() == errc::too_deep);
    CHECK(out.error().message().starts_with("next.next."));
    CHECK(out.error().message().ends_with("nested too deep"));
}

TEST_CASE(
    "bytes that are cut short or changed are an error or another value, never read past the end") {
    const document whole = json(
        R"({"n": 1, "s": "text", "o": {"street": "a", "zip": "b"}, "list": [{"street": "c", "zip": "d"}],
            "map": {"k": 1.5}, "v": "x", "any": {"$regularExpression": {"pattern": "p", "options": "i"}}})");
    const auto intact = bson::decode_document<mixed>(whole);
    REQUIRE_MESSAGE(intact.has_value(), intact.error().to_string());
    const std::size_t size = whole.size();
    std::size_t failures = 0;
    for (std::size_t at = 0; at < size; ++at) {
        for (const int change : {0x00, 0x01, 0x03, 0x04, 0x0B, 0x7F, 0x80, 0xFF}) {
            // On the heap and of its exact size, for AddressSanitizer to watch its end.
            const auto copy = std::make_unique<std::uint8_t[]>(size);
            std::memcpy(copy.get(), whole.data(), size);
            copy[at] = static_cast<std::uint8_t>(change);
            const auto out = bson::decode_document<mixed>(document_view(copy.get(), size));
            failures += out.has_value() ? 0 : 1;
        }
    }
    CHECK(failures > size);
    for (std::size_t cut = 0; cut + 1 < size; ++cut) {
        const auto copy = std::make_unique<std::uint8_t[]>(cut + 1);
        std::memcpy(copy.get(), whole.data(), cut);
        copy[cut] = 0;
        const auto out = bson::decode_document<mixed>(document_view(copy.get(), cut + 1));
        CHECK_FALSE(out.has_value());
    }
}

TEST_CASE("malformed bytes are called so, with the path") {
    document d = json(R"({"name": "n", "address_": {"street": "s", "zip": "z"}, "tags": []})");
    std::vector<std::uint8_t> bytes(d.bytes().begin(), d.bytes().end());
    const auto decode = [&] {
        return bson::decode_document<person>(document_view(bytes.data(), bytes.size()));
    };
    const auto zip = static_cast<std::size_t>(d["address_"]["zip"].raw().data() - d.data());
    bytes[zip] = 100;  // the length of the string
    CHECK(decode().error() == errc::malformed_bson);
    CHECK(decode().error().message() == "address_.zip: malformed BSON");
    bytes[zip] = 2;
    bytes[zip + 5] = 'x';  // its terminator
    CHECK(decode().error().message() == "address_.zip: malformed BSON");
    bytes[zip + 5] = 0;
    CHECK(decode());
    bytes.back() = 1;
    CHECK(decode().error().message() == "malformed BSON");
    CHECK(bson::decode_document<person>(document_view(bytes.data(), 4)).error() ==
          errc::malformed_bson);
}

TEST_CASE("a walk ends with the last member") {
    for (const char* const order : {R"({"street": "a", "zip": "b", "unknown": 1})",
                                    R"({"zip": "b", "street": "a", "unknown": 1})"}) {
        const document whole = json(order);
        std::vector<std::uint8_t> bytes(whole.bytes().begin(), whole.bytes().end());
        bytes[bytes.size() - 1 - 4 - sizeof "unknown" - 1] = 0x55;  // no type
        const document_view odd(bytes.data(), bytes.size());
        CHECK(odd["unknown"].malformed());
        CHECK(bson::decode_document<address>(odd).value().street == "a");
        CHECK(bson::decode_document<person>(odd).error() == errc::malformed_bson);
    }
}

TEST_CASE("an error quotes keys but no values") {
    const auto out = read_json<home>(R"({"address": {"street": 1234567, "zip": "secret"}})");
    CHECK(out.error().to_string().find("1234567") == std::string::npos);
}
