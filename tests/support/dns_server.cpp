#include "dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace mongoro::test {

namespace {

using bytes = std::vector<std::uint8_t>;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Names are compared in lower case and without a dot at their end.
std::string normal(std::string_view name) {
    std::string lower(name);
    for (auto& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (lower.ends_with('.')) {
        lower.pop_back();
    }
    return lower;
}

void put16(bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U & 0xFFU));
    out.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

void put_name(bytes& out, std::string_view name) {
    while (!name.empty() && name != ".") {
        const auto label = name.substr(0, name.find('.'));
        out.push_back(static_cast<std::uint8_t>(label.size()));
        out.insert(out.end(), label.begin(), label.end());
        name.remove_prefix(std::min(label.size() + 1, name.size()));
    }
    out.push_back(0);
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

bool bind_to(int fd, std::uint16_t port) {
    const auto address = loopback(port);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0) {
        fail("getsockname");
    }
    return ntohs(address.sin_port);
}

}  // namespace

dns_server::dns_server() : stop_(::eventfd(0, EFD_CLOEXEC)) {
    // A port that is free on UDP may be taken on TCP.
    for (int tries = 0; tcp_ < 0; ++tries) {
        udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (udp_ < 0 || listening < 0 || tries == 20 || !bind_to(udp_, 0)) {
            fail("a socket for the name server");
        }
        port_ = port_of(udp_);
        if (bind_to(listening, port_) && ::listen(listening, 16) == 0) {
            tcp_ = listening;
        } else {
            ::close(listening);
            ::close(udp_);
        }
    }
    thread_ = std::thread([this] { run(); });
}

dns_server::~dns_server() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_, &one, sizeof one));
    thread_.join();
    for (const auto& [fd, got] : tcp_connections_) {
        ::close(fd);
    }
    ::close(udp_);
    ::close(tcp_);
    ::close(stop_);
}

// --- the zone -----------------------------------------------------------------------------------

dns_server& dns_server::raw(std::string_view name, type of, bytes data, std::uint32_t ttl) {
    const std::lock_guard lock(mutex_);
    zone_.emplace(normal(name), record{of, ttl, std::move(data)});
    return *this;
}

dns_server& dns_server::a(std::string_view name, std::string_view address) {
    bytes data(4);
    if (::inet_pton(AF_INET, std::string(address).c_str(), data.data()) != 1) {
        throw std::invalid_argument("an IPv4 address");
    }
    return raw(name, type::a, std::move(data));
}

dns_server& dns_server::aaaa(std::string_view name, std::string_view address) {
    bytes data(16);
    if (::inet_pton(AF_INET6, std::string(address).c_str(), data.data()) != 1) {
        throw std::invalid_argument("an IPv6 address");
    }
    return raw(name, type::aaaa, std::move(data));
}

dns_server& dns_server::cname(std::string_view name, std::string_view target) {
    bytes data;
    put_name(data, target);
    return raw(name, type::cname, std::move(data));
}

dns_server& dns_server::srv(std::string_view name, std::uint16_t port, std::string_view target,
                            std::uint32_t ttl) {
    bytes data;
    put16(data, 0);
    put16(data, 5);
    put16(data, port);
    put_name(data, target);
    return raw(name, type::srv, std::move(data), ttl);
}

dns_server& dns_server::txt(std::string_view name, const std::vector<std::string>& strings) {
    bytes data;
    for (const auto& text : strings) {
        data.push_back(static_cast<std::uint8_t>(text.size()));
        data.insert(data.end(), text.begin(), text.end());
    }
    return raw(name, type::txt, std::move(data));
}

dns_server& dns_server::remove(std::string_view name) {
    const std::lock_guard lock(mutex_);
    zone_.erase(normal(name));
    return *this;
}

dns_server& dns_server::behave(std::string_view name, manner how) {
    const std::lock_guard lock(mutex_);
    manners_[normal(name)] = how;
    return *this;
}

dns_server& dns_server::behave(std::string_view name, type of, manner how) {
    const std::lock_guard lock(mutex_);
    type_manners_[{normal(name), of}] = how;
    return *this;
}

dns_server& dns_server::delay(std::string_view name, std::chrono::milliseconds by) {
    const std::lock_guard lock(mutex_);
    delays_[normal(name)] = by;
    return *this;
}

dns_server& dns_server::delay(std::string_view name, type of, std::chrono::milliseconds by) {
    const std::lock_guard lock(mutex_);
    type_delays_[{normal(name), of}] = by;
    return *this;
}

std::size_t dns_server::asked(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [what, times] : asked_) {
        count += what.first == normal(name) ? times : 0;
    }
    return count;
}

std::size_t dns_server::asked(std::string_view name, type of) const {
    const std::lock_guard lock(mutex_);
    const auto at = asked_.find({normal(name), static_cast<std::uint16_t>(of)});
    return at == asked_.end() ? 0 : at->second;
}

std::size_t dns_server::tcp_queries() const {
    const std::lock_guard lock(mutex_);
    return tcp_queries_;
}

dns_server::manner dns_server::manner_of(const question& q) const {
    if (const auto at = type_manners_.find({q.name, static_cast<type>(q.of)});
        at != type_manners_.end()) {
        return at->second;
    }
    const auto at = manners_.find(q.name);
    return at == manners_.end() ? manner::answer : at->second;
}

std::chrono::milliseconds dns_server::delay_of(const question& q) const {
    if (const auto at = type_delays_.find({q.name, static_cast<type>(q.of)});
        at != type_delays_.end()) {
        return at->second;
    }
    const auto at = delays_.find(q.name);
    return at == delays_.end() ? std::chrono::milliseconds(0) : at->second;
}

/// A name also exists if only names below it have records.
bool dns_server::exists(const std::string& name) const {
    return std::ranges::any_of(zone_, [&](const auto& entry) {
        return entry.first == name || entry.first.ends_with('.' + name);
    });
}

// --- questions and answers ----------------------------------------------------------------------

bool dns_server::parse(std::span<const std::uint8_t> query, question& into) {
    if (query.size() < 12) {
        return false;
    }
    into.id = static_cast<std::uint16_t>(query[0] << 8U | query[1]);
    std::size_t at = 12;
    while (at < query.size() && query[at] != 0) {
        const std::size_t length = query[at];
        if (at + 1 + length >= query.size()) {
            return false;
        }
        into.name += into.name.empty() ? "" : ".";
        into.name.append(reinterpret_cast<const char*>(query.data()) + at + 1, length);
        at += 1 + length;
    }
    if (at + 5 > query.size()) {
        return false;
    }
    into.of = static_cast<std::uint16_t>(query[at + 1] << 8U | query[at + 2]);
    into.bytes.assign(query.begin() + 12, query.begin() + static_cast<std::ptrdiff_t>(at) + 5);
    into.name = normal(into.name);
    return true;
}

std::vector<std::uint8_t> dns_server::answer(const question& q, transport by) {
    const std::lock_guard lock(mutex_);
    ++asked_[{q.name, q.of}];
    tcp_queries_ += by == transport::tcp ? 1 : 0;
    const auto how = manner_of(q);
    if (how == manner::keep_silent) {
        return {};
    }
    constexpr std::size_t most_on_udp = 512;
    constexpr std::uint8_t truncated = 0x02;
    std::size_t code = how == manner::fail ? 2 : how == manner::refuse ? 5 : 0;
    std::size_t count = 0;
    bytes records;
    if (how == manner::babble) {
        count = 1;
        records = {0x3F, 'n', 'o', 'n', 's', 'e', 'n', 's', 'e'};
    } else if (code == 0) {
        std::string name = q.name;
        code = exists(name) ? 0 : 3;
        for (bool again = true; again;) {
            again = false;
            const auto [first, last] = zone_.equal_range(name);
            std::string target;
            for (auto at = first; at != last; ++at) {
                const auto& r = at->second;
                if (static_cast<std::uint16_t>(r.of) != q.of && r.of != type::cname) {
                    continue;
                }
                put_name(records, name);
                put16(records, static_cast<std::size_t>(r.of));
                put16(records, 1);
                put16(records, r.ttl >> 16U);
                put16(records, r.ttl & 0xFFFFU);
                put16(records, r.data.size());
                records.insert(records.end(), r.data.begin(), r.data.end());
                ++count;
                if (r.of == type::cname) {
                    question next;
                    bytes as_query(12);
                    as_query.insert(as_query.end(), r.data.begin(), r.data.end());
                    put16(as_query, 0);
                    put16(as_query, 0);
                    if (parse(as_query, next)) {
                        target = next.name;
                    }
                }
            }
            if (!target.empty() && target != name && count < 16) {
                name = target;
                code = exists(name) ? 0 : 3;
                again = true;
            }
        }
    }
    const std::size_t size = 12 + q.bytes.size() + records.size();
    const bool cut = by == transport::udp && (how == manner::truncate || size > most_on_udp);
    bytes out;
    put16(out, how == manner::other_id ? q.id + 1U : q.id);
    out.push_back(static_cast<std::uint8_t>(0x85U | (cut ? truncated : 0U)));
    out.push_back(static_cast<std::uint8_t>(0x80U | code));
    put16(out, 1);
    put16(out, cut ? 0 : count);
    put16(out, 0);
    put16(out, 0);
    out.insert(out.end(), q.bytes.begin(), q.bytes.end());
    if (!cut) {
        out.insert(out.end(), records.begin(), records.end());
    }
    return out;
}

// --- the thread ---------------------------------------------------------------------------------

void dns_server::run() {
    for (;;) {
        int wait = -1;
        for (const auto& one : late_) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                one.when - std::chrono::steady_clock::now());
            const int ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
            wait = wait < 0 ? ms : std::min(wait, ms);
        }
        std::vector<pollfd> fds{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {stop_, POLLIN, 0}};
        for (const auto& [fd, got] : tcp_connections_) {
            fds.push_back({fd, POLLIN, 0});
        }
        if (::poll(fds.data(), fds.size(), wait) < 0 && errno != EINTR) {
            return;
        }
        if (fds[2].revents != 0) {
            return;
        }
        if (fds[0].revents != 0) {
            receive_udp();
        }
        if (fds[1].revents != 0) {
            if (const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0) {
                tcp_connections_[fd];
            }
        }
        for (const auto& ready : std::span(fds).subspan(3)) {
            if (ready.revents != 0 && !serve_tcp(ready.fd, tcp_connections_[ready.fd])) {
                tcp_connections_.erase(ready.fd);
                ::close(ready.fd);
            }
        }
        send_late();
    }
}

void dns_server::receive_udp() {
    std::array<std::uint8_t, 2048> query{};
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(udp_, query.data(), query.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    question q;
    if (size < 0 || !parse({query.data(), static_cast<std::size_t>(size)}, q)) {
        return;
    }
    auto reply = answer(q, transport::udp);
    if (reply.empty()) {
        return;
    }
    std::chrono::milliseconds by{0};
    {
        const std::lock_guard lock(mutex_);
        by = delay_of(q);
    }
    late_.push_back({std::chrono::steady_clock::now() + by, std::move(reply), from.sin_addr.s_addr,
                     from.sin_port});
}

void dns_server::send_late() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(late_, [&](const late_answer& one) {
        if (one.when > now) {
            return false;
        }
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = one.to_address;
        to.sin_port = one.to_port;
        static_cast<void>(::sendto(udp_, one.bytes.data(), one.bytes.size(), MSG_NOSIGNAL,
                                   reinterpret_cast<const sockaddr*>(&to), sizeof to));
        return true;
    });
}

/// Reads what there is, and answers the questions that are whole.
bool dns_server::serve_tcp(int fd, bytes& got) {
    std::array<std::uint8_t, 2048> chunk{};
    const ssize_t n = ::recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n <= 0) {
        return n < 0 && errno == EAGAIN;
    }
    got.insert(got.end(), chunk.data(), chunk.data() + n);
    while (got.size() >= 2 && got.size() >= 2U + (got[0] << 8U | got[1])) {
        const std::size_t size = 2U + (got[0] << 8U | got[1]);
        question q;
        if (!parse(std::span(got).subspan(2, size - 2), q)) {
            return false;
        }
        got.erase(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(size));
        const auto reply = answer(q, transport::tcp);
        if (!reply.empty()) {
            bytes framed;
            put16(framed, reply.size());
            framed.insert(framed.end(), reply.begin(), reply.end());
            static_cast<void>(::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL));
        }
    }
    return true;
}

}  // namespace mongoro::test
