#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

command_handle run_command(std::string_view database, bson::document_view document,
                           const run_command_options& options) {
    auto c = command::make();
    c->begin(database, document);
    c->set_kind(command::kind::other);
    if (options.read_preference) {
        c->set_settings(detail::with_setting({}, *options.read_preference));
    }
    append_read_concern(c->body(), options.read_concern);
    return c;
}

command_handle ping() {
    auto c = command::make();
    c->begin("ping", "admin");
    c->set_kind(command::kind::read);
    return c;
}

}  // namespace mongoro::operation
