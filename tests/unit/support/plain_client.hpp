#pragma once

#include "wire/header.hpp"

#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

using bytes = std::vector<std::uint8_t>;

inline void append_number(bytes& to, std::size_t n) {
    for (int shift = 0; shift < 32; shift += 8) {
        to.push_back(static_cast<std::uint8_t>(n >> shift));
    }
}

// An OP_MSG of a body, and of a sequence `documents` if there are any.
inline bytes request(std::int32_t id, std::uint32_t flags, bson::document_view body,
                     const std::vector<bson::document>& documents = {}) {
    bytes out(wire::header_size);
    append_number(out, flags);
    out.push_back(0);
    out.insert(out.end(), body.data(), body.data() + body.size());
    if (!documents.empty()) {
        bytes section;
        const std::string_view identifier("documents\0", 10);
        section.insert(section.end(), identifier.begin(), identifier.end());
        for (const bson::document_view document : documents) {
            section.insert(section.end(), document.data(), document.data() + document.size());
        }
        out.push_back(1);
        append_number(out, 4 + section.size());
        out.insert(out.end(), section.begin(), section.end());
    }
    wire::encode_header(out.data(), {.message_length = static_cast<std::int32_t>(out.size()),
                                     .request_id = id,
                                     .response_to = 0,
                                     .op_code = static_cast<std::int32_t>(wire::opcode::msg)});
    return out;
}

// A client of blocking calls: what the peers are tried with here.
class plain_client {
 public:
    template <typename Peer>
    explicit plain_client(const Peer& peer) : plain_client(peer.host(), peer.port()) {}
    plain_client(const std::string& host, std::uint16_t port) {
        if (port == 0) {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::memcpy(address.sun_path, host.c_str(), host.size() + 1);
            connect_to(AF_UNIX, address);
        } else if (host == "::1") {
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_addr = in6addr_loopback;
            address.sin6_port = htons(port);
            connect_to(AF_INET6, address);
        } else {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(port);
            connect_to(AF_INET, address);
        }
    }
    plain_client(const plain_client&) = delete;
    plain_client& operator=(const plain_client&) = delete;
    ~plain_client() { ::close(fd_); }

    [[nodiscard]] bool connected() const { return connected_; }
    void send(std::span<const std::uint8_t> data) const {
        REQUIRE(::send(fd_, data.data(), data.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(data.size()));
    }
    // Up to `size` bytes; fewer where the peer closed. errno of a failure in `failed`.
    bytes receive(std::size_t size, int* failed = nullptr) const {
        bytes out(size);
        std::size_t have = 0;
        while (have < size) {
            const ssize_t got = ::recv(fd_, out.data() + have, size - have, 0);
            if (got <= 0) {
                if (failed != nullptr) {
                    *failed = got < 0 ? errno : 0;
                }
                break;
            }
            have += static_cast<std::size_t>(got);
        }
        out.resize(have);
        return out;
    }
    /// Empty when the peer closed instead.
    [[nodiscard]] bytes receive_message() const {
        bytes out = receive(16);
        if (out.empty()) {
            return out;
        }
        REQUIRE(out.size() == 16);
        const auto header = wire::decode_header(out);
        REQUIRE(header);
        const bytes rest = receive(static_cast<std::size_t>(header->message_length) - 16);
        out.insert(out.end(), rest.begin(), rest.end());
        return out;
    }
    void send_command(std::int32_t id, std::string_view name, std::uint32_t flags = 0) const {
        send(request(id, flags, bson::document().append(name, 1).append("$db", "admin")));
    }

 private:
    template <typename Address>
    void connect_to(int family, const Address& address) {
        fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connected_ =
            ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    int fd_ = -1;
    bool connected_ = false;
};

}  // namespace mongoro::test
