#include "dns/channel.hpp"

#include "dns/cares.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace mongoro::dns {

namespace {

error failed(const char* what, int status) {
    if (status == ARES_ENOMEM) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    return {errc::name_resolution_failed, std::string(what) + ": " + ares_strerror(status)};
}

std::string lower(std::string text) {
    for (auto& c : text) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return text;
}

/// Once a process, and never undone: others of the process may use c-ares, too.
int library_status() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    return status;
}

}  // namespace

/// What c-ares calls instead of the system. Its own would let a name server that has closed its TCP
/// connection raise a signal; and two things that it leaves out are made up for: see the members.
struct channel::sockets {
    static ares_socket_t open(int family, int type, int protocol, void*) {
        return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    }
    static int close(ares_socket_t fd, void* data) {
        std::erase(static_cast<channel*>(data)->refused_, fd);  // its number may be another's soon
        return ::close(fd);
    }
    static int connect(ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) {
        return ::connect(fd, to, size);
    }
    /// Of a server that would not answer c-ares 1.18 only says that none could be reached.
    static ares_ssize_t receive(ares_socket_t fd, void* into, std::size_t size, int flags,
                                sockaddr* from, ares_socklen_t* from_size, void* data) {
        auto& self = *static_cast<channel*>(data);
        if (self.telling_ == fd) {
            self.telling_ = -1;
            errno = ECONNREFUSED;
            return -1;
        }
        const ssize_t n = ::recvfrom(fd, into, size, flags, from, from_size);
        if (n > 0) {
            self.note_refusal(
                {static_cast<const std::uint8_t*>(into), static_cast<std::size_t>(n)});
        }
        return n;
    }
    /// A socket's error is told once. Told to who sends the second of two queries, it would leave
    /// the first one waiting for its timeout: c-ares is to read it, which ends both.
    static ares_ssize_t send(ares_socket_t fd, const iovec* parts, int count, void* data) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        const ssize_t n = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        if (n >= 0 || errno != ECONNREFUSED) {
            return n;
        }
        auto& self = *static_cast<channel*>(data);
        try {
            self.refused_.push_back(fd);
        } catch (const std::bad_alloc&) {
            return n;
        }
        std::size_t size = 0;
        for (int i = 0; i < count; ++i) {
            size += parts[i].iov_len;
        }
        return static_cast<ares_ssize_t>(size);
    }
};

/// A socket of c-ares that the reactor polls.
struct channel::watch : io::completion {
    channel* owner = nullptr;
    int fd = -1;
    bool broken = false;  // it cannot be polled: the query ends by its timeout
    io::operation_ptr poll;
};

channel::channel(io::reactor_core& core, resolver_options options)
    : core_(core), alive_(core.alive()), options_(std::move(options)) {
    expiry_.owner = this;
    expiry_.fn = [](io::completion& c, int) noexcept {
        auto& self = *static_cast<expiry&>(c).owner;
        ares_process_fd(self.handle_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self.carry_on();
    };
}

channel::~channel() {
    close();
}

error channel::open() {
    if (handle_ != nullptr) {
        return {};
    }
    if (const int status = library_status(); status != ARES_SUCCESS) {
        return failed("c-ares", status);
    }
    ares_options options{};
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<channel*>(self)->socket_state(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    // DNS only: the hosts file is read through the reactor, and before.
    std::string lookups = "b";
    options.lookups = lookups.data();
    if (options_.timeout.count() > 0) {
        options.timeout = static_cast<int>(options_.timeout.count());
        mask |= ARES_OPT_TIMEOUTMS;
    }
    if (options_.tries > 0) {
        options.tries = options_.tries;
        mask |= ARES_OPT_TRIES;
    }
#ifdef ARES_OPT_QUERY_CACHE
    // Whoever asks again wants to know what is there now.
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    if (const int status = ares_init_options(&handle_, &options, mask); status != ARES_SUCCESS) {
        handle_ = nullptr;
        return failed("c-ares", status);
    }
    static constexpr ares_socket_functions functions{
        &sockets::open, &sockets::close, &sockets::connect, &sockets::receive, &sockets::send};
    ares_set_socket_functions(handle_, &functions, this);
    if (!options_.servers.empty()) {
        const int status = ares_set_servers_ports_csv(handle_, options_.servers.c_str());
        if (status != ARES_SUCCESS) {
            close();
            return failed("the name servers", status);
        }
    }
    opened_ = io::timer::clock::now();
    return {};
}

void channel::close() noexcept {
    timer_.disarm();
    if (handle_ != nullptr) {
        ares_destroy(std::exchange(handle_, nullptr));  // ends each request, closes each socket
    }
    watches_.clear();
}

// --- queries ------------------------------------------------------------------------------------

/// The end of a request, inside of c-ares: `take(reply)` copies what it came to.
template <typename Take>
void channel::ended(request* r, int status, Take take) noexcept {
    const std::unique_ptr<request> owned(r);
    channel& self = *owned->owner;
    std::erase(self.requests_, r);
    if (owned->waiter == nullptr) {
        return;
    }
    auto& waiter = *owned->waiter;
    self.nobody_waits(*owned);
    auto& to = waiter.reply_;
    to.status = status == ARES_ECONNREFUSED && owned->refusal != 0 ? owned->refusal : status;
    if (status == ARES_SUCCESS) {
        try {
            take(to);
        } catch (const std::bad_alloc&) {
            to.status = ARES_ENOMEM;
        }
    }
    waiter.answered();
}

void channel::start(std::unique_ptr<request> r, const std::string& name, int type) noexcept {
    ++waiting_;
    foreground_ += r->background ? 0 : 1;
    if (type == type_address || type == type_a || type == type_aaaa) {
        ares_addrinfo_hints hints{};
        hints.ai_family = type == type_a ? AF_INET : type == type_aaaa ? AF_INET6 : AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(
            handle_, name.c_str(), nullptr, &hints,
            [](void* arg, int status, int, ares_addrinfo* found) {
                ended(static_cast<request*>(arg), status, [&](reply& to) {
                    for (auto* node = found->nodes; node != nullptr; node = node->ai_next) {
                        to.addresses.emplace_back(node->ai_addr,
                                                  static_cast<socklen_t>(node->ai_addrlen));
                    }
                    // Not the name at the end of a chain of CNAMEs, as newer versions have it.
                    const char* const asked =
                        found->cnames != nullptr && found->cnames->alias != nullptr
                            ? found->cnames->alias
                            : found->name;
                    if (asked != nullptr) {
                        to.name = lower(asked);
                    }
                });
                if (found != nullptr) {
                    ares_freeaddrinfo(found);
                }
            },
            r.release());
    } else {
        constexpr int class_in = 1;
        ares_query(
            handle_, name.c_str(), class_in, type,
            [](void* arg, int status, int, unsigned char* bytes, int size) {
                ended(static_cast<request*>(arg), status,
                      [&](reply& to) { to.message.assign(bytes, bytes + size); });
            },
            r.release());
    }
    carry_on();
}

void channel::nobody_waits(request& r) noexcept {
    r.waiter = nullptr;
    --waiting_;
    foreground_ -= r.background ? 0 : 1;
}

void channel::give_up(request& r) noexcept {
    nobody_waits(r);
    carry_on();
}

/// Of a message that says that a server failed or refused: whose query that is.
void channel::note_refusal(std::span<const std::uint8_t> message) noexcept {
    constexpr std::size_t header_size = 12;
    if (message.size() <= header_size) {
        return;
    }
    const unsigned code = message[3] & 0x0FU;
    const int status = code == 2 ? ARES_ESERVFAIL : code == 4 ? ARES_ENOTIMP : ARES_EREFUSED;
    if (code != 2 && code != 4 && code != 5) {
        return;
    }
    try {
        std::string name;
        for (auto rest = message.subspan(header_size); !rest.empty() && rest[0] != 0;) {
            const std::size_t size = rest[0];
            if (size > 63 || size >= rest.size()) {
                return;
            }
            name.append(reinterpret_cast<const char*>(rest.data()) + 1, size);
            name += '.';
            rest = rest.subspan(1 + size);
        }
        name = lower(name);
        for (auto* r : requests_) {
            // Perhaps with a search domain behind it.
            if (name.starts_with(r->name) &&
                (r->name.ends_with('.') || name[r->name.size()] == '.')) {
                r->refusal = status;
            }
        }
    } catch (const std::bad_alloc&) {
        return;  // only the error's text is poorer
    }
}

channel::query::~query() {
    if (request_ != nullptr) {
        channel_->give_up(*request_);
    } else if (queued && *channel_->alive_) {
        channel_->core_.unschedule(*this);
    }
}

bool channel::query::await_suspend(std::coroutine_handle<> h) {
    why_ = context_.interrupted();
    if (!why_) {
        why_ = channel_->open();
    }
    if (why_) {
        return false;
    }
    handle_ = h;
    run = [](detail::ready_node& n) noexcept { static_cast<query&>(n).handle_.resume(); };
    watcher_.owner = this;
    watcher_.fn = [](io::completion& c, int what) noexcept {
        static_cast<watcher&>(c).owner->interrupted(static_cast<errc>(what));
    };
    auto mine = std::make_unique<request>();
    mine->owner = channel_.get();
    mine->waiter = this;
    mine->background = context_.background;
    mine->name = lower(name_);
    channel_->requests_.push_back(mine.get());
    request_ = mine.get();
    interrupt_.arm(channel_->core_, context_, watcher_);
    channel_->start(std::move(mine), name_, type_);
    return true;
}

void channel::query::answered() noexcept {
    request_ = nullptr;
    interrupt_.disarm();
    channel_->core_.defer(*this);
}

void channel::query::interrupted(errc what) noexcept {
    why_ = what;
    channel_->give_up(*std::exchange(request_, nullptr));
    handle_.resume();
}

// --- sockets and timeouts -----------------------------------------------------------------------

/// Called by c-ares, also before it closes the socket: neither may be then.
void channel::socket_state(int fd, bool readable, bool writable) noexcept {
    auto at = std::ranges::find_if(watches_, [&](const auto& w) { return w->fd == fd; });
    if (!readable && !writable) {
        if (at != watches_.end()) {
            std::swap(*at, watches_.back());
            watches_.pop_back();
        }
        return;
    }
    if (!*alive_) {
        return;
    }
    const auto mask = static_cast<unsigned>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    try {
        if (at == watches_.end()) {
            auto made = std::make_unique<watch>();
            made->owner = this;
            made->fd = fd;
            made->fn = [](io::completion& c, int result) noexcept {
                auto& ready = static_cast<watch&>(c);
                ready.owner->socket_ready(ready, result);
            };
            watches_.push_back(std::move(made));
            at = watches_.end() - 1;
        }
        auto& w = **at;
        if (w.poll == nullptr || w.poll->mask != mask) {
            using operation = io::kernel_operation;
            w.poll.reset(new operation(core_, operation::kind::poll));
            w.poll->fd = fd;
            w.poll->mask = mask;
            w.poll->background = true;  // the timeout beside it is not, if somebody waits
            w.broken = false;
        }
    } catch (const std::bad_alloc&) {
        out_of_memory_ = true;
    }
}

void channel::socket_ready(watch& w, int result) noexcept {
    if (result < 0) {
        w.broken = true;
        return;
    }
    const int fd = w.fd;
    const auto set = static_cast<unsigned>(result);
    const bool over = (set & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    const bool readable = over || (set & POLLIN) != 0;
    const bool writable = over || (set & POLLOUT) != 0;
    ares_process_fd(handle_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    carry_on();
}

/// After everything that c-ares did: waits for what it waits for now.
void channel::carry_on() noexcept {
    if (out_of_memory_) {
        out_of_memory_ = false;
        ares_cancel(handle_);
    }
    while (!refused_.empty()) {
        telling_ = refused_.back();
        refused_.pop_back();
        ares_process_fd(handle_, telling_, ARES_SOCKET_BAD);
        telling_ = -1;
    }
    if (waiting_ == 0 && !requests_.empty()) {
        ares_cancel(handle_);  // nobody waits for what is left
    }
    if (!*alive_) {
        return;
    }
    for (const auto& w : watches_) {
        if (w->poll != nullptr && !w->poll->active && !w->broken) {
            w->poll->begin(*w);
        }
    }
    timeval left{};
    if (requests_.empty() || ares_timeout(handle_, nullptr, &left) == nullptr) {
        timer_.disarm();
        return;
    }
    timer_.arm(core_,
               io::timer::clock::now() + std::chrono::seconds(left.tv_sec) +
                   std::chrono::microseconds(left.tv_usec),
               expiry_,
               foreground_ != 0 ? io::timer::keeps_running::yes : io::timer::keeps_running::no);
}

}  // namespace mongoro::dns
