// Operations of clients and databases.

#include "unified/operations.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/deadline.hpp>

#include <array>
#include <chrono>

namespace mongoro::spec::unified {

namespace {

using namespace std::chrono_literals;
using bson::document_view;

task<operation_result> close(call& c) {
    c.args.finish();
    // What else closing may come to is nothing that tests look at.
    const auto closed =
        co_await as_result(c.as<client_entity>().handle.close(deadline::after(10s)));
    if (!closed && closed.error() == errc::deadline_exceeded) {
        throw test_failure("the client does not close");
    }
    co_return gave_nothing();
}

task<operation_result> list_databases(call& c) {
    const auto options = options_of<list_databases_options>(c);
    return come_of(c.as<client_entity>().handle.list_databases(options));
}

task<operation_result> list_database_names(call& c) {
    const auto options = options_of<list_databases_options>(c);
    return come_of(c.as<client_entity>().handle.list_database_names(options));
}

task<operation_result> drop_database(call& c) {
    const auto name = c.args.required<std::string_view>("database");
    const auto options = options_of<drop_options>(c);
    return come_of(c.as<client_entity>().handle[name].drop(options));
}

task<operation_result> append_metadata(call& c) {
    const auto given = c.args.required<document_view>("driverInfoOptions");
    c.args.finish();
    driver_info wrapper;
    for (const auto& [key, value] : given) {
        auto* const to = key == "name"       ? &wrapper.name
                         : key == "version"  ? &wrapper.version
                         : key == "platform" ? &wrapper.platform
                                             : nullptr;
        if (to == nullptr) {
            throw test_failure("driverInfoOptions has no " + std::string(key));
        }
        *to = value.get<std::string_view>();
    }
    const auto done = c.as<client_entity>().handle.append_metadata(wrapper);
    co_return done ? gave_nothing() : failed(done.error());
}

/// The command; its name is given once more for drivers that do not keep the order of keys.
document_view command_of(call& c) {
    const auto command = c.args.required<document_view>("command");
    const auto name = c.args.optional("commandName");
    if (name && !command[name.get<std::string_view>()]) {
        throw test_failure("the command has no field of its name");
    }
    return command;
}

task<operation_result> run_command(call& c) {
    const auto command = command_of(c);
    const auto options = options_of<run_command_options>(c);
    return come_of(c.as<database>().run_command(command, options));
}

cursor<> command_cursor(call& c) {
    const auto command = command_of(c);
    run_cursor_command_options options;
    c.args.options(options);
    if (const auto time = c.args.optional("maxTimeMS")) {
        options.max_await_time = std::chrono::milliseconds(time.get<std::int64_t>());
    }
    const auto size = c.args.optional("batchSize");
    c.args.finish();
    auto found = c.as<database>().run_cursor_command(command, options);
    if (size) {
        found.batch_size(size.get<std::int32_t>());
    }
    return found;
}

task<operation_result> run_cursor_command(call& c) {
    return all_of(command_cursor(c));
}

task<operation_result> create_command_cursor(call& c) {
    return opened(command_cursor(c));
}

task<operation_result> aggregate(call& c) {
    const auto pipeline = c.args.required<bson::array_view>("pipeline");
    const auto options = options_of<aggregate_options>(c);
    return all_of(c.as<database>().aggregate(pipeline, options));
}

task<operation_result> list_collections(call& c) {
    const auto options = options_of<list_collections_options>(c);
    return all_of(c.as<database>().list_collections(options));
}

task<operation_result> list_collection_names(call& c) {
    const auto options = options_of<list_collections_options>(c);
    return come_of(c.as<database>().list_collection_names(options));
}

task<operation_result> create_collection(call& c) {
    const auto name = c.args.required<std::string_view>("collection");
    const auto options = options_of<create_collection_options>(c);
    const auto made = co_await as_result(c.as<database>().create_collection(name, options));
    if (!made) {
        co_return failed(made.error());
    }
    operation_result r;
    r.made = entity(c.as<database>()[name]);
    co_return r;
}

task<operation_result> drop_collection(call& c) {
    const auto name = c.args.required<std::string_view>("collection");
    const auto options = options_of<drop_options>(c);
    return come_of(c.as<database>()[name].drop(options));
}

constexpr std::array of_client = std::to_array<operation_entry>({
    {"client", "appendMetadata", append_metadata},
    {"client", "close", close},
    {"client", "listDatabases", list_databases},
    {"client", "listDatabaseNames", list_database_names},
    {"client", "dropDatabase", drop_database},
});

constexpr std::array of_database = std::to_array<operation_entry>({
    {"database", "runCommand", run_command},
    {"database", "runCursorCommand", run_cursor_command},
    {"database", "createCommandCursor", create_command_cursor},
    {"database", "aggregate", aggregate},
    {"database", "listCollections", list_collections},
    {"database", "listCollectionNames", list_collection_names},
    {"database", "createCollection", create_collection},
    {"database", "dropCollection", drop_collection},
});

}  // namespace

std::span<const operation_entry> client_operations() {
    return of_client;
}

std::span<const operation_entry> database_operations() {
    return of_database;
}

}  // namespace mongoro::spec::unified
