#include "support.hpp"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <variant>

using namespace mongoro;
using namespace std::chrono_literals;

namespace {

struct address {
    std::string street;
    std::string zip;
    bool operator==(const address&) const = default;
};

struct person {
    int _id;
    std::string name;
    std::optional<std::string> nick;
    address home;
    std::vector<std::string> tags;
    bool operator==(const person&) const = default;
};

enum class level : std::uint8_t { low = 1, high = 200 };
enum letter : char { a = 'a' };

struct scalars {
    bool b;
    std::int8_t i8;
    std::uint8_t u8;
    std::int16_t i16;
    std::uint16_t u16;
    std::int32_t i32;
    std::uint32_t u32;
    std::int64_t i64;
    std::uint64_t u64;
    long long ll;
    float f;
    double d;
    level l;
    letter c;
    bool operator==(const scalars&) const = default;
};

struct times {
    bson::date ms;
    std::chrono::sys_seconds s;
    std::chrono::sys_time<std::chrono::nanoseconds> ns;
    std::chrono::seconds seconds;
    std::chrono::nanoseconds nanoseconds;
    std::chrono::duration<double> real;
    std::chrono::duration<std::int32_t> narrow;
    bool operator==(const times&) const = default;
};

struct bson_types {
    object_id id;
    decimal128 decimal;
    bson::timestamp timestamp;
    bson::binary binary;
    bson::uuid uuid;
    bson::regex regex;
    bson::code code;
    bson::symbol symbol;
    bson::null null;
    bson::min_key min;
    bson::max_key max;
    document doc;
    array arr;
    bson::value any;
    bool operator==(const bson_types&) const = default;
};

struct containers {
    std::vector<int> numbers;
    std::vector<bool> flags;
    std::vector<address> homes;
    std::vector<std::vector<double>> matrix;
    std::vector<std::optional<int>> gaps;
    std::deque<std::string> deque;
    std::list<std::int64_t> list;
    std::set<std::string> set;
    std::array<int, 3> array;
    int plain[2];
    std::map<std::string, int> map;
    std::unordered_map<std::string, address> unordered;
    std::map<std::string, std::optional<int>, std::less<>> optionals;
    bool operator==(const containers&) const = default;
};

struct deep {
    std::optional<std::vector<std::map<std::string, int>>> o;
    bool operator==(const deep&) const = default;
};

struct tree {
    int value;
    std::vector<tree> children;
    std::unique_ptr<tree> left;
    std::shared_ptr<tree> right;
};

struct choice {
    std::variant<std::monostate, int, std::string, address, std::vector<int>, bool, std::int64_t> v;
    bool operator==(const choice&) const = default;
};

struct empty {
    bool operator==(const empty&) const = default;
};
struct nested_empty {
    empty e;
    std::optional<empty> o;
    bool operator==(const nested_empty&) const = default;
};

struct thirty {
    // clang-format off
    int f00; std::string f01; double f02; bool f03; std::int64_t f04; int f05; std::string f06;
    double f07; bool f08; std::int64_t f09; int f10; std::string f11; double f12; bool f13;
    std::int64_t f14; int f15; std::string f16; double f17; bool f18; std::int64_t f19; int f20;
    std::string f21; double f22; bool f23; std::int64_t f24; int f25; std::string f26; double f27;
    bool f28; std::optional<std::int64_t> f29;
    // clang-format on
    bool operator==(const thirty&) const = default;
};

}  // namespace

TEST_CASE("a struct is stored field by field, under its members' names and in their order") {
    const person ada{7, "Ada", std::nullopt, {"St James's", "SW1"}, {"math", "engine"}};
    CHECK(json_of(ada) ==
          R"({"_id":{"$numberInt":"7"},"name":"Ada","home":{"street":"St James's","zip":"SW1"},)"
          R"("tags":["math","engine"]})");
    CHECK(round_trip(ada) == ada);
    person nicked = ada;
    nicked.nick = "Countess";
    CHECK(round_trip(nicked) == nicked);
}

TEST_CASE("a struct local to a function goes in and out") {
    struct local {
        int number;
        std::optional<std::string> text;
        std::vector<double> list;
    };
    const local out = round_trip(local{3, "x", {0.5, 1.5}});
    CHECK(out.number == 3);
    CHECK(out.text == "x");
    CHECK(out.list == std::vector{0.5, 1.5});
}

TEST_CASE("integers and enumerations keep their values at both ends of their range") {
    const scalars low{false,      std::numeric_limits<std::int8_t>::min(),
                      0,          std::numeric_limits<std::int16_t>::min(),
                      0,          std::numeric_limits<std::int32_t>::min(),
                      0,          std::numeric_limits<std::int64_t>::min(),
                      0,          std::numeric_limits<long long>::min(),
                      -1.5F,      -1e300,
                      level::low, a};
    const scalars high{true,
                       std::numeric_limits<std::int8_t>::max(),
                       std::numeric_limits<std::uint8_t>::max(),
                       std::numeric_limits<std::int16_t>::max(),
                       std::numeric_limits<std::uint16_t>::max(),
                       std::numeric_limits<std::int32_t>::max(),
                       std::numeric_limits<std::uint32_t>::max(),
                       std::numeric_limits<std::int64_t>::max(),
                       static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()),
                       std::numeric_limits<long long>::max(),
                       3.25F,
                       1e300,
                       level::high,
                       a};
    CHECK(round_trip(low) == low);
    CHECK(round_trip(high) == high);
}

TEST_CASE("each scalar has the BSON type that the table names") {
    bson::byte_buffer bytes;
    REQUIRE(bson::encode_document(scalars{}, bytes));
    std::string types;
    for (const auto& element : document_view(bytes.data(), bytes.size())) {
        types += std::string(element.key()) + ":" + std::string(type_name(element.type())) + " ";
    }
    CHECK(types ==
          "b:boolean i8:int32 u8:int32 i16:int32 u16:int32 i32:int32 u32:int64 i64:int64 u64:int64 "
          "ll:int64 f:double d:double l:int32 c:int32 ");
}

TEST_CASE("dates are milliseconds and durations are their counts") {
    const times t{bson::date(1234567ms),
                  std::chrono::sys_seconds(99s),
                  std::chrono::sys_time<std::chrono::nanoseconds>(5'000'000ns),
                  7s,
                  8ns,
                  std::chrono::duration<double>(0.5),
                  std::chrono::duration<std::int32_t>(-3)};
    CHECK(round_trip(t) == t);
    CHECK(json_of(t) ==
          R"({"ms":{"$date":{"$numberLong":"1234567"}},"s":{"$date":{"$numberLong":"99000"}},)"
          R"("ns":{"$date":{"$numberLong":"5"}},"seconds":{"$numberLong":"7"},)"
          R"("nanoseconds":{"$numberLong":"8"},"real":{"$numberDouble":"0.5"},)"
          R"("narrow":{"$numberLong":"-3"}})");
    // What milliseconds cannot hold is rounded towards the past.
    times finer = t;
    finer.ns = std::chrono::sys_time<std::chrono::nanoseconds>(-1ns);
    CHECK(round_trip(finer).ns.time_since_epoch() == -1ms);
}

TEST_CASE("every BSON type of its own goes in and out") {
    const std::uint8_t sixteen[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    bson_types t{};
    t.id = object_id::generate();
    t.decimal = decimal128::from_string("12.50").value();
    t.timestamp = {.seconds = 5, .increment = 9};
    t.binary = bson::binary(bson::binary_subtype::md5, sixteen);
    t.uuid = bson::uuid(sixteen);
    t.regex = bson::regex("^a", "i");
    t.code = bson::code("f()");
    t.symbol = bson::symbol("s");
    t.doc = bson::from_json(R"({"x": 1})").value();
    t.arr = bson::array_from_json("[1, 2]").value();
    t.any = bson::value(t.doc["x"]);
    CHECK(round_trip(t) == t);
    CHECK(round_trip(bson_types{}).any.type() == bson::type::null);
}

TEST_CASE("containers are arrays and maps are documents") {
    const containers c{{1, 2, 3},
                       {true, false, true},
                       {{"s", "1"}, {"t", "2"}},
                       {{1, 2}, {}, {3}},
                       {1, std::nullopt, 3},
                       {"a", "b"},
                       {-5},
                       {"x", "y"},
                       {7, 8, 9},
                       {4, 5},
                       {{"one", 1}, {"two", 2}},
                       {{"home", {"s", "z"}}},
                       {{"here", 1}, {"null", std::nullopt}}};
    CHECK(round_trip(c) == c);
    CHECK(round_trip(containers{}) == containers{});
    const std::string json = json_of(c);
    CHECK(json.find(R"("gaps":[{"$numberInt":"1"},null,{"$numberInt":"3"}])") != std::string::npos);
    CHECK(json.find(R"("null":null)") != std::string::npos);
}

TEST_CASE("the keys of a long array count on in decimal") {
    struct longer {
        std::vector<int> numbers;
        std::vector<std::string> words;
    } value;
    for (int i = 0; i < 1234; ++i) {
        value.numbers.push_back(i);
        value.words.push_back(std::to_string(i));
    }
    bson::byte_buffer bytes;
    REQUIRE(bson::encode_document(value, bytes));
    const document_view view(bytes.data(), bytes.size());
    int next = 0;
    for (const auto& element : view["numbers"].get<array_view>()) {
        CHECK(element.key() == std::to_string(next));
        CHECK(element.value().get<int>() == next++);
    }
    CHECK(next == 1234);
    CHECK(round_trip(value).words == value.words);
    for (const int size : {0, 1, 9, 10, 11, 99, 100, 101, 1000}) {
        value.numbers.resize(static_cast<std::size_t>(size));
        CHECK(round_trip(value).numbers == value.numbers);
    }
}

TEST_CASE("an optional vector of maps goes in and out, empty or not") {
    CHECK(round_trip(deep{}) == deep{});
    CHECK(json_of(deep{}) == "{}");
    const deep full{{{{{"a", 1}}, {}, {{"b", 2}, {"c", 3}}}}};
    CHECK(round_trip(full) == full);
    CHECK(read_json<deep>(R"({"o": null})").value() == deep{});
    CHECK(read_json<deep>(R"({"o": []})").value().o->empty());
}

TEST_CASE("a struct may hold itself, by vectors and pointers") {
    tree t{1, {}, nullptr, nullptr};
    t.children.push_back({2, {}, nullptr, nullptr});
    t.left = std::make_unique<tree>(tree{3, {}, nullptr, nullptr});
    t.left->right = std::make_shared<tree>(tree{4, {}, nullptr, nullptr});
    const tree out = round_trip(t);
    CHECK(out.children.at(0).value == 2);
    CHECK(out.left->value == 3);
    CHECK(out.left->right->value == 4);
    CHECK(out.right == nullptr);
    CHECK(json_of(out) == json_of(t));
}

TEST_CASE("an alternative of a variant is chosen by the BSON type") {
    for (const choice& c :
         {choice{}, choice{5}, choice{"text"}, choice{address{"s", "z"}}, choice{std::vector{1, 2}},
          choice{true}, choice{std::int64_t{1} << 40}}) {
        CHECK(round_trip(c) == c);
    }
    // A double is none of them, but it is a number: the first that is one takes it.
    CHECK(read_json<choice>(R"({"v": 2.0})").value() == choice{2});
    CHECK(error_of<choice>(R"({"v": {"$oid": "000000000000000000000000"}})", errc::wrong_type) ==
          "v: no alternative for object_id");
}

TEST_CASE("an empty struct is an empty document") {
    CHECK(json_of(empty{}) == "{}");
    CHECK(round_trip(nested_empty{{}, empty{}}) == nested_empty{{}, empty{}});
    CHECK(read_json<empty>(R"({"unknown": 1})"));
}

TEST_CASE("thirty fields go in and out in any order, with unknown ones between") {
    thirty t{};
    t.f01 = "one";
    t.f13 = true;
    t.f26 = "twenty-six";
    t.f29 = 29;
    CHECK(round_trip(t) == t);

    bson::byte_buffer bytes;
    REQUIRE(bson::encode_document(t, bytes));
    std::vector<bson::value_view> values;
    for (const auto& element : document_view(bytes.data(), bytes.size())) {
        values.push_back(element.value());
    }
    document reversed;
    for (auto it = values.rbegin(); it != values.rend(); ++it) {
        reversed.append(it->key(), *it);
        reversed.append("unknown_" + std::string(it->key()), 1);
    }
    CHECK(bson::decode_document<thirty>(reversed).value() == t);
}

TEST_CASE("unknown keys are ignored and of two equal keys the first counts") {
    const auto p = read_json<person>(
        R"({"x": {"deep": [1, {"y": 2}]}, "_id": 1, "name": "first", "home": {"zip": "z", "street": "s"},
            "tags": [], "z": null})");
    CHECK(p.value().name == "first");
    document twice = bson::from_json(R"({"street": "a", "zip": "b"})").value();
    twice.append("street", "second");
    CHECK(bson::decode_document<address>(twice).value() == address{"a", "b"});
    document map = bson::from_json(R"({"k": 1})").value();
    map.append("k", 2);
    CHECK(bson::decode_document<std::map<std::string, int>>(map).value().at("k") == 1);
}

TEST_CASE("documents, views and maps are document-like too") {
    const document d = bson::from_json(R"({"a": 1, "b": 2})").value();
    CHECK(json_of(d) == json_of(d.view()));
    CHECK(bson::decode_document<document>(d).value() == d);
    CHECK(bson::decode_document<document_view>(d).value().data() == d.data());
    using map = std::map<std::string, int>;
    CHECK(bson::decode_document<map>(d).value() == map{{"a", 1}, {"b", 2}});
    CHECK(json_of(map{{"a", 1}, {"b", 2}}) == json_of(d));
    static_assert(bson::document_like<document> && bson::document_like<person>);
    static_assert(!bson::document_like<int> && !bson::document_like<std::vector<int>>);
    static_assert(bson::encodable<int> && bson::decodable<std::string>);
    static_assert(!bson::encodable<int*> && !bson::encodable<char> && !bson::encodable<std::byte>);
}

TEST_CASE("one value is encoded and decoded by itself, with its path in the error") {
    bson::byte_buffer bytes;
    bson::writer w(bytes);
    w.begin_document();
    bson::encode(w, "home", address{"s", "z"});
    bson::encode(w, "list", std::vector<address>{{"t", "y"}});
    bson::encode(w, "none", std::optional<int>());
    w.end();
    REQUIRE(w.ok());
    const document_view view = w.view();
    CHECK(bson::decode<address>(view["home"]).value() == address{"s", "z"});
    CHECK(bson::decode<std::vector<address>>(view["list"]).value().at(0).zip == "y");
    CHECK(bson::decode<std::optional<int>>(view["none"]).value() == std::nullopt);
    CHECK(bson::decode<std::optional<int>>(view["absent"]).value() == std::nullopt);
    CHECK(bson::decode<int>(view["home"]["zip"]).error().message() ==
          "home.zip: expected int32, got string");
    CHECK(bson::decode<int>(view["absent"]).error().message() == "absent: key not found");
    CHECK(bson::decode<person>(view["home"]).error().message() == "home._id: key not found");
}

TEST_CASE("elements are added to a document that is already open") {
    bson::byte_buffer bytes;
    bson::writer w(bytes);
    w.begin_document();
    w.append("_id", 1);
    bson::encode_elements(w, address{"s", "z"});
    bson::encode_elements(w, std::map<std::string, int>{{"m", 1}});
    w.end();
    CHECK(json_of(w.view()) ==
          R"({"_id":{"$numberInt":"1"},"street":"s","zip":"z","m":{"$numberInt":"1"}})");
}

TEST_CASE("a document is encoded after what the buffer has, and a failure takes only itself away") {
    bson::byte_buffer bytes;
    bytes.append("before", 6);
    REQUIRE(bson::encode_document(address{"s", "z"}, bytes));
    const std::size_t size = bytes.size();
    CHECK(std::string_view(reinterpret_cast<const char*>(bytes.data()), 6) == "before");
    CHECK(bson::decode_document<address>(document_view(bytes.data() + 6, size - 6)).value().zip ==
          "z");
    struct too_much {
        std::string s;
        std::uint64_t u;
    };
    CHECK(bson::encode_document(too_much{"x", std::uint64_t{1} << 63}, bytes).error() ==
          errc::out_of_range);
    CHECK(bytes.size() == size);
    const std::map<std::string, int> with_nul{{std::string("a\0b", 3), 1}};
    CHECK(bson::encode_document(with_nul, bytes).error() == errc::embedded_nul);
    CHECK(bytes.size() == size);
}
