#include "client/client_state.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/with_deadline.hpp>

#include <utility>

namespace mongoro::detail {

namespace {

pool::connection_settings settings_of(const uri& where, const client_options& options) {
    pool::connection_settings settings;
    settings.host = where.host();
    settings.connect_timeout = options.connect_timeout.value_or(where.connect_timeout());
    settings.drain_timeout = options.drain_timeout;
    settings.app_name = options.app_name.empty() ? where.options().app_name.value_or(std::string())
                                                 : std::string(options.app_name);
    settings.validate_replies = options.validate_replies;
    settings.checksums = options.checksums;
    settings.compressors = where.options().compressors;
    settings.zlib_level = where.options().zlib_compression_level.value_or(settings.zlib_level);
    return settings;
}

pool::pool_settings pool_settings_of(const uri& where, const client_options& options) {
    const auto& given = where.options();
    pool::pool_settings settings;
    settings.max_size =
        options.max_pool_size.value_or(given.max_pool_size.value_or(settings.max_size));
    settings.min_size = given.min_pool_size.value_or(settings.min_size);
    settings.max_connecting = given.max_connecting.value_or(settings.max_connecting);
    settings.max_idle_time = given.max_idle_time.value_or(settings.max_idle_time);
    settings.wait_queue_timeout = given.wait_queue_timeout.value_or(settings.wait_queue_timeout);
    return settings;
}

/// Nobody hears of its error: the server's own timeout ends a cursor that could not be killed.
task<void> run_kill(pool::connection_pool& pool, command_handle c) {
    static_cast<void>(co_await operation::run(pool, std::move(c)));
}

}  // namespace

client_state::client_state(reactor& r, const uri& where, const client_options& options)
    : core_(r.core()),
      default_database_(where.database()),
      pool_(core_, settings_of(where, options), pool_settings_of(where, options), nullptr, nullptr),
      background_(r),
      reactor_alive_(core_.alive()) {
    pool_.ready();
}

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
