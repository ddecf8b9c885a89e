#include "operation/monitored.hpp"

#include "io/process_generation.hpp"
#include "wire/server_error.hpp"

#include <chrono>
#include <cstdint>
#include <new>
#include <span>

namespace mongoro::operation {

struct monitored_command::state {
    monitoring::command_monitor& monitor;
    monitoring::command_context context{};
    std::chrono::steady_clock::time_point start{};
    bool acknowledged = true;
    io::process_generation generation{};
};

void monitored_command::state_deleter::operator()(state* s) const noexcept {
    delete s;
}

void monitored_command::started(monitoring::command_monitor& monitor, std::int64_t operation_id,
                                pool::connection& connection, const wire::command& command,
                                std::size_t first, std::size_t last) {
    std::unique_ptr<state, state_deleter> starting(new state{.monitor = monitor});
    auto& context = starting->context;
    context.address = connection.host().to_string();
    context.driver_connection_id = connection.id();
    context.server_connection_id = connection.server_connection_id();
    context.service_id = connection.service_id();
    context.operation_id = operation_id != 0 ? operation_id : monitor.next_operation_id();
    const auto request_id = monitor.next_request_id();
    connection.set_next_request_id(request_id);
    context.request_id = request_id;
    starting->acknowledged = command.acknowledged();
    under_way_ = std::move(starting);

    const monitoring::document_sequence sequence{command.sequence(),
                                                 command.documents(first, last)};
    const std::size_t sequences = command.sequence().empty() ? 0 : 1;
    monitor.started(under_way_->context, command.document(), {&sequence, sequences});
    under_way_->start = std::chrono::steady_clock::now();
}

void monitored_command::end(const result<detail::reply>& reply) noexcept {
    const auto ended = std::move(under_way_);
    const auto duration = std::chrono::steady_clock::now() - ended->start;
    auto& monitor = ended->monitor;
    if (!reply) {
        return monitor.failed(ended->context, duration, reply.error());
    }
    if (!ended->acknowledged) {
        return monitor.succeeded(ended->context, duration, {});
    }
    error failure;
    try {
        failure = detail::command_error(reply->body);
    } catch (const std::bad_alloc&) {
        failure = std::make_error_code(std::errc::not_enough_memory);
    }
    if (failure) {
        monitor.failed(ended->context, duration, failure);
    } else {
        monitor.succeeded(ended->context, duration, reply->body);
    }
}

void monitored_command::abandon() noexcept {
    if (under_way_->generation.is_current()) {
        end(error(errc::operation_cancelled));
    }
}

}  // namespace mongoro::operation
