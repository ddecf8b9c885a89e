#include "real_server.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/client.hpp>
#include <mongoro/sync_wait.hpp>

#include <algorithm>
#include <cstdlib>

namespace mongoro::test {

namespace {

bool is_mongos(const std::string& uri) {
    reactor r;
    const client c(r, uri);
    const auto hello = sync_wait(r, as_result(c["admin"].run_command({{"hello", 1}})));
    return hello && (*hello)["msg"].get_or<std::string_view>("") == "isdbgrid";
}

/// Without the hosts after the first.
std::string with_one_host(std::string uri) {
    const auto scheme = uri.find("://") + 3;
    const auto end = std::min(uri.find_first_of("/?", scheme), uri.size());
    const auto at = uri.rfind('@', end);  // a password may have a comma
    const auto comma = uri.find(',', at == std::string::npos ? scheme : at);
    return comma < end ? uri.erase(comma, end - comma) : uri;
}

}  // namespace

std::optional<std::string> server_uri() {
    const char* const uri = std::getenv("MONGODB_URI");  // NOLINT(concurrency-mt-unsafe)
    if (uri == nullptr || *uri == '\0') {
        return std::nullopt;
    }
    static const std::string chosen = [&] {
        const auto parsed = mongoro::uri::parse(uri);
        const bool several = parsed && parsed->hosts().size() > 1;
        return several && is_mongos(uri) ? with_one_host(uri) : std::string(uri);
    }();
    return chosen;
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
