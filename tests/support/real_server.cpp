#include "real_server.hpp"

#include <mongoro/bson/object_id.hpp>

#include <cstdlib>

namespace mongoro::test {

std::optional<std::string> server_uri() {
    const char* const uri = std::getenv("MONGODB_URI");  // NOLINT(concurrency-mt-unsafe)
    if (uri == nullptr || *uri == '\0') {
        return std::nullopt;
    }
    return uri;
}

std::string unique_database(std::string_view prefix) {
    return "mongoro_" + std::string(prefix) + "_" + object_id::generate().to_string();
}

fail_point::fail_point(run_command run, std::string name, bson::document_view mode,
                       bson::document_view data)
    : run_(std::move(run)), name_(std::move(name)) {
    bson::document command;
    command.append("configureFailPoint", name_);
    if (mode.empty()) {
        command.append("mode", "alwaysOn");
    } else {
        command.append("mode", mode);
    }
    command.append("data", data);
    run_(command);
}

fail_point::~fail_point() {
    try {
        run_(bson::document().append("configureFailPoint", name_).append("mode", "off"));
    } catch (...) {  // NOLINT(bugprone-empty-catch): said in the header
    }
}

bson::document fail_point::times(std::int32_t n) {
    bson::document mode;
    mode.append("times", n);
    return mode;
}

}  // namespace mongoro::test
