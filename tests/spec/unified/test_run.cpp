#include "unified/test_run.hpp"

#include "unified/events.hpp"
#include "unified/failure.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/when_any.hpp>

#include <algorithm>
#include <utility>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;
using bson::value_view;

template <typename Options>
Options with_majority() {
    Options options;
    options.write_concern = write_concern::majority();
    return options;
}

std::string text_of(const value_view& of, std::string_view key) {
    return of[key].get<std::string>();
}

template <typename Handle>
Handle with_options(std::string_view kind, Handle handle, const value_view& options) {
    for (const auto& option : options) {
        const auto name = option.key();
        if (name == "readPreference") {
            handle = handle.with_read_preference(
                read_preference_of(option.value().get<document_view>()));
        } else if (name == "readConcern") {
            handle = handle.with_read_concern(read_concern_of(option.value().get<document_view>()));
        } else if (name == "writeConcern") {
            handle =
                handle.with_write_concern(write_concern_of(option.value().get<document_view>()));
        } else if (name == "timeoutMS") {
            handle =
                handle.with_timeout(std::chrono::milliseconds(option.value().get<std::int64_t>()));
        } else {
            throw skip_test(std::string(kind) + " option not built: " + std::string(name));
        }
    }
    return handle;
}

/// `create` with options that are given as the command has them.
document create_command(std::string_view name, document_view options) {
    document command;
    command.append("create", name);
    command.append_elements(options);
    document concern;
    concern.append("w", "majority");
    command.append("writeConcern", concern);
    return command;
}

task<> bounded(task<> what, std::chrono::seconds limit) {
    auto late = sleep_for(limit);
    const auto first = co_await when_any(std::move(what), std::move(late));
    if (first.index() == 1) {
        throw test_failure("not done after " + std::to_string(limit.count()) + " s");
    }
}

}  // namespace

test_run::test_run(deployment& on, document_view file, document_view test)
    : on_(on), file_(file), test_(test), threads_changed_(on.loop()), threads_(on.loop()) {}

verdict test_run::run() {
    verdict v;
    step(all(), v);
    entities_.each<client_entity>([](client_entity& c) { c.seen->stop(); });
    // Also of a thread that nobody waited for.
    entities_.each<std::shared_ptr<thread_entity>>([&](const std::shared_ptr<thread_entity>& t) {
        if (v.failure.empty() && v.skipped.empty()) {
            v.failure = t->failure;
            v.skipped = t->skipped;
        }
    });
    step(disarm(), v);
    if (v.failure.empty() && v.skipped.empty()) {
        try {
            check_observed();
        } catch (const skip_test& e) {
            v.skipped = e.what();
        } catch (const std::exception& e) {
            v.failure = e.what();
        }
        step(check_outcome(test_["outcome"]), v);
    }
    step(clear(), v);
    return v;
}

void test_run::step(task<> what, verdict& so_far) {
    try {
        sync_wait(on_.loop(), bounded(std::move(what), limit));
    } catch (const skip_test& e) {
        if (so_far.failure.empty() && so_far.skipped.empty()) {
            so_far.skipped = e.what();
        }
    } catch (const std::exception& e) {
        if (so_far.failure.empty() && so_far.skipped.empty()) {
            so_far.failure = e.what();
        }
    }
}

task<> test_run::all() {
    co_await set_up(file_["initialData"]);
    for (const auto& each : file_["createEntities"]) {
        co_await create(each.value().get<document_view>());
    }
    for (const auto& each : test_["operations"]) {
        co_await perform(each.value().get<document_view>());
    }
    if (test_["expectTracingMessages"]) {
        throw skip_test("client not built: observeTracingMessages");
    }
}

task<> test_run::set_up(value_view collections) {
    const auto& internal = on_.internal();
    const auto drop = with_majority<drop_options>();
    const auto insert = with_majority<insert_many_options>();
    for (const auto& each : collections) {
        const auto name = text_of(each.value(), "collectionName");
        const auto db = internal[text_of(each.value(), "databaseName")];
        co_await db[name].drop(drop);
        for (const std::string_view suffix : {".esc", ".ecoc"}) {
            co_await db["enxcol_." + name + std::string(suffix)].drop(drop);
        }
        std::vector<document> documents;
        for (const auto& one : each.value()["documents"]) {
            documents.emplace_back(one.value().get<document_view>());
        }
        const auto options = each.value()["createOptions"];
        if (options || documents.empty()) {
            const auto command =
                create_command(name, options ? options.get<document_view>() : document_view());
            co_await db.run_command(command);
        }
        if (!documents.empty()) {
            co_await db[name].insert_many(documents, insert);
        }
    }
}

task<> test_run::create(document_view entity) {
    if (const auto why = entity_violation(entity); !why.empty()) {
        throw test_failure("createEntities: " + why);
    }
    const auto one = *entity.begin();
    const auto kind = one.key();
    const auto of = one.value();
    const auto id = text_of(of, "id");
    if (kind == "client") {
        co_await create_client(of.get<document_view>());
    } else if (kind == "database") {
        auto& client = entities_.get<client_entity>(text_of(of, "client"));
        auto handle = client.handle[text_of(of, "databaseName")];
        entities_.add(id, with_options(kind, std::move(handle), of["databaseOptions"]));
    } else if (kind == "collection") {
        auto& db = entities_.get<database>(text_of(of, "database"));
        auto handle = db[text_of(of, "collectionName")];
        entities_.add(id, with_options(kind, std::move(handle), of["collectionOptions"]));
    } else if (kind == "thread") {
        entities_.add(id, std::make_shared<thread_entity>());
    } else {
        // What it is made of must be there all the same.
        if (kind == "session") {
            static_cast<void>(entities_.get<client_entity>(text_of(of, "client")));
        } else if (kind == "bucket") {
            static_cast<void>(entities_.get<database>(text_of(of, "database")));
        } else {
            static_cast<void>(entities_.get<client_entity>(
                of["clientEncryptionOpts"]["keyVaultClient"].get<std::string_view>()));
        }
        entities_.add(id, unbuilt_entity{std::string(kind)});
    }
}

task<> test_run::create_client(document_view description) {
    if (description["storeEventsAsEntities"]) {
        throw skip_test("deprecated: storeEventsAsEntities");
    }
    auto seen = std::make_shared<observer>(on_.loop(), description);
    auto made = on_.make_client(description, seen);
    const auto patience_ms = description["awaitMinPoolSizeMS"];
    const auto size = description["uriOptions"]["minPoolSize"].get_or<std::int64_t>(0);
    entities_.add(description["id"].get<std::string_view>(), client_entity{made, seen});
    if (patience_ms && size > 0) {
        const auto until =
            deadline::after(std::chrono::milliseconds(patience_ms.get<std::int64_t>()));
        const auto full = [seen, size] { return seen->pools_have(size); };
        const bool in_time = co_await seen->changed().wait(full, until);
        if (!in_time) {
            throw test_failure("the pools do not have minPoolSize connections in time");
        }
        seen->forget();
    }
}

task<> test_run::perform(document_view operation) {
    const auto name = operation["name"].get<std::string>();
    const auto object = operation["object"].get<std::string>();
    entity* on = object == "testRunner" ? nullptr : &entities_.find(object);
    const auto kind = on == nullptr ? std::string("testRunner") : std::string(kind_of(*on));
    const auto* const entry = find_operation(kind, name);
    if (entry == nullptr) {
        throw test_failure("unsupported operation " + name + " of a " + kind);
    }
    if (entry->run == nullptr) {
        throw skip_test("operation not built: " + name);
    }
    const auto given = operation["arguments"];
    call c{*this, arguments(given ? given.get<document_view>() : document_view()), on};
    std::string why;
    try {
        auto got = co_await entry->run(c);
        check(operation, std::move(got));
    } catch (const skip_test&) {
        throw;
    } catch (const std::exception& e) {
        why = e.what();
    }
    if (!why.empty()) {
        throw test_failure(name + ": " + why);
    }
}

void test_run::check(document_view operation, operation_result got) {
    if (!got.failure.server_message().empty()) {
        server_texts_.emplace_back(got.failure.server_message());
    }
    if (operation["ignoreResultAndError"].get_or(false)) {
        return;
    }
    const auto by = matching();
    if (const auto expected = operation["expectError"]) {
        if (!got.failure) {
            throw test_failure("no error, but " + shown(got.value.view()));
        }
        if (const auto why = error_mismatch(by, expected, got.failure); !why.empty()) {
            throw test_failure(why);
        }
        return;
    }
    if (got.failure) {
        throw test_failure(got.failure.to_string() + ": " +
                           std::string(got.failure.server_message()));
    }
    if (const auto expected = operation["expectResult"]) {
        const auto value = got.value.view();
        const bool both_nothing = expected.is_null() && !value;
        const auto why = both_nothing      ? ""
                         : got.from_cursor ? by.mismatch_each(expected, value)
                                           : by.mismatch(expected, value, matcher::level::root);
        if (!why.empty()) {
            throw test_failure("the result: " + why);
        }
    }
    if (const auto as = operation["saveResultAsEntity"]) {
        if (!got.made && !got.value.exists()) {
            throw test_failure("no result to save");
        }
        entities_.add(as.get<std::string_view>(),
                      got.made ? *std::move(got.made) : entity(std::move(got.value)));
    }
}

void test_run::dispatch(const std::shared_ptr<thread_entity>& to, document_view operation) {
    if (to->ended) {
        throw test_failure("the thread has ended");
    }
    to->waiting.push_back(operation);
    if (!to->running) {
        to->running = true;
        threads_.spawn(work(to));
    }
}

// A failure is kept for waitForThread, so that it does not stop the other threads.
task<> test_run::work(std::shared_ptr<thread_entity> thread) {
    while (!thread->waiting.empty() && thread->failure.empty() && thread->skipped.empty()) {
        const auto next = thread->waiting.front();
        thread->waiting.pop_front();
        try {
            co_await perform(next);
        } catch (const skip_test& e) {
            thread->skipped = e.what();
        } catch (const std::exception& e) {
            thread->failure = e.what();
        }
    }
    thread->running = false;
    threads_changed_.announce();
}

void test_run::check_observed() {
    const auto by = matching();
    for (const auto& each : test_["expectEvents"]) {
        const auto name = text_of(each.value(), "client");
        const auto& seen = *entities_.get<client_entity>(name).seen;
        if (const auto why = events_mismatch(by, each.value(), seen.events()); !why.empty()) {
            throw test_failure("events of " + name + ": " + why);
        }
    }
    for (const auto& each : test_["expectLogMessages"]) {
        const auto name = text_of(each.value(), "client");
        const auto& seen = *entities_.get<client_entity>(name).seen;
        const auto why = messages_mismatch(by, each.value(), seen.messages(), server_texts_);
        if (!why.empty()) {
            throw test_failure("log of " + name + ": " + why);
        }
    }
}

task<> test_run::check_outcome(value_view collections) {
    document order;
    order.append("_id", 1);
    find_options options;
    options.sort = order;
    options.read_concern = read_concern{.level = "local"};
    for (const auto& each : collections) {
        const auto name = text_of(each.value(), "collectionName");
        const auto db = on_.internal()[text_of(each.value(), "databaseName")];
        const auto got = co_await db[name].find({}, options).to_vector();
        const auto wanted = each.value()["documents"].get<bson::array_view>();
        if (got.size() != wanted.count()) {
            throw test_failure("outcome: " + name + " has " + std::to_string(got.size()) +
                               " documents, wanted " + std::to_string(wanted.count()));
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
            const auto why = difference(got[i], wanted.at(i).get<document_view>());
            if (!why.empty()) {
                throw test_failure("outcome: " + name + ": " + why);
            }
        }
    }
}

task<> test_run::disarm() {
    std::string why;
    for (const auto& each : armed_) {
        try {
            co_await on_.disarm(each);
        } catch (const std::exception& e) {
            why = "cannot turn " + each + " off: " + e.what();
        }
    }
    armed_.clear();
    if (!why.empty()) {
        throw test_failure(why);
    }
}

task<> test_run::clear() {
    threads_.cancel();
    try {
        co_await threads_.join();
    } catch (const exception&) {  // that they were stopped
    }
    std::vector<std::shared_ptr<cursor_entity>> cursors;
    entities_.each<std::shared_ptr<cursor_entity>>(
        [&](std::shared_ptr<cursor_entity>& each) { cursors.push_back(each); });
    for (const auto& each : cursors) {
        static_cast<void>(co_await as_result(each->handle.close()));
    }
    std::vector<client> clients;
    entities_.each<client_entity>([&](client_entity& each) { clients.push_back(each.handle); });
    bool late = false;
    for (const auto& each : clients) {
        const auto closed = co_await as_result(each.close(deadline::after(patience)));
        late = late || (!closed && closed.error() == errc::deadline_exceeded);
    }
    entities_.clear();
    if (late) {
        throw test_failure("a client does not close");
    }
}

}  // namespace mongoro::spec::unified
