#include "support.hpp"

#include <tuple>

using namespace mongoro;

namespace {

enum class colour { red, green = 7, blue };
enum class negative { minus = -1, one = 1 };

struct borrowed {
    std::string_view text;
    document_view doc;
    bson::value_view any;
};

struct renamed {
    std::string id;
    int age = 5;
    std::string city;
    void* cache = nullptr;  // skipped: its type need not be one that can be stored
    std::optional<int> rank;
    int kept = 42;
};

struct coloured {
    colour c;
    std::vector<colour> list;
    bool operator==(const coloured&) const = default;
};

class money {
 public:
    money() = default;
    explicit money(long cents) : cents_(cents) {}
    [[nodiscard]] long cents() const { return cents_; }
    bool operator==(const money&) const = default;

 private:
    long cents_ = 0;
};
struct invoice {
    money total;
    std::vector<money> parts;
    std::optional<money> discount;
    bool operator==(const invoice&) const = default;
};

class wrapped_document {
 public:
    int inner = 0;
    explicit wrapped_document(int i = 0) : inner(i) {}
};

}  // namespace

template <>
struct mongoro::bson::fields<renamed> {
    static constexpr std::tuple list{
        rename<&renamed::id>("_id"),     if_missing<&renamed::age>(18),
        if_missing<&renamed::city>("?"), skip<&renamed::cache>(),
        if_missing<&renamed::rank>(3),   rename<&renamed::kept>("kept_as"),
        if_missing<&renamed::kept>(),
    };
};
template <>
inline constexpr bool mongoro::bson::enum_by_name<colour> = true;
template <>
inline constexpr bool mongoro::bson::enum_by_name<negative> = true;
template <>
inline constexpr bool mongoro::bson::borrows<borrowed> = true;

template <>
struct mongoro::bson::codec<money> {
    static void encode(writer& w, std::string_view key, const money& m) {
        w.append(key, std::to_string(m.cents()) + "c");
    }
    static bool decode(const value_view& v, money& out, decode_context& context) {
        std::string text;
        if (!codec<std::string>::decode(v, text, context)) {
            return false;
        }
        if (!text.ends_with('c')) {
            return context.fail(errc::out_of_range, "not an amount");
        }
        out = money(std::stol(text));
        return true;
    }
};
template <>
struct mongoro::bson::codec<wrapped_document> {
    static void encode(writer& w, std::string_view key, const wrapped_document& d) {
        if (d.inner == 0) {
            return w.append(key, 0);  // not a document
        }
        w.begin_document(key);
        w.append("inner", d.inner);
        w.end();
    }
    static bool decode(const value_view& v, wrapped_document& out, decode_context& context) {
        return codec<int>::decode(v["inner"], out.inner, context);
    }
};

TEST_CASE("members are renamed, skipped and defaulted as the rules say") {
    renamed r;
    r.id = "i";
    r.city = "c";
    r.cache = &r;
    CHECK(json_of(r) ==
          R"({"_id":"i","age":{"$numberInt":"5"},"city":"c","kept_as":{"$numberInt":"42"}})");

    const auto missing = read_json<renamed>(R"({"_id": "x", "cache": 5})").value();
    CHECK(missing.id == "x");
    CHECK(missing.age == 18);
    CHECK(missing.city == "?");
    CHECK(missing.rank == 3);
    CHECK(missing.kept == 42);
    CHECK(missing.cache == nullptr);

    const auto there =
        read_json<renamed>(R"({"kept_as": 1, "rank": null, "city": "", "age": 2, "_id": "y"})")
            .value();
    CHECK(there.age == 2);
    CHECK(there.city.empty());
    CHECK(there.rank == std::nullopt);
    CHECK(there.kept == 1);

    CHECK(error_of<renamed>(R"({"id": "x"})", errc::key_not_found) == "_id: key not found");
    CHECK(error_of<renamed>(R"({"_id": "x", "age": null})", errc::wrong_type) ==
          "age: expected int32, got null");
}

TEST_CASE("an enumeration is stored by name where the trait says so") {
    const coloured c{colour::green, {colour::red, colour::blue}};
    CHECK(json_of(c) == R"({"c":"green","list":["red","blue"]})");
    CHECK(round_trip(c) == c);
    CHECK(error_of<coloured>(R"({"c": "pink", "list": []})", errc::out_of_range) ==
          "c: not a name of the enumeration");
    CHECK(error_of<coloured>(R"({"c": "red", "list": ["red", 1]})", errc::wrong_type) ==
          "list.1: expected string, got int32");
    bson::byte_buffer bytes;
    CHECK(bson::encode_document(coloured{static_cast<colour>(3), {}}, bytes).error() ==
          errc::out_of_range);
    CHECK(bytes.empty());
    struct unnamed {
        negative n;
    };
    CHECK(bson::encode_document(unnamed{negative::minus}, bytes).error() == errc::out_of_range);
    CHECK(json_of(unnamed{negative::one}) == R"({"n":"one"})");
}

TEST_CASE("a class with a codec of its own goes in and out, alone and in containers") {
    const invoice i{money(100), {money(60), money(40)}, money(5)};
    CHECK(json_of(i) == R"({"total":"100c","parts":["60c","40c"],"discount":"5c"})");
    CHECK(round_trip(i) == i);
    CHECK(error_of<invoice>(R"({"total": "1c", "parts": ["1c", "x"]})", errc::out_of_range) ==
          "parts.1: not an amount");
    CHECK(error_of<invoice>(R"({"total": 1, "parts": []})", errc::wrong_type) ==
          "total: expected string, got int32");
}

TEST_CASE("a codec of its own makes a class a whole document, if it writes one") {
    CHECK(json_of(wrapped_document(5)) == R"({"inner":{"$numberInt":"5"}})");
    CHECK(round_trip(wrapped_document(6)).inner == 6);
    bson::byte_buffer bytes;
    CHECK(bson::encode_document(wrapped_document(0), bytes).error() == errc::wrong_type);
    CHECK(error_of<wrapped_document>("{}", errc::key_not_found) == "key not found");

    bson::writer w(bytes);
    w.begin_document();
    bson::encode_elements(w, wrapped_document(3));
    w.end();
    CHECK(json_of(w.view()) == R"({"inner":{"$numberInt":"3"}})");
}

TEST_CASE("views point into the bytes where a struct says that it borrows") {
    const document d = bson::from_json(R"({"text": "abc", "doc": {"x": 1}, "any": 2})").value();
    const auto b = bson::decode_document<borrowed>(d).value();
    CHECK(b.text == "abc");
    const auto* text = reinterpret_cast<const std::uint8_t*>(b.text.data());
    CHECK((text > d.data() && text < d.data() + d.size()));
    CHECK(b.doc["x"].get<int>() == 1);
    CHECK(b.any.get<int>() == 2);
    CHECK(bson::detail::holds_views<std::vector<std::optional<borrowed>>>());
    CHECK_FALSE(bson::detail::holds_views<invoice>());
}
