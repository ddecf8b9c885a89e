#pragma once

#include "client_support.hpp"

/// \file
/// Comparing what was sent, byte for byte, with what the CRUD specification and the server's
/// documentation say.

namespace mongoro::test {

using i64 = std::int64_t;

/// Runs one operation, whose reply is `reply`, and compares the command that it sent. Gives the
/// operation's value, if it has one.
template <typename Operation, typename Value = detail::await_value_t<Operation>>
auto check_sends(scene& s, Operation operation, document_view reply, const document& expected) {
    const std::string name((*expected.begin()).key());
    s.answer(name, reply);
    auto got = sync_wait(s.r, as_result(std::move(operation)));
    REQUIRE_MESSAGE(got, got.error().to_string());
    const auto commands = s.peer.received(name);
    REQUIRE(!commands.empty());  // of all of that name so far it is the last
    document whole = with_database_last(commands.back().body);
    for (const auto& [identifier, documents] : commands.back().sequences) {
        bson::array list;
        for (const auto& d : documents) {
            list.append(d);
        }
        whole.append(identifier, list);
    }
    CHECK(json(whole) == json(expected));
    CHECK(commands.back().flags == 0);
    CHECK(s.peer.problems() == "");
    if constexpr (!std::is_void_v<Value>) {
        return std::optional<Value>(std::move(*got));
    }
}

}  // namespace mongoro::test
