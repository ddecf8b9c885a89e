#include "client/client_state.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/with_deadline.hpp>

#include <limits>

namespace mongoro::detail {

namespace {

pool::connection_settings settings_of(const uri& where, const client_options& options,
                                      monitoring::publisher& publisher) {
    pool::connection_settings settings;
    settings.host = where.host();
    settings.connect_timeout = options.connect_timeout.value_or(where.connect_timeout());
    settings.drain_timeout = options.drain_timeout;
    settings.app_name = options.app_name.empty() ? where.options().app_name.value_or(std::string())
                                                 : std::string(options.app_name);
    settings.validate_replies = options.validate_replies;
    settings.checksums = options.checksums;
    settings.commands = publisher.commands();
    return settings;
}

std::size_t pool_size(const uri& where, const client_options& options) {
    if (options.max_pool_size) {
        return *options.max_pool_size;
    }
    const std::size_t given = where.options().max_pool_size.value_or(100);
    return given == 0 ? std::numeric_limits<std::size_t>::max() : given;
}

/// Nobody hears of its error: the server's own timeout ends a cursor that could not be killed.
task<void> run_kill(pool::connection_pool& pool, command_handle c) {
    static_cast<void>(co_await operation::run(pool, std::move(c)));
}

}  // namespace

client_state::client_state(reactor& r, const uri& where, const client_options& options,
                           monitoring::logger log)
    : core_(r.core()),
      default_database_(where.database()),
      publisher_({options.command_listener, options.pool_listener, options.topology_listener},
                 std::move(log)),
      pool_(core_, settings_of(where, options, publisher_), pool_size(where, options)),
      background_(r),
      reactor_alive_(core_.alive()) {}

client_state::~client_state() = default;

void client_state::kill_cursor(std::string_view database, std::string_view collection,
                               std::int64_t id) noexcept {
    if (pool_.refuses() || !*reactor_alive_) {
        return;
    }
    try {
        background_.spawn(run_kill(pool_, operation::kill_cursors({database, collection}, id)));
    } catch (const std::bad_alloc&) {
        // The server's own timeout will end it.
    }
}

/// Ends when nothing is under way any more, or with the error that ended the wait.
task<error> client_state::wait_quiet() {
    if (!std::exchange(joining_, true)) {
        co_await background_.join();
    }
    co_return co_await pool_.wait_quiet();
}

task<result<void>> client_state::close(deadline until) {
    pool_.refuse();
    auto waited = co_await as_result(with_deadline(wait_quiet(), until));
    const error late = waited ? *waited : waited.error();
    background_.cancel();
    pool_.close();
    pool_.abort();
    if (late) {
        co_return late;
    }
    co_return result<void>();
}

}  // namespace mongoro::detail
