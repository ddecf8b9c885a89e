#include "deployment/deployment.hpp"

#include "io/sleep.hpp"

#include <mongoro/with_stop.hpp>

#include <algorithm>
#include <new>
#include <system_error>

namespace mongoro::deployment {

namespace {

using clock = deadline::clock;

/// True while it lives.
class applying {
 public:
    explicit applying(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    applying(const applying&) = delete;
    applying& operator=(const applying&) = delete;
    ~applying() { flag_ = false; }

 private:
    bool& flag_;
};

}  // namespace

deployment::deployment(io::reactor_core& core, settings from)
    : deployment(core, std::move(from), {}, {}) {}

deployment::deployment(io::reactor_core& core, settings provisional, prepare_function prepare,
                       poll_srv_function poll_srv)
    : core_(core),
      alive_(core.alive()),
      settings_(std::move(provisional)),
      prepare_(std::move(prepare)),
      poll_srv_(std::move(poll_srv)),
      random_(std::random_device{}()),
      waiting_(core),
      pausing_(core),
      quiet_(core),
      background_(core, detail::scope::on_failure::escape) {
    background_.set_background();
}

/// Who listens hears of the end also where nobody closed it. Not in a child process, whose things
/// are the parent's, nor after the reactor, without which nothing can be ended.
deployment::~deployment() {
    if (*alive_ && !core_.forked()) {
        close();
    }
}

void deployment::open() {
    if (opened_ || closed_) {
        return;
    }
    opened_ = true;
    try {
        begin();
    } catch (const std::bad_alloc&) {
        take_back();
        throw;
    }
}

void deployment::begin() {
    if (prepare_) {
        preparing_ = true;
        background_.spawn(run_prepare());
        return;
    }
    machine_.emplace(settings_.topology);
    apply(machine_->open());
}

/// There was no memory to begin with: as though nothing had been, so that the next operation tries
/// again. Who waits already, since a listener has started it, hears of it.
void deployment::take_back() noexcept {
    prepare_failed_ = std::make_error_code(std::errc::not_enough_memory);
    preparing_ = held_ = opened_ = false;
    pending_.clear();
    for (const auto& s : servers_) {
        if (const auto watching = std::exchange(s->monitor_, nullptr)) {
            watching->stop();
        }
        s->pool_->close();
    }
    servers_.clear();
    machine_.reset();
    wake_selections();
}

task<void> deployment::run_prepare() {
    auto prepared = co_await prepare_();
    preparing_ = false;
    if (closed_) {
        co_return;
    }
    if (!prepared) {
        prepare_failed_ = prepared.error();
        opened_ = false;
        wake_selections();
        if (settings_.warn) {
            settings_.warn(prepared.error().to_string());  // perhaps nobody waits any more
        }
        co_return;
    }
    settings_ = std::move(*prepared);
    machine_.emplace(settings_.topology);
    if (poll_srv_) {
        background_.spawn(run_srv_polling());
    }
    apply(machine_->open());
}

task<void> deployment::run_srv_polling() {
    co_await with_stop(poll_srv_(*this), srv_polling_.get_token());
}

topology_description_ptr deployment::description() const noexcept {
    static const auto none = std::make_shared<const topology_description>();
    return machine_ ? machine_->description() : none;
}

double deployment::random() {
    return std::uniform_real_distribution<double>(0, 1)(random_);
}

// --- what is heard of the servers ---------------------------------------------------------------

void deployment::failed(server& s, const pool::connection& c, const error& why) noexcept {
    if (closed_ || s.removed_) {
        return;
    }
    try {
        const auto& service = c.record().service_id;
        apply(machine_->application_failed(
            {.address = s.address_,
             .error = why,
             .generation = c.record().generation,
             .pool_generation = service ? s.pool_->generation(*service) : s.pool_->generation(),
             .handshake_complete = true,
             .service_id = service},
            clock::now()));
    } catch (const std::bad_alloc&) {
        // The server's monitor will see it too.
    }
}

void deployment::open_failed(pool::connection_pool& pool, const error& why,
                             std::uint64_t generation,
                             const std::optional<bson::object_id>& service_id) noexcept {
    const auto of =
        std::ranges::find(servers_, &pool, [](const auto& s) { return s->pool_.get(); });
    if (closed_ || of == servers_.end()) {
        return;
    }
    try {
        apply(machine_->application_failed(
            {.address = (*of)->address_,
             .error = why,
             .generation = generation,
             .pool_generation = service_id ? pool.generation(*service_id) : pool.generation(),
             .handshake_complete = false,
             .service_id = service_id},
            clock::now()));
    } catch (const std::bad_alloc&) {
        // The server's monitor will see it too.
    }
}

/// As a monitor's answer (server-monitoring, "Clients update the topology from each handshake"),
/// where it has a topologyVersion and nothing was heard of the server since it came: the login took
/// its time after it. One without a topologyVersion may be the older one although it came later, by
/// another connection: nothing would tell, and a primary that has stepped down would be one again.
void deployment::hello_answered(pool::connection_pool& pool, const wire::hello_reply& reply,
                                clock::time_point when) noexcept {
    const auto of =
        std::ranges::find(servers_, &pool, [](const auto& s) { return s->pool_.get(); });
    if (closed_ || of == servers_.end() || reply.topology_version().empty()) {
        return;
    }
    // What an operation may count on as the least round trip changes with the monitor's answers
    // only: its second measurement may end at any time after the first.
    const auto& monitor = (*of)->monitor_;
    const auto* const known = machine_->description()->find((*of)->address_);
    if (known != nullptr && known->last_update_time > when) {
        return;
    }
    const bool measured = known != nullptr && known->type != server_type::unknown;
    const auto rtt = monitor && !measured ? std::optional(monitor->round_trip()) : std::nullopt;
    try {
        apply(machine_->hello((*of)->address_, reply, rtt, when));
    } catch (const std::bad_alloc&) {
        // The server's monitor hears of it too.
    }
}

void deployment::cursor_left(pool::connection_pool& pool, std::string_view name_space,
                             std::int64_t id) noexcept {
    const auto of =
        std::ranges::find(servers_, &pool, [](const auto& s) { return s->pool_.get(); });
    if (!closed_ && of != servers_.end() && kill_) {
        kill_((*of)->id(), name_space, id);
    }
}

void deployment::answered(const std::string& address, const wire::hello_reply& reply,
                          topology::round_trip rtt) {
    if (!closed_) {
        apply(machine_->hello(address, reply, rtt, clock::now()));
    }
}

void deployment::unreachable(const std::string& address, const error& why) {
    if (!closed_) {
        apply(machine_->check_failed(address, why, clock::now()));
    }
}

void deployment::srv_hosts(std::span<const std::string> hosts) {
    if (!closed_) {
        apply(machine_->srv_hosts(hosts));
    }
}

// --- what is to be done -------------------------------------------------------------------------

/// Does one action after the other. What is heard in the meantime (a pool that is cleared calls
/// whoever used it) gets its turn behind them.
void deployment::apply(topology::actions actions) {
    pending_.insert(pending_.end(), std::make_move_iterator(actions.begin()),
                    std::make_move_iterator(actions.end()));
    if (applying_) {
        return;
    }
    {
        const applying mark(applying_);
        primary_ = nullptr;  // an operation that a listener starts waits for the end of this
        while (!pending_.empty()) {
            const auto now = std::exchange(pending_, {});
            for (const auto& one : now) {
                perform(one);
            }
        }
    }
    refresh();
    if (std::exchange(held_, false)) {
        wake_selections();
    }
}

void deployment::wake_selections() noexcept {
    while (!waiting_.empty()) {
        waiting_.release_first(nullptr);
    }
}

namespace {

template <typename... Functions>
struct overloaded : Functions... {
    using Functions::operator()...;
};
template <typename... Functions>
overloaded(Functions...) -> overloaded<Functions...>;  // clang 16 does not find it by itself

}  // namespace

void deployment::perform(const topology::action& what) {
    const auto with = [this](const std::string& address, auto&& then) {
        if (auto* const s = at(address)) {
            then(*s);
        }
    };
    std::visit(
        overloaded{
            [&](const topology::publish& a) {
                if (settings_.listener != nullptr) {
                    std::visit([&](const auto& event) { settings_.listener->on(event); }, a.event);
                }
            },
            [&](const topology::open_server& a) { open_server(a); },
            [&](const topology::close_server& a) { close_server(a.address); },
            [&](const topology::ready_pool& a) {
                with(a.address, [](server& s) { s.pool_->ready(); });
            },
            [&](const topology::clear_pool& a) {
                with(a.address,
                     [&](server& s) { s.pool_->clear(a.why, a.service_id, a.interrupt_in_use); });
            },
            [&](const topology::request_check& a) {
                with(a.address, [&](server& s) {
                    if (s.monitor_) {
                        s.monitor_->request_check(a.time);
                    }
                });
            },
            [&](const topology::cancel_check& a) {
                with(a.address, [](server& s) {
                    if (s.monitor_) {
                        s.monitor_->cancel_check();
                    }
                });
            },
            [&](const topology::wake_selections&) { wake_selections(); },
            [&](const topology::stop_srv_polling&) { srv_polling_.request_stop(); },
            [&](const topology::warn& a) {
                if (settings_.warn) {
                    settings_.warn(a.text);
                }
            },
        },
        what);
}

namespace {

/// What the topology calls a server: not percent-encoded, as a connection string has it.
result<host_address> host_of(const std::string& address) {
    if (address.find('/') != std::string::npos && address.ends_with(".sock")) {
        host_address socket;
        socket.host = address;
        return socket;
    }
    return host_address::parse(address);
}

}  // namespace

void deployment::open_server(const topology::open_server& what) {
    auto host = host_of(what.address);
    if (!host) {
        // What a server called a member; nobody can connect to it.
        const auto failed = host.error();
        apply(machine_->check_failed(what.address, failed, clock::now()));
        return;
    }
    auto made = std::make_unique<server>(*this, ++last_id_, what.address, std::move(*host));
    made->description_ =
        std::make_shared<const server_description>(topology::unknown_server(what.address));
    auto connection = settings_.connection;
    connection.host = made->host_;
    made->pool_ = std::make_unique<pool::connection_pool>(
        core_, std::move(connection), settings_.pool, static_cast<pool::pool_owner*>(this),
        settings_.pool_listener);
    auto& s = *servers_.emplace_back(std::move(made));
    s.watched_ = refuses_;
    if (what.monitored) {
        s.monitor_ = std::make_shared<monitor>(core_, settings_.monitoring, s.host_, s.address_,
                                               static_cast<monitor_owner&>(*this));
        s.monitor_->start(background_);
    }
}

void deployment::close_server(const std::string& address) {
    const auto found = std::ranges::find(
        servers_, address, [](const auto& s) -> const std::string& { return s->address(); });
    if (found == servers_.end()) {
        return;
    }
    auto s = std::move(*found);
    servers_.erase(found);
    s->removed_ = s->watched_ = true;
    if (primary_ == s.get()) {
        primary_ = nullptr;
    }
    if (auto watching = std::exchange(s->monitor_, nullptr)) {
        watching->stop();
    }
    s->pool_->close(closed_
                        ? error()
                        : error(errc::pool_cleared, "the server " + s->address_ +
                                                        " is no part of the topology any more"));
    created_for_gone_ += s->pool_->created();
    if (s->operations_ == 0) {
        background_.spawn(retire(std::move(s)));
    } else {
        removed_.push_back(std::move(s));
    }
}

/// Lets go of a server when nothing of it is under way, from a turn of its own.
task<void> deployment::retire(std::unique_ptr<server> s) {
    const detail::task_context& context = co_await detail::this_context{};
    static_cast<void>(co_await io::sleeping(core_, context, clock::now()));
    static_cast<void>(co_await s->pool_->wait_quiet());
}

/// The servers' descriptions, and which of them is the one for all writes.
void deployment::refresh() {
    const auto description = this->description();
    for (const auto& s : servers_) {
        for (const auto& d : description->servers) {
            if (d->address == s->address_) {
                s->description_ = d;
            }
        }
    }
    topology_ = description->type;
    primary_ = nullptr;
    if (settings_.selections != nullptr) {
        return;
    }
    topology::selection_criteria writes;
    writes.operation = topology::operation_kind::write;
    if (topology::find_suitable(*description, writes, scratch_) && scratch_.size() == 1) {
        primary_ = at(scratch_.front()->address);
    }
}

// --- the end ------------------------------------------------------------------------------------

void server_use::ended(server& s) noexcept {
    s.owner_.ended(s);
}

server_rest server::rest() noexcept {
    ++resting_;
    owner_.tell_quiet();
    return server_rest(this);
}

void end_rest::operator()(server* s) const noexcept {
    --s->resting_;
}

void deployment::refuse() noexcept {
    refuses_ = true;
    for (const auto& s : servers_) {
        s->watched_ = true;
    }
    wake_selections();  // who only cleans up waits no longer; a selection looks again
}

void deployment::ended(server& s) noexcept {
    if (s.removed_) {
        const auto found =
            std::ranges::find(removed_, &s, [](const auto& owned) { return owned.get(); });
        if (found != removed_.end() && *alive_) {
            auto owned = std::move(*found);
            removed_.erase(found);
            background_.spawn(retire(std::move(owned)));
        }
    }
    tell_quiet();
}

/// Who waits for the end of all operations hears of it. One release wakes one.
void deployment::tell_quiet() noexcept {
    if (!quiet_.empty() && !busy()) {
        quiet_.release_first(nullptr);
    }
}

bool deployment::busy() const noexcept {
    const auto works = [](const auto& s) { return s->busy(); };
    return selecting_ != 0 || std::ranges::any_of(servers_, works) ||
           std::ranges::any_of(removed_, works);
}

task<error> deployment::wait_quiet() {
    while (busy()) {
        io::wait_queue::waiter mine(quiet_);
        const auto interrupted = co_await mine;
        tell_quiet();  // whoever waits behind is let go in turn
        if (interrupted) {
            co_return interrupted;
        }
    }
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (auto interrupted = co_await servers_[i]->pool_->wait_quiet()) {
            co_return interrupted;
        }
    }
    co_return error();
}

void deployment::close() noexcept {
    if (std::exchange(closed_, true)) {
        return;
    }
    refuse();
    srv_polling_.request_stop();
    std::vector<pool::connection_pool*> pools;
    for (const auto* const all : {&servers_, &removed_}) {
        for (const auto& s : *all) {
            pools.push_back(s->pool_.get());
        }
    }
    if (machine_) {
        apply(machine_->close());
    }
    for (auto* const line : {&waiting_, &pausing_}) {
        while (!line->empty()) {
            line->fail_first(errc::client_closed);
        }
    }
    for (auto* const pool : pools) {
        pool->abort();
    }
}

}  // namespace mongoro::deployment
