#include <mongoro/sync_wait.hpp>

#include "io/reactor_core.hpp"

namespace mongoro::detail {

void drive(reactor_core& core, branch& b) {
    struct root : branch_listener, ready_node {
        bool done = false;
        branch* started = nullptr;
    };
    struct scheduled : root {
        explicit scheduled(reactor_core& c) noexcept : owner(c) {}
        scheduled(const scheduled&) = delete;
        scheduled& operator=(const scheduled&) = delete;
        ~scheduled() { owner.unschedule(*this); }
        reactor_core& owner;
    };
    core.check_enter();
    scheduled self(core);
    self.started = &b;
    self.ended = [](branch_listener& l) noexcept -> std::coroutine_handle<> {
        static_cast<root&>(l).done = true;
        return std::noop_coroutine();
    };
    self.run = [](ready_node& n) noexcept { static_cast<root&>(n).started->start(); };
    b.prepare(self, &core.root_context());
    core.schedule(self);
    if (!core.run_until(self.done)) {
        throw exception(errc::reactor_stopped);
    }
}

}  // namespace mongoro::detail
