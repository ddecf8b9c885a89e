#include "fault_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace mongoro::test {

namespace {

void raise_event(int fd) {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(fd, &one, sizeof one));
}

int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

/// Where one direction is among its wire messages.
class message_position {
 public:
    /// How many of `bytes` come before the point; all of them if it is not among them.
    [[nodiscard]] std::size_t before(const fault_point& point, std::size_t passed,
                                     std::span<const std::uint8_t> bytes) const {
        if (point.after_bytes) {
            const std::size_t left = *point.after_bytes - std::min(*point.after_bytes, passed);
            return std::min(left, bytes.size());
        }
        message_position walk = *this;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if (walk.reached(point)) {
                return i;
            }
            walk.advance(bytes[i]);
        }
        return bytes.size();
    }
    [[nodiscard]] bool is_at(const fault_point& point, std::size_t passed) const {
        return point.after_bytes ? passed >= *point.after_bytes : reached(point);
    }
    void advance(std::span<const std::uint8_t> bytes) {
        for (const auto byte : bytes) {
            advance(byte);
        }
    }

 private:
    [[nodiscard]] bool reached(const fault_point& point) const {
        return message_ > point.message || (message_ == point.message && offset_ >= point.offset);
    }
    void advance(std::uint8_t byte) {
        if (offset_ < 4) {
            length_ |= static_cast<std::uint32_t>(byte) << (8 * offset_);
        }
        ++offset_;
        if (offset_ >= 4 && offset_ >= length_) {
            ++message_;
            offset_ = 0;
            length_ = 0;
        }
    }

    std::size_t message_ = 0;
    std::size_t offset_ = 0;
    std::uint32_t length_ = 0;
};

}  // namespace

/// One client's connection and the one to the server that belongs to it.
struct fault_proxy::link {
    struct half {
        std::mutex writing;
        message_position position;
        std::size_t passed = 0;
        bool fired = false;  // its point has been
    };

    link(std::size_t n, int c, int s, int stop)
        : number(n), fds{s, c}, stop_fd(stop), end_fd(::eventfd(0, EFD_CLOEXEC)) {}
    link(const link&) = delete;
    link& operator=(const link&) = delete;
    ~link() { ::close(end_fd); }

    [[nodiscard]] int to(direction d) const { return fds[static_cast<std::size_t>(d)]; }
    [[nodiscard]] int from(direction d) const { return fds[1 - static_cast<std::size_t>(d)]; }
    [[nodiscard]] half& of(direction d) { return halves[static_cast<std::size_t>(d)]; }

    /// False: it is to end.
    [[nodiscard]] bool wait_for(int fd, short events, int timeout = -1) const {
        std::array<pollfd, 3> all{pollfd{fd, events, 0}, pollfd{stop_fd, POLLIN, 0},
                                  pollfd{end_fd, POLLIN, 0}};
        while (::poll(all.data(), all.size(), timeout) < 0) {
            if (errno != EINTR) {
                return false;
            }
        }
        return all[1].revents == 0 && all[2].revents == 0;
    }
    /// False: it is to end.
    [[nodiscard]] bool sleep(std::chrono::milliseconds time) const {
        const auto until = std::chrono::steady_clock::now() + time;
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now());
            if (left.count() <= 0) {
                return true;
            }
            if (!wait_for(-1, 0, static_cast<int>(left.count()))) {
                return false;
            }
        }
    }

    std::size_t number;
    std::array<int, 2> fds;  // by the direction that goes there
    int stop_fd;
    int end_fd;
    bool open = true;  // under the proxy's lock, as the next two
    bool ending = false;
    bool resets = false;
    std::array<half, 2> halves;
};

fault_proxy::fault_proxy(std::uint16_t server_port) : server_port_(server_port) {
    listen();
}

fault_proxy::~fault_proxy() {
    {
        const lock held(mutex_);
        ending_ = true;
        changed_.notify_all();
    }
    listeners_.clear();
}

void fault_proxy::listen() {
    listeners_.push_back(std::make_unique<listener>(
        listen_at::ipv4, [this](peer_socket& client, std::size_t) { serve(client); },
        port_.number()));
}

std::string fault_proxy::address() const {
    return "127.0.0.1:" + std::to_string(port());
}

std::string fault_proxy::uri() const {
    return "mongodb://" + address() + "/";
}

void fault_proxy::set(direction d, fault f) {
    const lock held(mutex_);
    for_all_.at(static_cast<std::size_t>(d)) = std::move(f);
    for (const auto& l : links_) {
        l->of(d).fired = false;
    }
    changed_.notify_all();
}

void fault_proxy::set(std::size_t connection, direction d, fault f) {
    const lock held(mutex_);
    for_one_.try_emplace(connection, for_all_).first->second.at(static_cast<std::size_t>(d)) =
        std::move(f);
    if (connection < links_.size()) {
        links_[connection]->of(d).fired = false;
    }
    changed_.notify_all();
}

void fault_proxy::clear() {
    const lock held(mutex_);
    for_all_ = {};
    for_one_.clear();
    changed_.notify_all();
}

void fault_proxy::refuse() {
    listeners_.back()->stop_accepting();
}

void fault_proxy::accept() {
    refuse();
    listen();
}

const fault& fault_proxy::fault_of(const link& l, direction d) const {
    const auto own = for_one_.find(l.number);
    return (own != for_one_.end() ? own->second : for_all_).at(static_cast<std::size_t>(d));
}

void fault_proxy::serve(peer_socket& client) {
    const int server = connect_to(server_port_);
    std::shared_ptr<link> l;
    {
        const lock held(mutex_);
        l = std::make_shared<link>(links_.size(), client.fd(), server, client.stop_fd());
        links_.push_back(l);
        changed_.notify_all();
    }
    if (server >= 0) {
        std::thread back([&] { pump(*l, direction::to_client); });
        pump(*l, direction::to_server);
        back.join();
    }
    bool by_reset = false;
    {
        // No inject() any more that could write to a descriptor of somebody else's.
        const std::scoped_lock held(mutex_, l->halves[0].writing, l->halves[1].writing);
        l->open = false;
        by_reset = l->resets;
    }
    if (server >= 0) {
        const linger at_once{1, 0};
        if (by_reset) {
            ::setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        ::close(server);
    }
    if (by_reset) {
        client.reset();
    }
    client.close();
    const lock held(mutex_);
    ++ended_;
    changed_.notify_all();
}

void fault_proxy::end(link& l, bool by_reset) {
    const lock held(mutex_);
    l.resets = l.resets || by_reset;
    l.ending = true;
    raise_event(l.end_fd);
    changed_.notify_all();
}

void fault_proxy::end_all(bool by_reset) {
    const lock held(mutex_);
    for (const auto& l : links_) {
        if (l->open) {
            l->resets = l->resets || by_reset;
            l->ending = true;
            raise_event(l->end_fd);
        }
    }
    changed_.notify_all();
}

/// Passes bytes on until their end, which is passed on too; an error ends both directions.
void fault_proxy::pump(link& l, direction d) {
    std::vector<std::uint8_t> chunk(16 * 1024);
    while (l.wait_for(l.from(d), POLLIN)) {
        {
            lock held(mutex_);
            changed_.wait(held, [&] { return ending_ || l.ending || !fault_of(l, d).hold; });
            if (ending_ || l.ending) {
                return;
            }
        }
        const ssize_t got = ::recv(l.from(d), chunk.data(), chunk.size(), 0);
        if (got < 0) {
            return end(l, true);
        }
        if (got == 0) {
            ::shutdown(l.to(d), SHUT_WR);
            return;
        }
        if (!pass_on(l, d, std::span(chunk).first(static_cast<std::size_t>(got)))) {
            return;
        }
    }
}

/// False: this direction has come to its end.
bool fault_proxy::pass_on(link& l, direction d, std::span<const std::uint8_t> bytes) {
    auto& half = l.of(d);
    while (!bytes.empty()) {
        fault now;
        bool fired = false;
        std::size_t passed = 0;
        {
            const lock held(mutex_);
            now = fault_of(l, d);
            fired = half.fired;
            passed = half.passed;
        }
        if (now.drop) {
            return true;
        }
        if (now.at && !fired && half.position.is_at(*now.at, passed)) {
            {
                const lock held(mutex_);
                half.fired = true;
            }
            if (!do_at_point(l, d, *now.at)) {
                return false;
            }
            continue;
        }
        auto piece = bytes;
        if (now.at && !fired) {
            piece = piece.first(half.position.before(*now.at, passed, piece));
        }
        if (now.bytes_per_second != 0) {
            // A twentieth of a second's worth each time.
            piece = piece.first(
                std::min(piece.size(), std::max<std::size_t>(now.bytes_per_second / 20, 1)));
            if (!l.sleep(std::chrono::milliseconds(piece.size() * 1000 / now.bytes_per_second))) {
                return false;
            }
        }
        if (now.delay.count() != 0 && !l.sleep(now.delay)) {
            return false;
        }
        if (!write(l, d, piece)) {
            end(l, true);
            return false;
        }
        half.position.advance(piece);
        bytes = bytes.subspan(piece.size());
        bool there = false;
        {
            const lock held(mutex_);
            half.passed += piece.size();
            // A point right behind the last byte does not wait for more of them; one before a
            // message waits for the message.
            there = bytes.empty() && now.at && !fired &&
                    (now.at->after_bytes || now.at->offset != 0) &&
                    half.position.is_at(*now.at, half.passed);
            half.fired = half.fired || there;
            changed_.notify_all();
        }
        if (there) {
            return do_at_point(l, d, *now.at);
        }
    }
    return true;
}

/// False: this direction has come to its end.
bool fault_proxy::do_at_point(link& l, direction d, const fault_point& point) {
    switch (point.what) {
        case fault_point::action::close:
            end(l, false);
            return false;
        case fault_point::action::reset:
            end(l, true);
            return false;
        case fault_point::action::half_close:
            ::shutdown(l.to(d), SHUT_WR);
            return false;
        case fault_point::action::inject:
            return write(l, d, point.bytes);
    }
    return true;
}

bool fault_proxy::write(link& l, direction d, std::span<const std::uint8_t> bytes) {
    const std::lock_guard alone(l.of(d).writing);
    while (!bytes.empty()) {
        if (!l.wait_for(l.to(d), POLLOUT)) {
            return false;
        }
        const ssize_t sent =
            ::send(l.to(d), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
    return true;
}

bool fault_proxy::inject(std::size_t connection, direction d, std::span<const std::uint8_t> bytes) {
    std::shared_ptr<link> l;
    {
        const lock held(mutex_);
        if (connection >= links_.size() || !links_[connection]->open) {
            return false;
        }
        l = links_[connection];
    }
    const std::lock_guard alone(l->of(d).writing);
    if (!l->open) {
        return false;
    }
    return ::send(l->to(d), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

std::size_t fault_proxy::connections() const {
    const lock held(mutex_);
    return links_.size();
}

std::size_t fault_proxy::passed(std::size_t connection, direction d) const {
    const lock held(mutex_);
    return links_.at(connection)->of(d).passed;
}

bool fault_proxy::wait_for_connections(std::size_t count, std::chrono::milliseconds limit) const {
    lock held(mutex_);
    return changed_.wait_for(held, limit, [&] { return links_.size() >= count; });
}

bool fault_proxy::wait_for_ended(std::size_t count, std::chrono::milliseconds limit) const {
    lock held(mutex_);
    return changed_.wait_for(held, limit, [&] { return ended_ >= count; });
}

}  // namespace mongoro::test
