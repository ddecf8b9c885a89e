#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

command_handle run_command(std::string_view database, bson::document_view document,
                           const run_command_options& options) {
    auto c = command::make();
    c->begin(database, document);
    append_if(c->body(), options.read_concern);
    return c;
}

command_handle ping() {
    auto c = command::make();
    c->begin("ping", "admin");
    return c;
}

}  // namespace mongoro::operation
