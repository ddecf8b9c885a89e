#include "client/client_state.hpp"

#include "client/settings.hpp"
#include "pool/wait_drained.hpp"
#include "wire/client_metadata.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/with_deadline.hpp>

namespace mongoro::detail {

namespace {

/// The same settings, with whom the publisher tells.
deployment::settings told_by(monitoring::publisher& publisher, deployment::settings settings) {
    settings.commands = publisher.commands();
    settings.selections = publisher.selections();
    settings.pool_listener = publisher.pool();
    settings.listener = settings.monitoring.listener = publisher.topology();
    settings.topology.publish_events = settings.listener != nullptr;
    settings.warn = [&log = publisher.log()](const std::string& text) {
        log.warn(log_component::topology, text);
    };
    return settings;
}

deployment::deployment::prepare_function prepare_of(srv_source* srv) {
    if (srv == nullptr) {
        return {};
    }
    return [srv] { return srv->resolve(); };
}

deployment::deployment::poll_srv_function poll_of(srv_source* srv) {
    if (srv == nullptr) {
        return {};
    }
    return [srv](deployment::deployment& to) { return srv->poll(to); };
}

/// Nobody hears of its error: the server's own timeout ends a cursor that could not be killed.
task<void> run_kill(deployment::deployment& d, command_handle c, operation::cursor_pin pin) {
    // What ended the cursor may have made its server unknown for a while. Not longer than that: who
    // drops a cursor does not want to wait for a server that is gone.
    constexpr std::chrono::seconds patience{2};
    if (pin.connection) {
        if (co_await pool::wait_drained(*pin.connection) ||
            pin.connection->status() == pool::connection::state::closed) {
            co_return;
        }
    } else {
        const auto there = co_await d.find_ready(pin.server, deadline::after(patience));
        if (!there) {
            co_return;
        }
    }
    static_cast<void>(co_await operation::run(d, std::move(c), &pin));
}

}  // namespace

client_state::client_state(reactor& r, const uri& where, const client_options& options,
                           deployment::settings settings, monitoring::logger log)
    : core_(r.core()),
      default_database_(where.database()),
      settings_(handle_settings_of(where, options)),
      metadata_(settings.connection.metadata),
      publisher_({options.command_listener, options.pool_listener, options.topology_listener},
                 std::move(log)),
      srv_(where.is_srv() ? std::make_unique<srv_source>(
                                core_, where, told_by(publisher_, settings), publisher_.log())
                          : nullptr),
      deployment_(core_, told_by(publisher_, std::move(settings)), prepare_of(srv_.get()),
                  poll_of(srv_.get())),
      background_(r),
      reactor_alive_(core_.alive()) {
    open_.client = end_.client = this;
    open_.run = [](ready_node& self) noexcept {
        client_state& client = *static_cast<errand&>(self).client;
        if (client.ending_.load(std::memory_order_relaxed)) {
            return;
        }
        try {
            client.deployment_.open();
        } catch (const std::bad_alloc&) {
            // The first operation tries again.
        }
    };
    end_.run =
        end_.drop = [](ready_node& self) noexcept { delete static_cast<errand&>(self).client; };
    deployment_.set_kill(
        [this](std::uint64_t server, std::string_view name_space, std::int64_t id) noexcept {
            const auto dot = name_space.find('.');
            if (dot != std::string_view::npos) {
                operation::cursor_pin pin;
                pin.server = server;
                kill_cursor(name_space.substr(0, dot), name_space.substr(dot + 1), id,
                            std::move(pin), {});
            }
        });
    core_.schedule(open_);
}

client_state::~client_state() {
    if (*reactor_alive_) {
        core_.unschedule(open_);
    }
}

/// Nothing may fail here: the node that is handed over is a part of what it ends. Of a reactor that
/// has never run it cannot be said whose it will be, at this very moment perhaps.
void client_state::let_go(client_state* last) noexcept {
    // Dropped by one of its own listeners it ends in the next turn: what has called that is a part
    // of what ends.
    if (last->at_home() && !(*last->reactor_alive_ && last->publisher_.calls_user())) [[likely]] {
        delete last;
        return;
    }
    last->ending_.store(true, std::memory_order_relaxed);
    last->core_.schedule(last->end_);
}

void client_state::kill_cursor(std::string_view database, std::string_view collection,
                               std::int64_t id, operation::cursor_pin pin,
                               const std::optional<std::chrono::milliseconds>& timeout) noexcept {
    if (deployment_.refuses() || !*reactor_alive_) {
        return;
    }
    try {
        auto kill = operation::kill_cursors({database, collection}, id);
        operation::begin_limit(*kill, timeout, {});
        background_.spawn(run_kill(deployment_, std::move(kill), std::move(pin)));
    } catch (const std::bad_alloc&) {
        // The server's own timeout will end it.
    }
}

/// Ends when nothing is under way any more, or with the error that ended the wait.
task<error> client_state::wait_quiet() {
    if (!std::exchange(joining_, true)) {
        co_await background_.join();
    }
    co_return co_await deployment_.wait_quiet();
}

task<result<void>> client_state::close(deadline until) {
    deployment_.refuse();
    auto waited = co_await as_result(with_deadline(wait_quiet(), until));
    const error late = waited ? *waited : waited.error();
    background_.cancel();
    deployment_.close();
    if (late) {
        co_return late;
    }
    co_return result<void>();
}

}  // namespace mongoro::detail
