#include <mongoro/connection.hpp>

#include "auth/authenticator.hpp"
#include "io/wait_queue.hpp"
#include "operation/operations.hpp"
#include "pool/cloud_login.hpp"
#include "pool/connection_pool.hpp"
#include "tls/context.hpp"
#include "wire/server_error.hpp"

#include <string>

namespace mongoro {

namespace detail {

/// A connection, and the commands that wait until the reply of one that was given up has been read.
class connection_state final : pool::connection_owner {
 public:
    explicit connection_state(std::unique_ptr<pool::connection> c)
        : connection_(std::move(c)), drained_(connection_->core()) {
        connection_->set_owner(this);
    }

    [[nodiscard]] pool::connection& get() noexcept { return *connection_; }

    task<result<document>> run(command_handle c) {
        using state = pool::connection::state;
        c->finish();
        if (c->failure()) {
            co_return c->failure();
        }
        while (connection_->status() == state::draining) {
            io::wait_queue::waiter mine(drained_);
            if (auto interrupted = co_await mine) {
                co_return interrupted;
            }
        }
        if (connection_->status() == state::busy) {
            co_return error(errc::invalid_argument, "a connection takes one command at a time");
        }
        if (connection_->status() == state::closed) {
            co_return error(errc::connection_closed, connection_->host().to_string());
        }
        if (auto too_large = c->check_size(connection_->limits())) {
            co_return too_large;
        }
        auto reply = co_await connection_->run(c, 0, 0);
        if (!reply) {
            co_return reply.error();
        }
        if (auto failed = command_error(reply->body)) {
            co_return failed;
        }
        co_return document(reply->body);
    }

 private:
    void drained(pool::connection&, const reply*) noexcept override {
        while (!drained_.empty()) {
            drained_.release_first(nullptr);
        }
    }

    std::unique_ptr<pool::connection> connection_;
    io::wait_queue drained_;
};

}  // namespace detail

namespace {

task<result<document>> run_command(std::shared_ptr<detail::connection_state> state,
                                   detail::command_handle c) {
    co_return co_await state->run(std::move(c));
}

task<result<document>> refuse_closed() {
    co_return error(errc::connection_closed);
}

}  // namespace

connection::connection(std::shared_ptr<detail::connection_state> state) noexcept
    : state_(std::move(state)) {}

connection::~connection() = default;

task<result<connection>> connection::open_in(detail::reactor_core& core, host_address host,
                                             connection_options options, std::string app_name,
                                             std::shared_ptr<auth::authenticator> login,
                                             result<std::shared_ptr<tls::context>> tls) {
    if (!tls) {
        co_return tls.error();
    }
    if (options.connect_timeout.count() < 0 || options.drain_timeout.count() < 0) {
        co_return error(errc::invalid_argument, "a timeout is negative");
    }
    pool::connection_settings settings;
    if (login) {
        if (auto usable = login->who().check(); !usable) {
            co_return usable.error();
        }
        if (auto ready = pool::set_up_cloud_login(settings, core, login->who(), nullptr, nullptr);
            !ready) {
            co_return ready.error();
        }
        settings.authenticator = std::move(login);
    }
    settings.host = std::move(host);
    settings.connect_timeout = options.connect_timeout;
    settings.drain_timeout = options.drain_timeout;
    settings.app_name = std::move(app_name);
    settings.validate_replies = options.validate_replies;
    settings.tls = std::move(*tls);
    auto opened = co_await pool::open_connection(core, std::move(settings));
    if (!opened) {
        co_return opened.error();
    }
    co_return connection(std::make_shared<detail::connection_state>(std::move(*opened)));
}

awaitable<connection> connection::open(reactor& r, const host_address& host,
                                       const connection_options& options) {
    std::shared_ptr<auth::authenticator> login;
    if (options.login != nullptr) {
        login = std::make_shared<auth::authenticator>(*options.login);
    }
    auto tls = options.tls != nullptr ? tls::context::make(*options.tls)
                                      : result<std::shared_ptr<tls::context>>(nullptr);
    return {open_in(r.core(), host, options, std::string(options.app_name), std::move(login),
                    std::move(tls)),
            &r.core()};
}

awaitable<document> connection::command(std::string_view database,
                                        const bson::document_param& command) {
    if (!state_) {
        return {refuse_closed()};
    }
    return {run_command(state_, operation::run_command({database, {}}, command.view(), {})),
            &state_->get().core()};
}

bool connection::is_open() const noexcept {
    return state_ && state_->get().status() != pool::connection::state::closed;
}

const host_address& connection::host() const noexcept {
    static const host_address none{.host = "", .port = 0};
    return state_ ? state_->get().host() : none;
}

}  // namespace mongoro
