#include "bytes.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document_param.hpp>
#include <mongoro/bson/validate.hpp>

#include <doctest/doctest.h>

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace mongoro::bson::test;

namespace {

void show(std::string& out, const bson::value_view& v);

/// JSON-like text, short enough to compare with: what is a document and what an array is all that
/// matters.
void show(std::string& out, bson::document_view view, bool is_array) {
    out += is_array ? '[' : '{';
    const char* comma = "";
    for (const auto& [key, value] : view) {
        out += comma;
        comma = ",";
        if (!is_array) {
            (out += key) += ':';
        }
        show(out, value);
    }
    out += is_array ? ']' : '}';
}

void show(std::string& out, const bson::value_view& v) {
    switch (v.type()) {
        case bson::type::document:
            return show(out, v.get<bson::document_view>(), false);
        case bson::type::array:
            return show(out, v.get<bson::array_view>().as_document(), true);
        case bson::type::string:
            ((out += '\'') += v.get<std::string_view>()) += '\'';
            return;
        case bson::type::int32:
        case bson::type::int64:
            out += std::to_string(v.get<std::int64_t>());
            return;
        default:
            out += bson::type_name(v.type());
    }
}

std::string text_of(const document& d) {
    CHECK(validate(d, {.array_keys = true}));
    std::string out;
    show(out, d, false);
    return out;
}
std::string text_of(const array& a) {
    CHECK(validate(a.view().as_document(), {.array_keys = true}));
    std::string out;
    show(out, a.view().as_document(), true);
    return out;
}

struct options {
    std::string_view comment;
    std::optional<int> limit;
};

/// A coroutine that is awaited at once, as an operation of a client is.
struct job {
    struct promise_type {
        job get_return_object() {
            return job{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { throw; }
    };
    explicit job(std::coroutine_handle<promise_type> h) : handle(h) {}
    job(const job&) = delete;
    job& operator=(const job&) = delete;
    ~job() { handle.destroy(); }
    void run() {
        while (!handle.done()) {
            handle.resume();
        }
    }
    std::coroutine_handle<promise_type> handle;
};

struct operation {
    bson::document_param filter;
    std::string comment;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept {}
    [[nodiscard]] std::string await_resume() const {
        return text_of(document(filter.view())) + comment;
    }
};

operation find(bson::document_param filter, options o = {}) {
    return {std::move(filter), std::string(o.comment)};
}

}  // namespace

TEST_CASE("the outermost braces are a document of pairs") {
    CHECK(text_of(document{}) == "{}");
    CHECK(text_of(document{{"name", "Ada"}}) == "{name:'Ada'}");
    CHECK(text_of(document{{"name", "Ada"}, {"tags", {"math", "engine"}}}) ==
          "{name:'Ada',tags:['math','engine']}");
    const std::string key = "dynamic";
    const std::string_view view = key;
    const char* pointer = key.c_str();
    CHECK(text_of(document{{key, 1}, {view, 2}, {pointer, 3}}) ==
          "{dynamic:1,dynamic:2,dynamic:3}");
    const document copy = {{"a", 1}};
    CHECK(text_of(copy) == "{a:1}");
}

TEST_CASE("a nested brace is a document if all its elements are pairs that start with a literal") {
    const std::string s = "s";
    CHECK(text_of(document{{"v", {{"a", 1}}}}) == "{v:{a:1}}");
    CHECK(text_of(document{{"v", {{"a", 1}, {"b", 2}}}}) == "{v:{a:1,b:2}}");
    CHECK(text_of(document{{"v", {{"a", "b"}, {"c", "d"}}}}) == "{v:{a:'b',c:'d'}}");
    CHECK(text_of(document{{"v", {{"a", {{"b", {{"c", {{"d", 1}}}}}}}}}}) ==
          "{v:{a:{b:{c:{d:1}}}}}");
    CHECK(text_of(document{{"v", {{"$in", {1, 2}}}}}) == "{v:{$in:[1,2]}}");
    CHECK(text_of(document{{"v", {{"x", {}}, {"y", {{}}}}}}) == "{v:{x:{},y:[{}]}}");
    // A key that is no literal makes an array.
    CHECK(text_of(document{{"v", {{s, 1}}}}) == "{v:[['s',1]]}");
    CHECK(text_of(document{{"v", {{"a", 1}, {s, 2}}}}) == "{v:[['a',1],['s',2]]}");
    // So do other lengths than two.
    CHECK(text_of(document{{"v", {{"a", 1, 2}}}}) == "{v:[['a',1,2]]}");
    CHECK(text_of(document{{"v", {{"a"}}}}) == "{v:[['a']]}");
    CHECK(text_of(document{{"v", {{"a", 1}, 2}}}) == "{v:[['a',1],2]}");
}

TEST_CASE("any other nested brace is an array") {
    CHECK(text_of(document{{"v", {5}}}) == "{v:[5]}");
    CHECK(text_of(document{{"v", {{5}}}}) == "{v:[[5]]}");
    CHECK(text_of(document{{"v", {{{5}}}}}) == "{v:[[[5]]]}");
    CHECK(text_of(document{{"v", {"a"}}}) == "{v:['a']}");
    CHECK(text_of(document{{"v", {"a", "b"}}}) == "{v:['a','b']}");
    CHECK(text_of(document{{"v", {"a", 1}}}) == "{v:['a',1]}");
    CHECK(text_of(document{{"v", {{1, 2}, {3, 4}}}}) == "{v:[[1,2],[3,4]]}");
    CHECK(text_of(document{{"v", {{{"a", 1}}, {{"b", 2}}}}}) == "{v:[{a:1},{b:2}]}");
    CHECK(text_of(document{{"v", {{{"a", 1}}}}}) == "{v:[{a:1}]}");
    CHECK(text_of(document{{"v", 5}}) == "{v:5}");
}

TEST_CASE("empty braces are the empty document") {
    CHECK(text_of(document{{"v", {}}}) == "{v:{}}");
    CHECK(text_of(document{{"v", {{}}}}) == "{v:[{}]}");
    CHECK(text_of(document{{"v", {{}, {}}}}) == "{v:[{},{}]}");
    CHECK(text_of(document{{"v", {1, {}}}}) == "{v:[1,{}]}");
}

TEST_CASE("arr and doc say which it is") {
    const std::string key = "k";
    CHECK(text_of(arr()) == "[]");
    CHECK(text_of(doc()) == "{}");
    CHECK(text_of(arr(1, "two", {3}, {{"four", 4}})) == "[1,'two',[3],{four:4}]");
    CHECK(text_of(arr({"a", 1}, {"b", 2})) == "[['a',1],['b',2]]");
    CHECK(text_of(doc({key, 1}, {"z", {2}})) == "{k:1,z:[2]}");
    CHECK(text_of(document{{"v", arr()}, {"w", doc({key, 1})}, {"x", arr({"a", 1})}}) ==
          "{v:[],w:{k:1},x:[['a',1]]}");
    CHECK(text_of(arr({{"$match", {{"a", 1}}}}, {{"$limit", 5}})) == "[{$match:{a:1}},{$limit:5}]");
}

TEST_CASE("braces hold up to 32 elements") {
    const document d{{"v", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, {}, {16}}}};
    const auto v = d["v"].get<bson::array_view>();
    REQUIRE(v.count() == 32);
    for (std::size_t i = 0; i < 30; ++i) {
        CHECK(v.at(i).get<std::size_t>() == i % 16 + 1);
    }
    CHECK(v.at(30).type() == bson::type::document);
    CHECK(v.at(31).at(0).get<int>() == 16);
    CHECK(text_of(document{{"v", {1, 2, 3, 4, {}}}}) == "{v:[1,2,3,4,{}]}");
    CHECK(text_of(document{{"v", {1, 2, 3, 4, {5}}}}) == "{v:[1,2,3,4,[5]]}");
    CHECK(text_of(document{{"v", {1, 2, 3, 4, {{}}}}}) == "{v:[1,2,3,4,[{}]]}");
    CHECK(text_of(document{{"v", {1, 2, 3, 4, 5, {}}}}) == "{v:[1,2,3,4,5,{}]}");
    CHECK(
        text_of(document{{"v", {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", {6}}}}}) ==
        "{v:{a:1,b:2,c:3,d:4,e:5,f:[6]}}");
    const document wide{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1},  {"e", 1}, {"f", 1}, {"g", 1},
                        {"h", 1}, {"i", 1}, {"j", 1}, {"k", 1},  {"l", 1}, {"m", 1}, {"n", 1},
                        {"o", 1}, {"p", 1}, {"q", 1}, {"r", 1},  {"s", 1}, {"t", 1}, {"u", 1},
                        {"v", 1}, {"w", 1}, {"x", 1}, {"y", 1},  {"z", 1}, {"A", 1}, {"B", 1},
                        {"C", 1}, {"D", 1}, {"E", 1}, {"F", {2}}};
    CHECK(wide.count() == 32);
    CHECK(wide["F"].at(0).get<int>() == 2);
}

TEST_CASE("values of every kind stand in braces") {
    const std::string text = "text";
    const document inner{{"x", 1}};
    char buffer[8] = "buf";
    const document d{{"string", text},
                     {"view", std::string_view(text)},
                     {"temporary", std::string("a temporary that is not short at all")},
                     {"buffer", buffer},
                     {"inner", inner},
                     {"inner_view", inner.view()},
                     {"value", inner["x"]},
                     {"none", std::optional<int>{}},
                     {"vector", std::vector<std::string>{"a", "b"}},
                     {"mixed", {text, std::string("tmp"), inner, 4.5, true, nullptr, object_id{}}}};
    CHECK(
        text_of(d) ==
        "{string:'text',view:'text',temporary:'a temporary that is not short at all',buffer:'buf',"
        "inner:{x:1},inner_view:{x:1},value:1,none:null,vector:['a','b'],"
        "mixed:['text','tmp',{x:1},double,boolean,null,object_id]}");
}

TEST_CASE("braces stand inside of a co_await expression") {
    std::vector<std::string> seen;
    const auto body = [](std::vector<std::string>& out) -> job {
        const std::string key = "dynamic";
        document lvalue{{"l", 1}};
        out.push_back(co_await find({{"name", "Ada"}}, {.comment = "x", .limit = 1}));
        out.push_back(co_await find({{"name", "Ada"}, {"tags", {"math", "engine"}}}));
        out.push_back(co_await find({{"v", {{"x", {{"y", {{"z", {1, 2, 3, 4, 5, {6}}}}}}}}}}));
        out.push_back(co_await find({{key, std::string("a temporary that is not short at all")}}));
        out.push_back(co_await find({}));
        out.push_back(co_await find(lvalue));
        out.push_back(co_await find(doc({key, arr({"a", 1})})));
        out.push_back(co_await find(lvalue.view(), {.comment = "y", .limit = {}}));
    };
    auto j = body(seen);
    j.run();
    CHECK(seen == std::vector<std::string>{"{name:'Ada'}x", "{name:'Ada',tags:['math','engine']}",
                                           "{v:{x:{y:{z:[1,2,3,4,5,[6]]}}}}",
                                           "{dynamic:'a temporary that is not short at all'}", "{}",
                                           "{l:1}", "{dynamic:[['a',1]]}", "{l:1}y"});
}

TEST_CASE("a bad key or value in braces throws, and says what it is") {
    const auto code_of = [](auto&& make) {
        try {
            (void)make();
        } catch (const exception& e) {
            return e.error().code();
        }
        return std::error_code{};
    };
    CHECK(code_of([] { return document{{std::string_view("a\0b", 3), 1}}; }) == errc::embedded_nul);
    CHECK(code_of([] { return document{{"\xFF", 1}}; }) == errc::invalid_utf8);
    CHECK(code_of([] { return document{{"v", ~std::uint64_t{0}}}; }) == errc::out_of_range);
    CHECK(code_of([] { return document{{"v", {{"\xFF", 1}}}}; }) == errc::invalid_utf8);
    CHECK(code_of([] { return arr(~std::uint64_t{0}); }) == errc::out_of_range);
    CHECK(code_of([] { return document{{"v", document{}["missing"]}}; }) == errc::key_not_found);
}

TEST_CASE("a document parameter looks at lvalues and views, and owns the rest") {
    const document d{{"a", 1}};
    const bson::document_param of_lvalue(d);
    CHECK_FALSE(of_lvalue.owns());
    CHECK(of_lvalue.view().data() == d.data());
    const bson::document_param of_view(d.view());
    CHECK_FALSE(of_view.owns());
    CHECK(of_view.view().data() == d.data());

    document source{{"b", 2}};
    const auto* const bytes = source.data();
    bson::document_param of_rvalue(std::move(source));
    CHECK(of_rvalue.owns());
    CHECK(of_rvalue.view().data() == bytes);
    CHECK(source.empty());  // NOLINT: what a moved-from document is, is promised
    const bson::document_param moved(std::move(of_rvalue));
    CHECK(moved.view().data() == bytes);

    const bson::document_param of_braces{{"c", {3}}};
    CHECK(of_braces.owns());
    CHECK(text_of(document(of_braces.view())) == "{c:[3]}");
    CHECK(bson::document_param{}.view().empty());
}

TEST_CASE("an array parameter does the same") {
    const array a = arr(1, 2);
    const bson::array_param of_lvalue(a);
    CHECK_FALSE(of_lvalue.owns());
    CHECK(of_lvalue.view().data() == a.data());
    const bson::array_param of_rvalue(arr(1, {{"x", 2}}));
    CHECK(of_rvalue.owns());
    CHECK(text_of(array(of_rvalue.view())) == "[1,{x:2}]");
    CHECK(bson::array_param{}.view().empty());
}
