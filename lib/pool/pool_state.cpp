#include "pool/pool_state.hpp"

#include "wire/hello.hpp"

namespace mongoro::pool {

namespace {

constexpr pool_settings defaults;

}  // namespace

void connection_record::learn(const wire::hello_reply& hello) {
    hello_complete = true;
    server_connection_id = hello.connection_id;
    const auto service = hello.document()["serviceId"];
    if (service.type() == bson::type::object_id) {
        service_id = service.get<bson::object_id>();
    }
}

pool_state::pool_state(const pool_settings& settings) : settings_(settings) {
    if (settings_.max_connecting == 0) {
        settings_.max_connecting = defaults.max_connecting;
    }
}

bool pool_state::ready() noexcept {
    if (phase_ != phase::paused) {
        return false;
    }
    phase_ = phase::ready;
    return true;
}

bool pool_state::clear() noexcept {
    ++generation_;
    if (phase_ != phase::ready) {
        return false;
    }
    phase_ = phase::paused;
    return true;
}

bool pool_state::clear_service(const bson::object_id& service) noexcept {
    const auto found = services_.find(service);
    if (found == services_.end()) {
        return false;
    }
    ++found->second.generation;
    return true;
}

bool pool_state::close() noexcept {
    if (phase_ == phase::closed) {
        return false;
    }
    phase_ = phase::closed;
    ++generation_;
    return true;
}

std::uint64_t pool_state::generation(const bson::object_id& service) const noexcept {
    const auto found = services_.find(service);
    return found == services_.end() ? 0 : found->second.generation;
}

void pool_state::join(connection_record& record) {
    if (settings_.load_balanced && record.service_id) {
        auto& of = services_[*record.service_id];
        ++of.connections;
        record.generation = of.generation;
        record.of_service = true;
    }
}

void pool_state::leave(const connection_record& record) noexcept {
    if (!record.of_service) {
        return;
    }
    const auto found = services_.find(*record.service_id);
    if (found != services_.end() && --found->second.connections == 0) {
        services_.erase(found);
    }
}

bool pool_state::may_open(const counts& now, bool to_min_size) const noexcept {
    if (!is_ready() || now.pending >= settings_.max_connecting || is_full(now.total)) {
        return false;
    }
    return now.waiting > now.useful || (to_min_size && now.total < settings_.min_size);
}

std::optional<connection_closed_reason> pool_state::perished(const connection_record& record,
                                                             bool broken) const noexcept {
    if (is_closed()) {
        return connection_closed_reason::pool_closed;
    }
    if (broken && !record.interrupted) {
        return connection_closed_reason::error;
    }
    if (broken || !is_current(record)) {
        return connection_closed_reason::stale;
    }
    return std::nullopt;
}

pool_options pool_state::options() const noexcept {
    auto told = settings_.given;
    const auto add = [](auto& option, const auto& now, const auto& otherwise) {
        if (option || now != otherwise) {
            option = now;
        }
    };
    add(told.max_pool_size, settings_.max_size, defaults.max_size);
    add(told.min_pool_size, settings_.min_size, defaults.min_size);
    add(told.max_connecting, settings_.max_connecting, defaults.max_connecting);
    add(told.max_idle_time, settings_.max_idle_time, defaults.max_idle_time);
    add(told.wait_queue_timeout, settings_.wait_queue_timeout, defaults.wait_queue_timeout);
    return told;
}

std::string timeout_text(std::string_view address, const pool_settings& settings,
                         const pool_usage& usage) {
    std::string text = "Timed out while checking out a connection from connection pool ";
    text += address;
    const auto add = [&](std::string_view what, std::size_t n) {
        text += what;
        text += std::to_string(n);
    };
    text += settings.load_balanced ? ". Timeout waiting for connection from the connection pool. "
                                   : ": ";
    add("maxPoolSize: ", settings.max_size);
    add(", connections in use by cursors: ", usage.cursors);
    add(", connections in use by transactions: ", usage.transactions);
    add(", connections in use by other operations: ", usage.operations);
    add(", connections being opened: ", usage.opening);
    add(", connections: ", usage.connections);
    return text;
}

}  // namespace mongoro::pool
