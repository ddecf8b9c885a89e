#include "io/reactor_core.hpp"

#include <mongoro/adapters/callback.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace mongoro::detail {

/// Calls that are under way are found by their id: a handle never points at one, since it may
/// outlive it.
///
/// Inside of the reactor a call costs no lock. Starts and cancels from elsewhere go through
/// `arrived_` and `unwanted_`, and are taken up when the reactor runs.
class call_registry final : public attachment {
 public:
    explicit call_registry(reactor_core& core) noexcept : core_(core) {
        wake_.registry = this;
        wake_.run = [](ready_node& node) noexcept {
            static_cast<wake&>(node).registry->catch_up();
        };
    }

    ~call_registry() override {
        {
            const std::scoped_lock lock(mutex_);
            awake_ = true;  // nobody is to be woken any more
        }
        if (wake_.queued) {
            cancel_schedule(core_, wake_);
        }
        for (started_call* list : calls_) {
            drop(list);
        }
        drop(arrived_);
    }

    std::uint64_t begin(started_call& call) {
        if (core_.inside()) [[likely]] {
            call.id = next_id_.fetch_add(1, std::memory_order_relaxed);
            const std::uint64_t id = call.id;  // it may be gone when begin() returns
            link(call);
            call.begin(call);
            return id;
        }
        const std::scoped_lock lock(mutex_);
        call.id = next_id_.fetch_add(1, std::memory_order_relaxed);
        *last_arrived_ = &call;
        last_arrived_ = &call.later;
        wake_up();
        return call.id;
    }

    void cancel(std::uint64_t id) {
        const std::scoped_lock lock(mutex_);
        unwanted_.push_back(id);
        wake_up();
    }

    void end(started_call& call) noexcept {
        core_.drop_work();
        *call.place = call.later;
        if (call.later != nullptr) {
            call.later->place = call.place;
        }
    }

 private:
    struct wake : ready_node {
        call_registry* registry = nullptr;
    };

    started_call*& list_of(std::uint64_t id) noexcept { return calls_[id % calls_.size()]; }

    void link(started_call& call) noexcept {
        started_call*& list = list_of(call.id);
        call.registry = this;
        call.place = &list;
        call.later = list;
        if (list != nullptr) {
            list->place = &call.later;
        }
        list = &call;
        core_.add_work();
    }

    void wake_up() noexcept {  // with the lock held
        if (!awake_) {
            awake_ = true;
            schedule(core_, wake_);
        }
    }

    void catch_up() noexcept {
        started_call* arrived = nullptr;
        std::vector<std::uint64_t> unwanted;
        {
            const std::scoped_lock lock(mutex_);
            awake_ = false;
            arrived = std::exchange(arrived_, nullptr);
            last_arrived_ = &arrived_;
            unwanted.swap(unwanted_);
        }
        while (arrived != nullptr) {
            started_call& call = *arrived;
            arrived = call.later;
            link(call);
            call.begin(call);
        }
        for (const std::uint64_t id : unwanted) {
            abandon(id);
        }
    }

    void abandon(std::uint64_t id) noexcept {
        for (started_call* call = list_of(id); call != nullptr; call = call->later) {
            // A call that is queued has ended, and is about to say so.
            if (call->id == id && !call->queued) {
                call->cancelled = true;
                call->abandon(*call);
                schedule(core_, *call);
                return;
            }
        }
    }

    void drop(started_call* list) noexcept {
        while (list != nullptr) {
            started_call& call = *std::exchange(list, list->later);
            if (call.queued) {
                cancel_schedule(core_, call);
            }
            call.destroy(call);
        }
    }

    reactor_core& core_;
    std::atomic<std::uint64_t> next_id_{1};
    std::array<started_call*, 64> calls_{};
    std::mutex mutex_;
    bool awake_ = false;
    wake wake_;
    started_call* arrived_ = nullptr;
    started_call** last_arrived_ = &arrived_;
    std::vector<std::uint64_t> unwanted_;
};

call_registry& registry_of(reactor_core& core) {
    if (attachment* const there = core.attached().load(std::memory_order_acquire)) [[likely]] {
        return static_cast<call_registry&>(*there);
    }
    return static_cast<call_registry&>(
        attach(core, [](reactor_core& c) -> std::unique_ptr<attachment> {
            return std::make_unique<call_registry>(c);
        }));
}

[[gnu::hot]] std::uint64_t begin_call(call_registry& registry, started_call& call) {
    return registry.begin(call);
}

[[gnu::hot]] void end_call(started_call& call) noexcept {
    call.registry->end(call);
}

void cancel_call(call_registry& registry, std::uint64_t id) {
    registry.cancel(id);
}

error to_error(const std::system_error& e) {
    return error(e.code(), e.what());
}

void throw_no_reactor() {
    throw exception(error(errc::invalid_argument, "start: the operation is not tied to a reactor"));
}

}  // namespace mongoro::detail
