#include "client/client_state.hpp"
#include "client/settings.hpp"
#include "client/unsupported.hpp"
#include "wire/client_metadata.hpp"

#include <mongoro/client.hpp>

namespace mongoro {

namespace {

using detail::client_state;

result<std::shared_ptr<client_state>> make_state(reactor& r, std::string_view text,
                                                 const client_options& options) {
    auto where = uri::parse(text);
    if (!where) {
        return where.error();
    }
    if (auto e = detail::unsupported_option(*where)) {
        return e;
    }
    auto settings = detail::settings_of(r.core(), *where, options);
    if (!settings) {
        return settings.error();
    }
    auto log = monitoring::logger::create(options.log);
    if (!log) {
        return log.error();
    }
    for (const auto& warning : where->warnings()) {
        log->warn(log_component::client, warning);
    }
    const auto left_out =
        detail::unsupported_compressors(where->options().compressors, wire::built_compressors());
    if (!left_out.empty()) {
        log->warn(log_component::client, left_out);
    }
    return std::shared_ptr<client_state>(
        new client_state(r, *where, options, std::move(*settings), std::move(*log)),
        &client_state::let_go);
}

[[gnu::hot]] task<result<void>> run_ping(std::shared_ptr<client_state> state) {
    auto reply =
        co_await operation::execute(detail::deployment_of(state), operation::ping(state->target()));
    if (!reply) {
        co_return reply.error();
    }
    co_return result<void>();
}

task<result<std::vector<document>>> run_list(std::shared_ptr<client_state> state,
                                             detail::command_handle c) {
    auto reply = co_await operation::execute(detail::deployment_of(state), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    const auto databases = operation::read_databases(reply->body);
    if (!databases) {
        co_return databases.error();
    }
    std::vector<document> list;
    for (const auto& one : *databases) {
        auto description = one.value().try_get<document>();
        if (!description) {
            co_return description.error();
        }
        list.push_back(std::move(*description));
    }
    co_return std::move(list);
}

task<result<std::vector<std::string>>> run_list_names(std::shared_ptr<client_state> state,
                                                      detail::command_handle c) {
    auto databases = co_await run_list(std::move(state), std::move(c));
    if (!databases) {
        co_return databases.error();
    }
    std::vector<std::string> names;
    for (const auto& one : *databases) {
        auto name = one["name"].try_get<std::string>();
        if (!name) {
            co_return name.error();
        }
        names.push_back(std::move(*name));
    }
    co_return std::move(names);
}

task<result<void>> run_close(std::shared_ptr<client_state> state, deadline until) {
    co_return co_await state->close(until);
}

}  // namespace

client::client(reactor& r, std::string_view uri, const client_options& options)
    : state_(std::move(make_state(r, uri, options).value())) {}

result<client> client::create(reactor& r, std::string_view uri, const client_options& options) {
    auto state = make_state(r, uri, options);
    if (!state) {
        return state.error();
    }
    return client(std::move(*state));
}

database client::default_database(std::string_view fallback) const {
    const auto& named = state_->default_database();
    return database(named.empty() ? fallback : std::string_view(named));
}

[[gnu::hot]] awaitable<void> client::ping() const {
    return {run_ping(state_), &state_->core()};
}

awaitable<std::vector<document>> client::list_databases(
    const list_databases_options& options) const {
    return {run_list(state_, operation::list_databases(state_->target(), options)),
            &state_->core()};
}

awaitable<std::vector<std::string>> client::list_database_names(
    const list_databases_options& options) const {
    auto names_only = options;
    names_only.name_only = true;
    return {run_list_names(state_, operation::list_databases(state_->target(), names_only)),
            &state_->core()};
}

result<void> client::append_metadata(const driver_info& wrapper) const {
    return state_->metadata().append(wrapper);
}

awaitable<void> client::close(deadline until) const {
    return {run_close(state_, until), &state_->core()};
}

client_statistics client::statistics() const noexcept {
    client_statistics sum;
    sum.connections_created = state_->servers().created_for_gone();
    for (const auto& server : state_->servers().servers()) {
        const auto& pool = server->pool();
        sum.connections += pool.size();
        sum.idle_connections += pool.idle();
        sum.connections_created += pool.created();
    }
    return sum;
}

}  // namespace mongoro
