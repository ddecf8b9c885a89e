#include <mongoro/bson/object_id.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

using namespace mongoro;

namespace {

object_id with_time(std::uint32_t seconds) {
    std::array<std::uint8_t, 12> bytes{};
    for (int i = 0; i < 4; ++i) {
        bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
    }
    return object_id(bytes);
}

std::uint32_t counter_of(const object_id& id) {
    return std::uint32_t{id.bytes()[9]} << 16 | std::uint32_t{id.bytes()[10]} << 8 | id.bytes()[11];
}

std::string process_part(const object_id& id) {
    return id.to_string().substr(8, 10);
}

}  // namespace

TEST_CASE("the time of an ObjectId is an unsigned number of seconds") {
    using namespace std::chrono;
    CHECK(with_time(0).time() == sys_days{1970y / 1 / 1});
    CHECK(with_time(0x7FFFFFFF).time() == sys_days{2038y / 1 / 19} + 3h + 14min + 7s);
    CHECK(with_time(0x80000000).time() == sys_days{2038y / 1 / 19} + 3h + 14min + 8s);
    CHECK(with_time(0xFFFFFFFF).time() == sys_days{2106y / 2 / 7} + 6h + 28min + 15s);
}

TEST_CASE("a generated ObjectId carries the present time") {
    const auto before = ::time(nullptr);
    const auto id = object_id::generate();
    const auto after = ::time(nullptr);
    CHECK(id.time().time_since_epoch().count() >= before);
    CHECK(id.time().time_since_epoch().count() <= after);
}

TEST_CASE("the ObjectIds of one process share their random bytes and count up by one") {
    auto last = object_id::generate();
    for (int i = 0; i < 1000; ++i) {
        const auto next = object_id::generate();
        REQUIRE(process_part(next) == process_part(last));
        REQUIRE(counter_of(next) == ((counter_of(last) + 1) & 0xFFFFFF));
        last = next;
    }
}

TEST_CASE("the counter of ObjectIds goes on from 0xFFFFFF with 0") {
    auto last = object_id::generate();
    bool wrapped = false;
    for (std::uint32_t i = 0; i <= 0x1000000 && !wrapped; ++i) {
        const auto next = object_id::generate();
        if (counter_of(last) == 0xFFFFFF) {
            CHECK(counter_of(next) == 0);
            CHECK(process_part(next) == process_part(last));
            wrapped = true;
        }
        last = next;
    }
    CHECK(wrapped);
}

TEST_CASE("threads that generate ObjectIds at once never get the same") {
    constexpr std::size_t each = 20000;
    std::vector<std::vector<object_id>> made(4);
    std::vector<std::thread> threads;
    for (auto& ids : made) {
        threads.emplace_back([&ids] {
            for (std::size_t i = 0; i < each; ++i) {
                ids.push_back(object_id::generate());
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    std::unordered_set<object_id> all;
    for (const auto& ids : made) {
        all.insert(ids.begin(), ids.end());
    }
    CHECK(all.size() == made.size() * each);
}

TEST_CASE("a forked child has random bytes of its own") {
    const auto parents = object_id::generate();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto id = object_id::generate();
        const bool sent = ::write(ends[1], id.bytes().data(), 12) == 12;
        ::_exit(sent ? 0 : 1);
    }
    std::array<std::uint8_t, 12> bytes{};
    CHECK(::read(ends[0], bytes.data(), 12) == 12);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(status == 0);
    CHECK(process_part(object_id(bytes)) != process_part(parents));
    CHECK(process_part(object_id::generate()) == process_part(parents));
}

TEST_CASE("an ObjectId is read from 24 hexadecimal digits of either case") {
    const auto id = object_id::from_string("56E1FC72e0c917e9c4714161");
    REQUIRE(id);
    CHECK(id->to_string() == "56e1fc72e0c917e9c4714161");
    CHECK(id->bytes()[0] == 0x56);
    CHECK(id->bytes()[11] == 0x61);
}

TEST_CASE("text that is no ObjectId is refused") {
    for (const std::string_view bad :
         {"", "56e1fc72e0c917e9c471416", "56e1fc72e0c917e9c47141611", "56e1fc72e0c917e9c471416g",
          "twelve bytes", " 6e1fc72e0c917e9c4714161"}) {
        const auto id = object_id::from_string(bad);
        CHECK_FALSE(id);
        CHECK(id.error() == errc::invalid_argument);
    }
    CHECK_FALSE(object_id::from_string(std::string_view("56e1fc72e0c9\0007e9c4714161", 24)));
}

TEST_CASE("ObjectIds are ordered by their bytes") {
    CHECK(with_time(1) < with_time(2));
    CHECK(with_time(0x7FFFFFFF) < with_time(0x80000000));
    CHECK(object_id{} == with_time(0));
    CHECK(object_id{}.to_string() == std::string(24, '0'));
}
