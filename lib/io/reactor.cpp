#include <mongoro/reactor.hpp>

#include "io/reactor_core.hpp"

#include <utility>

namespace mongoro {

reactor::reactor(const reactor_options& options) {
    auto made = io::reactor_core::create(options);
    core_ = std::move(made).value();
}

reactor::reactor(std::unique_ptr<detail::reactor_core> core) noexcept : core_(std::move(core)) {}

reactor::~reactor() = default;

result<std::unique_ptr<reactor>> reactor::create(const reactor_options& options) {
    auto made = io::reactor_core::create(options);
    if (!made) {
        return made.error();
    }
    return std::unique_ptr<reactor>(new reactor(std::move(*made)));
}

void reactor::run() {
    core_->run();
}

std::size_t reactor::poll() {
    return core_->poll();
}

int reactor::native_handle() {
    return core_->native_handle();
}

void reactor::stop() noexcept {
    core_->stop();
}

reactor_backend reactor::backend() const noexcept {
    return core_->kind();
}

bool reactor::in_reactor_thread() const noexcept {
    return core_->in_thread();
}

std::size_t reactor::in_flight() const noexcept {
    return core_->in_flight();
}

reactor_statistics reactor::statistics() const noexcept {
    return core_->statistics();
}

namespace detail {

[[gnu::hot]] void schedule(reactor_core& core, ready_node& node) noexcept {
    core.schedule(node);
}

void cancel_schedule(reactor_core& core, ready_node& node) noexcept {
    core.unschedule(node);
}

void await_schedule(reactor_core& core, ready_node& node) noexcept {
    core.await_schedule(node);
}

const task_context& outside_context() noexcept {
    static const task_context outside;
    return outside;
}

bool in_reactor_thread(const reactor_core& core) noexcept {
    return core.in_thread();
}

bool nobody_else_runs(const reactor_core& core) noexcept {
    return core.in_thread() || core.owner_has_ended();
}

bool inside_reactor(const reactor_core& core) noexcept {
    return core.inside();
}

const task_context& root_context(reactor_core& core) noexcept {
    return core.root_context();
}

void add_work(reactor_core& core) noexcept {
    core.add_work();
}

void drop_work(reactor_core& core) noexcept {
    core.drop_work();
}

void escape(reactor_core& core, std::exception_ptr e) noexcept {
    core.escape(std::move(e));
}

attachment& attach(reactor_core& core, std::unique_ptr<attachment> (*make)(reactor_core&)) {
    std::atomic<attachment*>& slot = core.attached();
    attachment* there = slot.load(std::memory_order_acquire);
    if (there == nullptr) {
        std::unique_ptr<attachment> mine = make(core);
        // Two threads may come first: the loser's is thrown away.
        if (slot.compare_exchange_strong(there, mine.get(), std::memory_order_acq_rel)) {
            there = mine.release();
        }
    }
    return *there;
}

}  // namespace detail

}  // namespace mongoro
