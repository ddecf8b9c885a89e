#include "pool/connection_pool.hpp"

#include <mongoro/with_stop.hpp>

#include <algorithm>

namespace mongoro::pool {

class connection_pool::slot {
 public:
    explicit slot(connection_pool& pool) noexcept : pool_(&pool) {}
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;
    ~slot() {
        if (pool_) {
            pool_->give_back_slot();
        }
    }
    void use() noexcept { pool_ = nullptr; }

 private:
    connection_pool* pool_;
};

void connection_pool::turn::give_back() noexcept {
    if (auto* c = static_cast<connection*>(granted())) {
        pool_.settle(*c);
    } else {
        pool_.give_back_slot();
    }
}

connection_pool::connection_pool(io::reactor_core& core, connection_settings settings,
                                 std::size_t max_size)
    : core_(core),
      settings_(std::move(settings)),
      max_size_(max_size),
      turns_(core),
      quiet_(core) {}

connection_pool::~connection_pool() = default;

lease connection_pool::try_check_out() noexcept {
    if (idle_.empty() || closed_) {
        return {};
    }
    auto& c = *idle_.back();
    idle_.pop_back();
    return {*this, c};
}

bool connection_pool::reserve() noexcept {
    if (total_ >= max_size_) {
        return false;
    }
    ++total_;
    return true;
}

task<result<lease>> connection_pool::check_out() {
    if (closed_) {
        co_return error(errc::client_closed);
    }
    if (auto idle = try_check_out()) {
        co_return std::move(idle);
    }
    if (!reserve()) {
        turn mine(*this);
        if (auto failed = co_await mine) {
            co_return failed;
        }
        if (auto granted = mine.take()) {
            co_return std::move(granted);
        }
    }
    co_return co_await open();
}

task<result<lease>> connection_pool::open() {
    slot reserved(*this);
    const auto generation = generation_;
    auto opened = co_await with_stop(open_connection(core_, settings_), opening_.get_token());
    if (closed_) {
        co_return error(errc::client_closed);
    }
    if (!opened) {
        co_return opened.error();
    }
    auto& c = **opened;
    c.set_owner(this);
    c.set_generation(generation);
    c.set_id(static_cast<std::int64_t>(created_) + 1);
    all_.push_back(std::move(*opened));
    idle_.reserve(all_.size());  // so that settle() need not allocate
    reserved.use();
    ++created_;
    co_return lease(*this, c);
}

void connection_pool::settle(connection& c) noexcept {
    if (c.status() != connection::state::idle || closed_ || c.generation() != generation_) {
        forget(c);
    } else if (!turns_.empty()) {
        turns_.release_first(&c);
    } else {
        idle_.push_back(&c);
    }
    if (total_ == idle_.size() && !quiet_.empty()) {
        quiet_.release_first(nullptr);
    }
}

void connection_pool::forget(connection& c) noexcept {
    const auto at = std::find_if(all_.begin(), all_.end(),
                                 [&](const auto& owned) { return owned.get() == &c; });
    // Swapped out first: closing it must find the pool as it will be.
    const auto gone = std::move(*at);
    *at = std::move(all_.back());
    all_.pop_back();
    give_back_slot();
}

void connection_pool::give_back_slot() noexcept {
    --total_;
    if (!turns_.empty() && total_ < max_size_) {
        ++total_;
        turns_.release_first(nullptr);
    }
    if (total_ == idle_.size() && !quiet_.empty()) {
        quiet_.release_first(nullptr);
    }
}

void connection_pool::clear() noexcept {
    ++generation_;
    while (!idle_.empty()) {
        auto& stale = *idle_.back();
        idle_.pop_back();
        forget(stale);
    }
}

void connection_pool::close() noexcept {
    closed_ = true;
    clear();
    turns_.fail_all(errc::client_closed);
}

task<error> connection_pool::wait_quiet() {
    while (total_ != idle_.size()) {
        wait_queue::waiter mine(quiet_);
        auto interrupted = co_await mine;
        // Whoever waits behind is let go in turn: one release wakes one.
        if (!quiet_.empty() && total_ == idle_.size()) {
            quiet_.release_first(nullptr);
        }
        if (interrupted) {
            co_return interrupted;
        }
    }
    co_return error();
}

void connection_pool::abort() noexcept {
    opening_.request_stop();
    std::vector<connection*> busy;
    busy.reserve(all_.size());
    for (const auto& c : all_) {
        busy.push_back(c.get());
    }
    for (auto* c : busy) {
        // A waiter that resumes may check in, and so destroy, connections of this list.
        if (std::any_of(all_.begin(), all_.end(),
                        [&](const auto& owned) { return owned.get() == c; })) {
            c->abort(errc::client_closed);
        }
    }
}

}  // namespace mongoro::pool
