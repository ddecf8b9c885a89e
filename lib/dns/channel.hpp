#pragma once

#include "io/connect.hpp"
#include "io/interrupt.hpp"
#include "io/operation_awaiter.hpp"
#include "io/reactor_core.hpp"
#include "io/timer.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct ares_channeldata;

namespace mongoro::dns {

/// How DNS is asked.
struct resolver_options {
    /// Name servers, `address[:port]` and commas between them; empty: the system's.
    std::string servers;
    /// For the first try of one server, which doubles with each round; 0: the system's, else 5 s.
    std::chrono::milliseconds timeout{0};
    /// Rounds of all servers; 0: the system's, else c-ares's.
    int tries = 0;
    /// After this time a query begins with the system's configuration as it is then.
    std::chrono::milliseconds configuration_age{60'000};
    /// Whether addresses like this one are of use here.
    bool (*is_reachable)(const io::address&) noexcept = io::has_route;
};

/// c-ares, driven by a reactor: its sockets are polled by the reactor and its timeouts are timers
/// of the reactor. On the reactor's thread, but for its construction.
///
/// c-ares is never entered from inside of one of its own callbacks: those only take the answer and
/// schedule who waits. Its configuration files are small, and read at the first query, once: c-ares
/// could read them again only while no query is under way, and one that nobody answers may be just
/// what a new configuration is for. See `outdated`.
class channel {
 public:
    channel(io::reactor_core& core, resolver_options options);
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel();

    /// What a query came to.
    struct reply {
        int status = 0;                      ///< of c-ares
        std::vector<std::uint8_t> message;   ///< the whole answer, if a type was asked for
        std::vector<io::address> addresses;  ///< without a port, else
        std::string name;  ///< theirs: what was asked for, perhaps with a search domain behind it
    };
    /// These two, and both of them together, are asked for with the search domains, and sorted as
    /// RFC 6724 says.
    static constexpr int type_a = 1;
    static constexpr int type_aaaa = 28;
    static constexpr int type_address = 0;
    static constexpr int type_txt = 16;
    static constexpr int type_srv = 33;

    class query;

    [[nodiscard]] io::reactor_core& core() const noexcept { return core_; }
    [[nodiscard]] const resolver_options& options() const noexcept { return options_; }
    /// Whether the configuration was read so long ago that the next query is for another channel.
    /// Those that are under way go on with this one, and keep it.
    [[nodiscard]] bool outdated() const noexcept {
        return handle_ != nullptr && *alive_ &&
               io::timer::clock::now() - opened_ >= options_.configuration_age;
    }

 private:
    /// One query as c-ares knows it: it lives until its callback, which c-ares always makes.
    struct request {
        channel* owner = nullptr;
        query* waiter = nullptr;  // null: nobody wants the answer any more
        bool background = false;  // of its context
        std::string name;         // in lower case
        int refusal = 0;          // the last code of a server that would not answer it
    };
    struct watch;
    struct sockets;

    [[nodiscard]] error open();
    void close() noexcept;
    void start(std::unique_ptr<request> r, const std::string& name, int type) noexcept;
    void give_up(request& r) noexcept;
    void nobody_waits(request& r) noexcept;
    void note_refusal(std::span<const std::uint8_t> message) noexcept;
    template <typename Take>
    static void ended(request* r, int status, Take take) noexcept;
    void socket_state(int fd, bool readable, bool writable) noexcept;
    void socket_ready(watch& w, int result) noexcept;
    void carry_on() noexcept;

    struct expiry : io::completion {
        channel* owner = nullptr;
    };

    io::reactor_core& core_;
    std::shared_ptr<const bool> alive_;
    resolver_options options_;
    ares_channeldata* handle_ = nullptr;
    io::timer::clock::time_point opened_{};
    std::vector<std::unique_ptr<watch>> watches_;
    std::vector<request*> requests_;  // those of c-ares
    std::size_t waiting_ = 0;         // how many of them somebody waits for
    std::size_t foreground_ = 0;      // how many of these `run()` goes on for
    bool out_of_memory_ = false;      // where c-ares called us, and could not be told
    std::vector<int> refused_;        // sockets whose error c-ares is to be told of
    int telling_ = -1;                // the one of them that it reads now
    expiry expiry_;
    io::timer timer_;
};

/// `co_await channel::query(c, name, type, context, answer, why);` asks, and waits for the answer,
/// or for the context's deadline or stop, which `why` then names. A query that nobody
/// waits for any more, this one or one whose coroutine was destroyed, does not keep `run()`
/// running, and is cancelled as soon as nobody waits for any other query of the channel either.
class [[nodiscard]] channel::query : detail::ready_node {
 public:
    query(std::shared_ptr<channel> c, const std::string& name, int type,
          const detail::task_context& context, reply& answer, error& why) noexcept
        : channel_(std::move(c)),
          name_(name),
          type_(type),
          context_(context),
          reply_(answer),
          why_(why) {}
    query(const query&) = delete;
    query& operator=(const query&) = delete;
    ~query();

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h);
    void await_resume() const noexcept {}

 private:
    friend class channel;
    struct watcher : io::completion {
        query* owner = nullptr;
    };
    void answered() noexcept;
    void interrupted(errc what) noexcept;

    std::shared_ptr<channel> channel_;
    const std::string& name_;
    int type_;
    const detail::task_context& context_;
    reply& reply_;
    error& why_;
    request* request_ = nullptr;
    std::coroutine_handle<> handle_;
    watcher watcher_;
    io::interrupt interrupt_;
};

}  // namespace mongoro::dns
