#include "cloud_support.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

namespace mongoro::test {

world::world(reactor& on, const http_peer* peer)
    : r(on), port(peer != nullptr ? peer->port() : 0) {}

world::~world() {
    variables.clear();
    now = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
}

cloud::environment world::surroundings() {
    cloud::environment out;
    out.core = &r.core();
    const auto dial = [this](const host_address& host) {
        origins.push_back(host.host + ':' + std::to_string(host.port));
        const auto at =
            port != 0 ? io::address::ip("127.0.0.1", port) : io::address::ip(host.host, host.port);
        return io::connect(r.core(), at.value());
    };
    out.connect = cloud::connector(r.core(), dial);
    out.lookup = [](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
    out.now = [] { return now; };
    return out;
}

text_file::text_file(std::string_view text) : path_("/tmp/mongoro-cloud-test-XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
}

text_file::~text_file() {
    ::unlink(path_.c_str());
}

document payload_document(document_view command) {
    return document::from_bytes(command["payload"].get<bson::binary_view>().bytes).value();
}

document sasl_answer(bool done, document_view payload) {
    return {{"conversationId", 1},
            {"payload", bson::binary_view{bson::binary_subtype::generic, payload.bytes()}},
            {"done", done},
            {"ok", 1.0}};
}

}  // namespace mongoro::test
