#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

namespace {

template <typename Options>
command_handle begin_command(target t, bson::document_view document, const Options& o) {
    auto c = command::make();
    c->begin(t.database, document);
    c->set_kind(command::kind::other);
    if (o.read_preference) {
        c->set_settings(detail::with_setting({}, *o.read_preference));
    }
    return c;
}

}  // namespace

command_handle run_command(target t, bson::document_view document,
                           const run_command_options& options) {
    auto c = begin_command(t, document, options);
    set_limit(*c, options.timeout, t);
    return c;
}

command_handle run_cursor_command(target t, bson::document_view document,
                                  const run_cursor_command_options& o) {
    auto c = begin_command(t, document, o);
    begin_limit(*c, {o.type, o.max_await_time, o.timeout, o.timeout_mode}, t);
    if (c->limit() && o.max_await_time && o.type != cursor_type::tailable_await) {
        c->fail({errc::invalid_argument,
                 "with a timeout, max_await_time is for a tailable_await cursor"});
    }
    return c;
}

[[gnu::hot]] command_handle ping(target t) {
    auto c = command::make();
    c->begin("ping", "admin");
    c->set_kind(command::kind::read);
    set_limit(*c, {}, t);
    return c;
}

}  // namespace mongoro::operation
