#include <mongoro/detail/scope.hpp>
#include <mongoro/error.hpp>

#include "io/interrupt.hpp"
#include "io/reactor_core.hpp"

namespace mongoro::detail {

scope::scope(reactor_core& core, on_failure policy) : core_(core), policy_(policy) {
    context_.core = &core;
    if (policy == on_failure::cancel_others) {
        context_.stop = stop_.get_token();
    } else {
        stop_ = std::stop_source(std::nostopstate);
    }
}

scope::~scope() {
    while (first_ != nullptr) {
        child& c = *first_;
        remove(c);
        if (c.queued) {
            core_.unschedule(c);
        }
        delete &c;
    }
}

void scope::adopt(child* c) {
    c->owner = this;
    c->next_child = first_;
    if (first_ != nullptr) {
        first_->prev_child = c;
    }
    first_ = c;
    ++size_;
    c->ended = [](branch_listener& l) noexcept -> std::coroutine_handle<> {
        // Its frame cannot be freed from inside of its last step: in the next turn.
        auto& self = static_cast<child&>(l);
        self.run = [](ready_node& n) noexcept {
            auto& ended = static_cast<child&>(n);
            ended.owner->reap(ended);
        };
        self.owner->core_.schedule(self);
        return std::noop_coroutine();
    };
    c->work.prepare(*c, &context_);
    if (core_.inside()) {
        c->work.start();
        return;
    }
    c->run = [](ready_node& n) noexcept { static_cast<child&>(n).work.start(); };
    core_.schedule(*c);
}

void scope::remove(child& c) noexcept {
    (c.prev_child != nullptr ? c.prev_child->next_child : first_) = c.next_child;
    if (c.next_child != nullptr) {
        c.next_child->prev_child = c.prev_child;
    }
    --size_;
}

/// Waits until the last child has been reaped; the joining task's own deadline and stop stop the
/// children.
struct scope::join_awaiter : io::completion {
    join_awaiter(scope& s, const task_context& c) noexcept : owner(s), context(c) {}
    join_awaiter(const join_awaiter&) = delete;
    join_awaiter& operator=(const join_awaiter&) = delete;
    ~join_awaiter() {
        if (owner.joiner_ == this) {
            owner.joiner_ = nullptr;
        }
    }

    [[nodiscard]] bool await_ready() const noexcept { return owner.size_ == 0; }
    void await_suspend(std::coroutine_handle<> h) {
        handle = h;
        owner.joiner_ = this;
        fn = [](io::completion& c, int e) noexcept {
            auto& self = static_cast<join_awaiter&>(c);
            self.why = static_cast<errc>(e);
            self.owner.cancel();
        };
        interruption.arm(owner.core_, context, *this);
    }
    [[nodiscard]] error await_resume() const noexcept { return why; }

    scope& owner;
    const task_context& context;
    std::coroutine_handle<> handle;
    io::interrupt interruption;
    error why;
};

void scope::reap(child& c) noexcept {
    std::exception_ptr failed = c.failure();
    remove(c);
    delete &c;
    if (failed && policy_ == on_failure::escape) {
        core_.escape(std::move(failed));
    } else if (failed && !failure_) {
        failure_ = std::move(failed);
        cancel();
    }
    if (size_ == 0 && joiner_ != nullptr) {
        joiner_->interruption.disarm();
        std::exchange(joiner_, nullptr)->handle.resume();
    }
}

task<void> scope::join() {
    const task_context& context = co_await this_context{};
    const error why = co_await join_awaiter(*this, context);
    if (failure_) {
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }
    if (why) {
        throw exception(why);
    }
}

scope& background_of(reactor_core& core) {
    return core.background();
}

}  // namespace mongoro::detail
