#include "dns/resolver.hpp"

#include "dns/cares.hpp"
#include "io/reactor_core.hpp"
#include "io/timer.hpp"
#include "uri/text.hpp"

#include <mongoro/detail/branch.hpp>
#include <mongoro/uri.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mongoro::dns {

namespace {

std::string_view said(int status) noexcept {
    switch (status) {
        case ARES_ENOTFOUND:
            return "no such name (NXDOMAIN)";
        case ARES_ENODATA:
            return "the name has no such record";
        case ARES_ESERVFAIL:
            return "the name server failed (SERVFAIL)";
        case ARES_EREFUSED:
            return "the name server refused (REFUSED)";
        case ARES_ENOTIMP:
            return "the name server cannot do that (NOTIMP)";
        case ARES_EFORMERR:
            return "the name server did not understand (FORMERR)";
        case ARES_EBADRESP:
            return "malformed answer";
        case ARES_ETIMEOUT:
            return "no name server answered in time";
        case ARES_ECONNREFUSED:
            return "no name server can be reached";
        case ARES_EBADNAME:
        case ARES_EBADQUERY:
        case ARES_EBADSTR:
            return "not a name of DNS";
        case ARES_ECANCELLED:
        case ARES_EDESTRUCTION:
            return "given up";
        default:
            return "DNS failed";
    }
}

error failed(std::string_view kind, const std::string& name, int status) {
    if (status == ARES_ENOMEM) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    std::string text = name;
    text += " (";
    text += kind;
    text += "): ";
    text += said(status);
    return {errc::name_resolution_failed, std::move(text)};
}

error failed(std::string_view kind, const std::string& name, const error& why) {
    std::string text = name;
    text += " (";
    text += kind;
    text += "): ";
    text += why.message();
    return {errc::name_resolution_failed, std::move(text)};
}

/// Asks for one name. Its locals, which the query refers to, are in this coroutine's frame.
task<result<channel::reply>> ask(std::shared_ptr<channel> from, std::string name, int type) {
    const detail::task_context& context = co_await detail::this_context{};
    channel::reply answer;
    if (name.empty() || name.find('\0') != std::string::npos) {
        answer.status = ARES_EBADNAME;
        co_return std::move(answer);
    }
    error why;
    co_await channel::query(from, name, type, context, answer, why);
    if (why) {
        co_return why;
    }
    co_return std::move(answer);
}

void set_port(io::address& where, std::uint16_t port) {
    if (where.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, where.get(), sizeof v4);
        v4.sin_port = htons(port);
        where = io::address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, where.get(), sizeof v6);
        v6.sin6_port = htons(port);
        where = io::address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
}

/// How long the addresses of one family wait for the answer about the other. RFC 8305, section 3,
/// has a "Resolution Delay" of 50 ms; it is longer here since connecting begins only then, and what
/// comes later is not used any more. An answer that is lost comes with the next try, after seconds.
/// They wait for all of it where the system has no way to them, or where a search domain has them
/// and another one, before it, might have the others.
constexpr std::chrono::milliseconds resolution_delay(500);

/// A name's two questions, under way side by side, and a timer beside them. Destroying it gives up
/// what is not answered.
class two_questions : io::completion {
 public:
    static constexpr std::size_t count = 2;

    /// Asks. What AAAA came to is the first, what A came to the second.
    two_questions(const std::shared_ptr<channel>& from, const detail::task_context& context,
                  const std::string& name)
        : core_(from->core()), context_(context) {
        fn = [](io::completion& c, int) noexcept {
            auto& self = static_cast<two_questions&>(c);
            self.time_is_over_ = true;
            if (const auto waiting = std::exchange(self.waiting_, nullptr)) {
                waiting.resume();
            }
        };
        questions_[0].work =
            detail::branch_of(ask(from, name, channel::type_aaaa), &questions_[0].to);
        questions_[1].work = detail::branch_of(ask(from, name, channel::type_a), &questions_[1].to);
        for (auto& one : questions_) {
            one.owner = this;
            one.ended = [](detail::branch_listener& l) noexcept -> std::coroutine_handle<> {
                auto& question = static_cast<struct question&>(l);
                question.state = progress::over;
                const auto waiting = std::exchange(question.owner->waiting_, nullptr);
                return waiting ? waiting : std::noop_coroutine();
            };
            one.work.prepare(one, &context_);
            one.work.start();
        }
    }
    two_questions(const two_questions&) = delete;
    two_questions& operator=(const two_questions&) = delete;

    /// Waits no longer than this for what is not answered yet, and than half of the time that there
    /// is: the other half is for connecting.
    void hurry() noexcept {
        auto longest = std::chrono::nanoseconds(resolution_delay);
        if (!context_.until.is_never()) {
            longest = std::min<std::chrono::nanoseconds>(longest, context_.until.remaining() / 2);
        }
        timer_.arm(
            core_, io::timer::clock::now() + longest, *this,
            context_.background ? io::timer::keeps_running::no : io::timer::keeps_running::yes);
    }
    [[nodiscard]] bool is_over(std::size_t which) const noexcept {
        return questions_[which].state == progress::over;
    }
    [[nodiscard]] bool time_is_over() const noexcept { return time_is_over_; }
    /// Of one that is over.
    result<channel::reply> take(std::size_t which) {
        questions_[which].state = progress::taken;
        return questions_[which].to.take();
    }

    struct news {
        two_questions& of;
        [[nodiscard]] bool await_ready() const noexcept {
            return of.is_over(0) || of.is_over(1) || of.time_is_over_;
        }
        void await_suspend(std::coroutine_handle<> h) noexcept { of.waiting_ = h; }
        void await_resume() const noexcept {}
    };
    /// Until one is over and not taken, or the time is.
    [[nodiscard]] news next() noexcept { return {*this}; }

 private:
    enum class progress { under_way, over, taken };
    struct question : detail::branch_listener {
        two_questions* owner = nullptr;
        progress state = progress::under_way;
        detail::outcome<result<channel::reply>> to;
        detail::branch work;  // last: it writes to what stands above
    };

    io::reactor_core& core_;
    const detail::task_context& context_;
    std::coroutine_handle<> waiting_;
    bool time_is_over_ = false;
    io::timer timer_;
    std::array<question, count> questions_;
};

/// Which of two failures says more: that something went wrong, then that the name has no such
/// record, then that there is no such name.
int worse(int a, int b) noexcept {
    const auto weight = [](int status) {
        return status == ARES_ENOTFOUND ? 0
               : status == ARES_ENODATA ? 1
               : status == ARES_ENOMEM  ? 3
                                        : 2;
    };
    return weight(a) > weight(b) ? a : b;
}

/// What both questions came to, as one answer.
task<result<channel::reply>> ask_both(std::shared_ptr<channel> from, std::string name) {
    const detail::task_context& context = co_await detail::this_context{};
    const auto asked_for = detail::lower(name.substr(0, name.find_last_not_of('.') + 1));
    two_questions both(from, context, name);
    std::array<channel::reply, two_questions::count> replies;
    for (auto& one : replies) {
        one.status = ARES_ETIMEOUT;  // unless it is answered
    }
    for (auto left = replies.size(); left != 0 && !both.time_is_over();) {
        co_await both.next();
        for (std::size_t i = 0; i < replies.size(); ++i) {
            if (!both.is_over(i)) {
                continue;
            }
            auto one = both.take(i);
            if (!one) {
                co_return one.error();
            }
            replies[i] = std::move(*one);
            --left;
            const auto& got = replies[i];
            if (left != 0 && !got.addresses.empty() && got.name == asked_for &&
                from->options().is_reachable(got.addresses.front())) {
                both.hurry();
            }
        }
    }
    for (auto& one : replies) {
        if (one.status == ARES_SUCCESS && one.addresses.empty()) {
            one.status = ARES_ENODATA;
        }
    }
    auto& [v6, v4] = replies;
    if (v6.addresses.empty()) {
        if (v4.addresses.empty()) {
            v4.status = worse(v4.status, v6.status);
        }
        co_return std::move(v4);
    }
    if (!v4.addresses.empty() && v4.name != v6.name) {
        // Found under different search domains, they are of different hosts: c-ares knows which
        // domain is the first of the two.
        co_return co_await ask(from, name, channel::type_address);
    }
    const bool v4_first = !v4.addresses.empty() &&
                          !from->options().is_reachable(v6.addresses.front()) &&
                          from->options().is_reachable(v4.addresses.front());
    auto& first = v4_first ? v4 : v6;
    const auto& then = v4_first ? v6 : v4;
    first.addresses.insert(first.addresses.end(), then.addresses.begin(), then.addresses.end());
    co_return std::move(first);
}

task<result<std::vector<io::address>>> ask_addresses(std::shared_ptr<channel> from,
                                                     std::string name, std::uint16_t port) {
    auto answer = co_await ask_both(std::move(from), name);
    if (!answer) {
        co_return answer.error();
    }
    std::vector<io::address> found;
    for (auto& one : answer->addresses) {
        if (one.family() == AF_INET || one.family() == AF_INET6) {
            set_port(one, port);
            found.push_back(one);
        }
    }
    const bool none = answer->status == ARES_SUCCESS && found.empty();
    if (answer->status != ARES_SUCCESS || none) {
        co_return failed("A, AAAA", name, none ? ARES_ENODATA : answer->status);
    }
    co_return std::move(found);
}

task<result<std::vector<srv_record>>> ask_srv(std::shared_ptr<channel> from, std::string name) {
    auto answer = co_await ask(std::move(from), name, channel::type_srv);
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != ARES_SUCCESS) {
        co_return failed("SRV", name, answer->status);
    }
    auto found = parse_srv(answer->message);
    if (!found) {
        co_return failed("SRV", name, found.error());
    }
    if (found->empty()) {
        co_return failed("SRV", name, ARES_ENODATA);
    }
    co_return std::move(found);
}

task<result<std::vector<std::string>>> ask_txt(std::shared_ptr<channel> from, std::string name) {
    auto answer = co_await ask(std::move(from), name, channel::type_txt);
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status == ARES_ENODATA || answer->status == ARES_ENOTFOUND) {
        co_return std::vector<std::string>();
    }
    if (answer->status != ARES_SUCCESS) {
        co_return failed("TXT", name, answer->status);
    }
    auto found = parse_txt(answer->message);
    if (!found) {
        co_return failed("TXT", name, found.error());
    }
    co_return std::move(found);
}

}  // namespace

result<std::string> check_servers(std::string_view text) {
    std::string servers;
    for (bool more = true; more;) {
        const auto comma = text.find(',');
        more = comma != std::string_view::npos;
        const auto one = text.substr(0, comma);
        text.remove_prefix(more ? comma + 1 : text.size());
        // A literal alone may have colons of its own.
        const bool bare = io::address::ip(one, 53).has_value();
        const auto where = bare ? result<host_address>(host_address{std::string(one), 53})
                                : host_address::parse(one);
        if (!where || !io::address::ip(where->host, 53)) {
            return error(errc::invalid_argument,
                         "a name server is an IP address, with or without a port");
        }
        const bool has_port = !bare && one.back() != ']';
        const bool v6 = where->host.find(':') != std::string::npos;
        servers += servers.empty() ? "" : ",";
        servers += v6 ? '[' + where->host + ']' : where->host;
        servers += has_port ? ':' + std::to_string(where->port) : std::string(":53");
    }
    return servers;
}

result<resolver_options> options_from(std::string_view given) {
    if (given.empty()) {
        const char* const environment = std::getenv("MONGORO_DNS_SERVERS");
        given = environment != nullptr ? environment : "";
    }
    resolver_options options;
    if (!given.empty()) {
        auto servers = check_servers(given);
        if (!servers) {
            return servers.error();
        }
        options.servers = std::move(*servers);
    }
    return options;
}

/// The channel for a query that begins now. One that is replaced goes with its last query.
std::shared_ptr<channel> resolver::current() {
    if (channel_->outdated()) {
        channel_ = std::make_shared<channel>(channel_->core(), channel_->options());
    }
    return channel_;
}

task<result<std::vector<io::address>>> resolver::addresses(std::string name, std::uint16_t port) {
    return ask_addresses(current(), std::move(name), port);
}

task<result<std::vector<srv_record>>> resolver::srv(std::string name) {
    return ask_srv(current(), std::move(name));
}

task<result<std::vector<std::string>>> resolver::txt(std::string name) {
    return ask_txt(current(), std::move(name));
}

}  // namespace mongoro::dns
