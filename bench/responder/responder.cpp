// A loopback responder: one thread, epoll, canned OP_MSG replies. It is not a server; it is what
// lets a client be measured alone. It shares no code with the library.
//
//   bench-responder [--port P] [--many N] [--document-bytes B] [--capture FILE]
//
// Prints `LISTEN 127.0.0.1:PORT`, then serves until its standard input closes, so that it never
// outlives what started it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "responder/connection.hpp"

namespace {

struct settings {
    bench::canned_options canned;
    std::uint16_t port = 0;
    const char* capture = nullptr;
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
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("LISTEN 127.0.0.1:%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
    return fd;
}

class server {
 public:
    explicit server(const settings& set)
        : shared_(set.canned), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (set.capture != nullptr &&
            (shared_.capture = std::fopen(set.capture, "wb")) == nullptr) {
            die(set.capture);
        }
        listener_ = listen_on(set.port);
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
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
                if (fd == listener_) {
                    accept_all();
                } else if (fd == STDIN_FILENO) {
                    char ignored[64];
                    if (::read(STDIN_FILENO, ignored, sizeof ignored) <= 0) {
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

    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            connections_[fd] = std::make_unique<bench::connection>(fd);
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
    int epoll_;
    int listener_ = -1;
    table connections_;
};

}  // namespace

int main(int argc, char** argv) {
    settings set;
    if (!parse_arguments(argc, argv, set)) {
        std::fprintf(stderr,
                     "usage: %s [--port P] [--many N] [--document-bytes B] [--capture FILE]\n",
                     argv[0]);
        return 2;
    }
    allow_many_descriptors();
    server(set).run();
    return 0;
}
