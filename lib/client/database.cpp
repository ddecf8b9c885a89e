#include "client/client_state.hpp"

#include <mongoro/database.hpp>

namespace mongoro {

namespace {

using detail::client_state;

task<result<document>> run_whole(std::shared_ptr<client_state> state, detail::command_handle c) {
    auto reply = co_await operation::execute(detail::deployment_of(state), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    co_return document(reply->body);
}

task<result<void>> run_void(std::shared_ptr<client_state> state, detail::command_handle c) {
    auto reply = co_await operation::execute(detail::deployment_of(state), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    co_return result<void>();
}

/// `nameOnly`, which leaves nothing but the name for a filter to look at: not sent where it looks
/// at more. Spec: enumerate-collections, "nameOnly".
std::optional<bool> only_names(const std::optional<bson::document_view>& filter) {
    if (filter) {
        for (const auto& element : *filter) {
            if (element.key() != "name") {
                return std::nullopt;
            }
        }
    }
    return true;
}

task<result<std::vector<std::string>>> run_names(std::shared_ptr<detail::cursor_core> core) {
    std::vector<std::string> names;
    for (;;) {
        while (core->has_buffered()) {
            auto name = core->take(batch<document>::ahead)["name"].try_get<std::string>();
            if (!name) {
                co_return name.error();
            }
            names.push_back(std::move(*name));
        }
        auto more = co_await core->fetch();
        if (!more) {
            co_return more.error();
        }
        if (!*more) {
            co_return std::move(names);
        }
    }
}

}  // namespace

database::database(std::shared_ptr<detail::client_state> client, std::string_view name)
    : client_(std::move(client)), name_(name), settings_(client_->settings()) {}

database database::with_read_preference(const read_preference& preference) const {
    auto changed = *this;
    changed.settings_ = detail::with_setting(settings_, preference);
    return changed;
}

database database::with_read_concern(const read_concern& concern) const {
    auto changed = *this;
    changed.settings_ = detail::with_setting(settings_, concern);
    return changed;
}

database database::with_write_concern(const write_concern& concern) const {
    auto changed = *this;
    changed.settings_ = detail::with_setting(settings_, concern);
    return changed;
}

database database::with_timeout(std::chrono::milliseconds timeout) const {
    auto changed = *this;
    changed.settings_ = detail::with_setting(settings_, timeout);
    return changed;
}

operation::target database::target(std::string_view collection) const noexcept {
    return {name_, collection, settings_ ? &settings_ : nullptr};
}

awaitable<document> database::run_command(const bson::document_param& command,
                                          const run_command_options& options) const {
    return {run_whole(client_, operation::run_command(target(), command.view(), options)),
            &client_->core()};
}

cursor<document> database::run_cursor_command(const bson::document_param& command,
                                              const run_cursor_command_options& options) const {
    auto core = std::make_shared<detail::cursor_core>(
        client_, name_, "$cmd", operation::run_cursor_command(target(), command.view(), options));
    core->set_type(options.type, options.max_await_time);
    core->set_comment(options.comment);
    return cursor<document>(std::move(core));
}

cursor<document> database::aggregate(const bson::array_param& pipeline,
                                     const aggregate_options& options) const {
    auto core = std::make_shared<detail::cursor_core>(
        client_, name_, "$cmd.aggregate", operation::aggregate(target(), pipeline.view(), options));
    core->set_aggregate_options(options);
    return cursor<document>(std::move(core));
}

cursor<document> database::list_collections(const list_collections_options& options) const {
    auto core = std::make_shared<detail::cursor_core>(
        client_, name_, "$cmd.listCollections", operation::list_collections(target(), options));
    // The server has a getMore inherit the comment. Spec: enumerate-collections, "Comment".
    core->set_list_options(options.batch_size, std::nullopt);
    return cursor<document>(std::move(core));
}

awaitable<std::vector<std::string>> database::list_collection_names(
    const list_collections_options& options) const {
    auto names_only = options;
    names_only.name_only = only_names(options.filter);
    auto core = std::make_shared<detail::cursor_core>(
        client_, name_, "$cmd.listCollections", operation::list_collections(target(), names_only));
    core->set_list_options(options.batch_size, std::nullopt);
    return {run_names(std::move(core)), &client_->core()};
}

awaitable<void> database::create_collection(std::string_view name,
                                            const create_collection_options& options) const {
    return {run_void(client_, operation::create_collection(target(name), options)),
            &client_->core()};
}

awaitable<void> database::drop(const drop_options& options) const {
    return {run_void(client_, operation::drop_database(target(), options)), &client_->core()};
}

}  // namespace mongoro
