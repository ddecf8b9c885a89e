// The special operations of the unified test format.

#include "unified/events.hpp"
#include "unified/operations.hpp"
#include "unified/test_run.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sleep_for.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;
using bson::value_view;
using std::chrono::milliseconds;

client_entity& client_of(call& c) {
    return c.test.entities().get<client_entity>(c.args.required<std::string_view>("client"));
}

task<operation_result> fail_point(call& c) {
    const auto& client = client_of(c).handle;
    const auto command = c.args.required<document_view>("failPoint");
    static_cast<void>(c.args.optional("session"));
    c.args.finish();
    const auto name = command["configureFailPoint"].get<std::string>();
    c.test.armed(name);
    co_await client["admin"].run_command(command);
    co_return gave_nothing();
}

task<operation_result> create_entities(call& c) {
    const auto entities = c.args.required<bson::array_view>("entities");
    c.args.finish();
    for (const auto& each : entities) {
        co_await c.test.create(each.value().get<document_view>());
    }
    co_return gave_nothing();
}

task<operation_result> wait(call& c) {
    const milliseconds time(c.args.required<std::int64_t>("ms"));
    c.args.finish();
    co_await sleep_for(time);
    co_return gave_nothing();
}

/// What waitForEvent and assertEventCount are about.
struct event_count {
    std::shared_ptr<observer> seen;
    value_view event;
    std::int64_t wanted;

    explicit event_count(call& c)
        : seen(client_of(c).seen),
          event(c.args.optional("event")),
          wanted(c.args.required<std::int64_t>("count")) {
        c.args.finish();
        if (!event) {
            throw test_failure("the argument event is missing");
        }
        if (const auto why = event_violation(event.get<document_view>()); !why.empty()) {
            throw test_failure("event: " + why);
        }
    }
    [[nodiscard]] std::int64_t got(const call& c) const {
        return count_events(c.test.matching(), event, seen->events());
    }
    [[nodiscard]] std::string text(const call& c) const {
        return std::to_string(got(c)) + " events, wanted " + std::to_string(wanted) + " of " +
               shown(event);
    }
};

task<operation_result> wait_for_event(call& c) {
    const event_count count(c);
    const auto enough = [&] { return count.got(c) >= count.wanted; };
    const bool in_time =
        co_await count.seen->changed().wait(enough, deadline::after(test_run::patience));
    if (!in_time) {
        throw test_failure("waited in vain: " + count.text(c));
    }
    co_return gave_nothing();
}

task<operation_result> assert_event_count(call& c) {
    const event_count count(c);
    if (count.got(c) != count.wanted) {
        throw test_failure(count.text(c));
    }
    co_return gave_nothing();
}

task<operation_result> assert_number_connections_checked_out(call& c) {
    const auto seen = client_of(c).seen;
    const auto wanted = c.args.required<std::int64_t>("connections");
    c.args.finish();
    if (seen->checked_out() != wanted) {
        throw test_failure(std::to_string(seen->checked_out()) + " are checked out");
    }
    co_return gave_nothing();
}

task<operation_result> run_on_thread(call& c) {
    const auto thread = c.test.entities().get<std::shared_ptr<thread_entity>>(
        c.args.required<std::string_view>("thread"));
    const auto operation = c.args.required<document_view>("operation");
    c.args.finish();
    if (const auto why = operation_violation(operation); !why.empty()) {
        throw test_failure(why);
    }
    c.test.dispatch(thread, operation);
    co_return gave_nothing();
}

task<operation_result> wait_for_thread(call& c) {
    const auto thread = c.test.entities().get<std::shared_ptr<thread_entity>>(
        c.args.required<std::string_view>("thread"));
    c.args.finish();
    thread->ended = true;
    const auto done = [&] { return !thread->running; };
    const bool in_time =
        co_await c.test.threads_changed().wait(done, deadline::after(test_run::patience));
    if (!in_time) {
        throw test_failure("the thread does not end");
    }
    if (!thread->failure.empty()) {
        throw test_failure(thread->failure);
    }
    if (!thread->skipped.empty()) {
        throw skip_test(thread->skipped);
    }
    co_return gave_nothing();
}

task<operation_result> record_topology_description(call& c) {
    const auto seen = client_of(c).seen;
    const auto id = c.args.required<std::string_view>("id");
    c.args.finish();
    const auto& now = seen->topology();
    c.test.entities().add(id, now ? now : std::make_shared<const topology_description>());
    co_return gave_nothing();
}

task<operation_result> assert_topology_type(call& c) {
    const auto& topology = c.test.entities().get<topology_description_ptr>(
        c.args.required<std::string_view>("topologyDescription"));
    const auto wanted = c.args.required<std::string_view>("topologyType");
    c.args.finish();
    if (mongoro::to_string(topology->type) != wanted) {
        throw test_failure("it is " + std::string(mongoro::to_string(topology->type)));
    }
    co_return gave_nothing();
}

std::string primary_of(const topology_description_ptr& topology) {
    const auto* const primary = topology ? topology->primary() : nullptr;
    return primary == nullptr ? "" : primary->address;
}

task<operation_result> wait_for_primary_change(call& c) {
    const auto seen = client_of(c).seen;
    const auto before = primary_of(c.test.entities().get<topology_description_ptr>(
        c.args.required<std::string_view>("priorTopologyDescription")));
    const auto given = c.args.optional("timeoutMS");
    c.args.finish();
    const milliseconds time =
        given ? milliseconds(given.get<std::int64_t>()) : milliseconds(test_run::patience);
    const auto has_changed = [&] {
        const auto now = primary_of(seen->topology());
        return !now.empty() && now != before;
    };
    const bool in_time = co_await seen->changed().wait(has_changed, deadline::after(time));
    if (!in_time) {
        throw test_failure("the primary did not change");
    }
    co_return gave_nothing();
}

/// The session ids of the last two commands.
std::pair<document, document> last_two_session_ids(call& c) {
    const auto seen = client_of(c).seen;
    c.args.finish();
    std::vector<document> ids;
    for (const auto& event : seen->events()) {
        if (event.name == "commandStartedEvent") {
            const auto id = event.data["command"]["lsid"];
            ids.emplace_back(id ? id.get<document_view>() : document_view());
        }
    }
    if (ids.size() < 2) {
        throw test_failure("fewer than two commands were observed");
    }
    auto last = std::pair(ids[ids.size() - 2], ids.back());
    if (last.first.empty() || last.second.empty()) {
        throw test_failure("a command has no lsid");
    }
    return last;
}

task<operation_result> assert_different_lsid(call& c) {
    const auto ids = last_two_session_ids(c);
    if (ids.first == ids.second) {
        throw test_failure("both have " + shown(ids.first));
    }
    co_return gave_nothing();
}

task<operation_result> assert_same_lsid(call& c) {
    const auto ids = last_two_session_ids(c);
    if (ids.first != ids.second) {
        throw test_failure(shown(ids.first) + " and " + shown(ids.second));
    }
    co_return gave_nothing();
}

task<bool> has_collection(call& c) {
    const auto db = c.test.on().internal()[c.args.required<std::string_view>("databaseName")];
    document filter;
    filter.append("name", c.args.required<std::string_view>("collectionName"));
    c.args.finish();
    list_collections_options options;
    options.filter = filter;
    const auto found = co_await db.list_collections(options).to_vector();
    co_return !found.empty();
}

task<bool> has_index(call& c) {
    const auto db = c.test.on().internal()[c.args.required<std::string_view>("databaseName")];
    const auto of = db[c.args.required<std::string_view>("collectionName")];
    const auto name = c.args.required<std::string>("indexName");
    c.args.finish();
    const auto found = co_await as_result(of.list_indexes().to_vector());
    if (!found && found.error().server_code_name() != "NamespaceNotFound") {
        throw exception(found.error());
    }
    co_return found&& std::ranges::any_of(*found, [&](const document& index) {
        return index["name"].get<std::string_view>() == name;
    });
}

enum class wanted : bool { nothing, something };

/// An assertion that `Find` finds something, or nothing.
template <task<bool> (*Find)(call&), wanted What>
task<operation_result> assert_found(call& c) {
    const bool there = co_await Find(c);
    if (there != (What == wanted::something)) {
        throw test_failure(there ? "it does" : "it does not");
    }
    co_return gave_nothing();
}

constexpr std::string_view runner = "testRunner";
constexpr std::array of_test_runner = std::to_array<operation_entry>({
    {runner, "failPoint", fail_point},
    {runner, "createEntities", create_entities},
    {runner, "wait", wait},
    {runner, "waitForEvent", wait_for_event},
    {runner, "assertEventCount", assert_event_count},
    {runner, "assertNumberConnectionsCheckedOut", assert_number_connections_checked_out},
    {runner, "runOnThread", run_on_thread},
    {runner, "waitForThread", wait_for_thread},
    {runner, "recordTopologyDescription", record_topology_description},
    {runner, "assertTopologyType", assert_topology_type},
    {runner, "waitForPrimaryChange", wait_for_primary_change},
    {runner, "assertDifferentLsidOnLastTwoCommands", assert_different_lsid},
    {runner, "assertSameLsidOnLastTwoCommands", assert_same_lsid},
    {runner, "assertCollectionExists", assert_found<has_collection, wanted::something>},
    {runner, "assertCollectionNotExists", assert_found<has_collection, wanted::nothing>},
    {runner, "assertIndexExists", assert_found<has_index, wanted::something>},
    {runner, "assertIndexNotExists", assert_found<has_index, wanted::nothing>},
});

}  // namespace

std::span<const operation_entry> test_runner_operations() {
    return of_test_runner;
}

}  // namespace mongoro::spec::unified
