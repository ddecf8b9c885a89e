// A loopback responder: one thread, epoll, canned OP_MSG replies. It is not a server; it is what
// lets a client be measured alone. It shares no code with the library.
//
//   bench-responder [--port P] [--many N] [--document-bytes B] [--capture FILE]
//                   [--mongos N] [--tls FILE] [--scram USER:PASSWORD] [--salts N]
//
// With --mongos it listens on N ports, each of which answers as a mongos. With --tls it speaks
// nothing else, by a certificate that it writes to FILE for clients to trust. With --scram it has a
// user of that name, but lets in everybody else too.
//
// Prints `LISTEN 127.0.0.1:PORT[,127.0.0.1:PORT...]`, then serves until its standard input closes,
// so that it never outlives what started it; in the end `SERVED connections full resumed logins`:
// how many there were, of handshakes whole and shortened ones.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "responder/connection.hpp"

namespace {

struct settings {
    bench::canned_options canned;
    std::uint16_t port = 0;
    const char* capture = nullptr;
    int ports = 1;
    std::string certificate;
    std::string user;
    std::size_t salts = 1;
};

bool parse_arguments(int argc, char** argv, settings& into) {
    for (int at = 1; at < argc; at += 2) {
        const std::string_view name = argv[at];
        if (at + 1 == argc) {
            return false;
        }
        const char* value = argv[at + 1];
        if (name == "--port") {
            into.port = static_cast<std::uint16_t>(std::atoi(value));
        } else if (name == "--many") {
            into.canned.many = std::atoll(value);
        } else if (name == "--document-bytes") {
            into.canned.document_bytes = std::strtoul(value, nullptr, 10);
        } else if (name == "--capture") {
            into.capture = value;
        } else if (name == "--mongos") {
            into.canned.mongos = true;
            into.ports = std::max(std::atoi(value), 1);
        } else if (name == "--tls") {
            into.certificate = value;
        } else if (name == "--scram") {
            into.user = value;
        } else if (name == "--salts") {
            into.salts = std::max<std::size_t>(std::strtoul(value, nullptr, 10), 1);
        } else {
            return false;
        }
    }
    return true;
}

void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

int listen_on(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 4096) != 0) {
        die("bench-responder: listen");
    }
    return fd;
}

unsigned port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

class server {
 public:
    explicit server(const settings& set)
        : shared_(set.canned), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (set.capture != nullptr &&
            (shared_.capture = std::fopen(set.capture, "wb")) == nullptr) {
            die(set.capture);
        }
        if (!set.certificate.empty()) {
            tls_ = std::make_unique<bench::tls_server>(set.certificate);
        }
        if (!set.user.empty()) {
            const std::size_t colon = set.user.find(':');
            users_ = std::make_unique<bench::logins>(
                set.user.substr(0, colon), std::string_view(set.user).substr(colon + 1), set.salts);
            shared_.users = users_.get();
        }
        shared_.mongos = set.canned.mongos;
        for (int at = 0; at < set.ports; ++at) {
            listeners_.push_back(listen_on(set.ports == 1 ? set.port : 0));
            watch(EPOLL_CTL_ADD, listeners_.back(), EPOLLIN);
            std::printf("%s127.0.0.1:%u", at == 0 ? "LISTEN " : ",", port_of(listeners_.back()));
        }
        std::printf("\n");
        std::fflush(stdout);
        last_listener_ = *std::max_element(listeners_.begin(), listeners_.end());
        // A file or /dev/null as standard input cannot be watched; then only a signal ends it.
        watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
    }

    void run() {
        epoll_event events[256];
        for (;;) {
            const int count = ::epoll_wait(epoll_, events, 256, -1);
            if (count < 0 && errno != EINTR) {
                die("bench-responder: epoll_wait");
            }
            for (int at = 0; at < count; ++at) {
                const int fd = events[at].data.fd;
                if (fd <= last_listener_ && is_listener(fd)) {
                    accept_all(fd);
                } else if (fd == STDIN_FILENO) {
                    char ignored[64];
                    if (::read(STDIN_FILENO, ignored, sizeof ignored) <= 0) {
                        print_served();
                        return;
                    }
                } else {
                    serve(fd);
                }
            }
        }
    }

 private:
    void watch(int operation, int fd, std::uint32_t what) {
        epoll_event event{};
        event.events = what;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, operation, fd, &event);
    }

    bool is_listener(int fd) const {
        return std::find(listeners_.begin(), listeners_.end(), fd) != listeners_.end();
    }

    void accept_all(int listener) {
        for (;;) {
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            connections_[fd] =
                std::make_unique<bench::connection>(fd, tls_ ? tls_->accept(fd) : nullptr);
            ++accepted_;
            watch(EPOLL_CTL_ADD, fd, EPOLLIN);
        }
    }

    void serve(int fd) {
        const auto found = connections_.find(fd);
        if (found == connections_.end()) {
            return;
        }
        bench::connection& client = *found->second;
        const bool was_sending = client.wants_to_send();
        const bool alive = was_sending ? client.on_writable(shared_) : client.on_readable(shared_);
        finish(found, alive, was_sending);
        send_all_held();
    }

    using table = std::unordered_map<int, std::unique_ptr<bench::connection>>;

    table::iterator finish(table::iterator of, bool alive, bool was_sending) {
        bench::connection& client = *of->second;
        if (!alive) {
            client.forget_held(shared_);
            return connections_.erase(of);
        }
        if (client.wants_to_send() != was_sending) {
            watch(EPOLL_CTL_MOD, of->first, client.wants_to_send() ? EPOLLOUT : EPOLLIN);
        }
        return ++of;
    }

    void print_served() const {
        using number = unsigned long long;
        std::printf("SERVED %llu %llu %llu %llu\n", accepted_,
                    tls_ ? static_cast<number>(tls_->full) : 0,
                    tls_ ? static_cast<number>(tls_->resumed) : 0,
                    users_ ? static_cast<number>(users_->done) : 0);
    }

    /// What may go now of the replies that are held; rare, so that it looks at all connections.
    void send_all_held() {
        bench::withheld& held = shared_.held;
        if (!held.released && held.asked == 0) {
            return;
        }
        for (auto at = connections_.begin(); at != connections_.end();) {
            const bool was_sending = at->second->wants_to_send();
            at = finish(at, at->second->send_held(shared_), was_sending);
        }
        if (held.released) {
            held.released = false;
            held.count = 0;
        }
    }

    bench::shared_state shared_;
    std::unique_ptr<bench::tls_server> tls_;
    std::unique_ptr<bench::logins> users_;
    int epoll_;
    std::vector<int> listeners_;
    int last_listener_ = -1;
    unsigned long long accepted_ = 0;
    table connections_;
};

}  // namespace

int main(int argc, char** argv) {
    settings set;
    if (!parse_arguments(argc, argv, set)) {
        std::fprintf(stderr,
                     "usage: %s [--port P] [--many N] [--document-bytes B] [--capture FILE]\n"
                     "          [--mongos N] [--tls FILE] [--scram USER:PASSWORD] [--salts N]\n",
                     argv[0]);
        return 2;
    }
    allow_many_descriptors();
    server(set).run();
    return 0;
}
