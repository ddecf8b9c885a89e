#include "http_peer.hpp"

#include <algorithm>
#include <cctype>

namespace mongoro::test {

namespace {

/// Up to the blank line, byte by byte: what is behind it is the body.
bool read_head(peer_socket& socket, std::string& head) {
    std::vector<std::uint8_t> bytes;
    while (!head.ends_with("\r\n\r\n")) {
        bytes.clear();
        if (!socket.read_exactly(1, bytes)) {
            return false;
        }
        head += static_cast<char>(bytes[0]);
    }
    return true;
}

http_seen read_lines(std::string_view head) {
    http_seen seen;
    const auto line_end = head.find("\r\n");
    const auto first = head.substr(0, line_end);
    seen.method = first.substr(0, first.find(' '));
    seen.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
    head.remove_prefix(line_end + 2);
    while (!head.starts_with("\r\n")) {
        const auto end = head.find("\r\n");
        const auto line = head.substr(0, end);
        std::string name(line.substr(0, line.find(": ")));
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        seen.headers[name] = line.substr(line.find(": ") + 2);
        head.remove_prefix(end + 2);
    }
    return seen;
}

}  // namespace

http_answer http_status(int status, std::string_view body) {
    return {"HTTP/1.1 " + std::to_string(status) + " Words\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + std::string(body)};
}

http_answer http_ok(std::string_view body) {
    return http_status(200, body);
}

http_answer http_silence() {
    return {"", true};
}

http_peer::http_peer(answer_function answer) : http_peer(nullptr, std::move(answer)) {}

http_peer::http_peer(tls_server& tls, answer_function answer)
    : http_peer(&tls, std::move(answer)) {}

http_peer::http_peer(tls_server* tls, answer_function answer)
    : tls_(tls),
      answer_(std::move(answer)),
      listener_(listen_at::ipv4,
                [this](peer_socket& socket, std::size_t /*index*/) { serve(socket); }) {}

void http_peer::serve(peer_socket& socket) {
    std::string head;
    if ((tls_ != nullptr && !tls_->accept(socket)) || !read_head(socket, head)) {
        return;
    }
    auto seen = read_lines(head);
    if (const auto length = seen.headers.find("content-length"); length != seen.headers.end()) {
        std::vector<std::uint8_t> body;
        if (!socket.read_exactly(std::stoul(length->second), body)) {
            return;
        }
        seen.body.assign(body.begin(), body.end());
    }
    {
        const std::lock_guard lock(mutex_);
        seen_.push_back(seen);
        changed_.notify_all();
    }
    const auto answer = answer_(seen);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(answer.bytes.data());
    static_cast<void>(socket.write({bytes, answer.bytes.size()}));
    if (answer.hang) {
        socket.hang();
    }
    socket.close();
}

std::vector<http_seen> http_peer::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

bool http_peer::wait_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return seen_.size() >= count; });
}

}  // namespace mongoro::test
