#include "io/connect_first.hpp"

#include "io/reactor_core.hpp"
#include "io/timer.hpp"

#include <mongoro/detail/branch.hpp>

#include <algorithm>
#include <coroutine>
#include <memory>
#include <string>
#include <utility>

namespace mongoro::io {

namespace {

/// The attempts that are under way, and a timer beside them. Whoever awaits `next()` is resumed
/// when one has ended or the time is over. Destroying it cancels what is under way.
class race : completion {
 public:
    race(reactor_core& core, const detail::task_context& context) noexcept
        : core_(core), context_(context) {
        fn = [](completion& c, int) noexcept {
            auto& self = static_cast<race&>(c);
            self.time_is_over_ = true;
            if (auto waiting = std::exchange(self.waiting_, nullptr)) {
                waiting.resume();
            }
        };
    }
    race(const race&) = delete;
    race& operator=(const race&) = delete;

    void start(const address& to, deadline until) {
        auto& a = *attempts_.emplace_back(std::make_unique<attempt>());
        a.owner = this;
        a.ended = [](detail::branch_listener& l) noexcept -> std::coroutine_handle<> {
            auto& self = static_cast<attempt&>(l);
            self.over = true;
            self.owner->news_ = true;
            const auto waiting = std::exchange(self.owner->waiting_, nullptr);
            return waiting ? waiting : std::noop_coroutine();
        };
        a.work = detail::branch_of(connect(core_, to, until), &a.to);
        a.work.prepare(a, &context_);
        a.work.start();
    }
    void arm(std::chrono::milliseconds span) noexcept {
        time_is_over_ = false;
        timer_.arm(core_, timer::clock::now() + span, *this,
                   context_.background ? timer::keeps_running::no : timer::keeps_running::yes);
    }
    void disarm() noexcept {
        timer_.disarm();
        time_is_over_ = false;
    }
    [[nodiscard]] bool time_is_over() const noexcept { return time_is_over_; }
    [[nodiscard]] bool empty() const noexcept { return attempts_.empty(); }

    struct news {
        race& of;
        [[nodiscard]] bool await_ready() const noexcept { return of.news_ || of.time_is_over_; }
        void await_suspend(std::coroutine_handle<> h) noexcept { of.waiting_ = h; }
        void await_resume() const noexcept {}
    };
    [[nodiscard]] news next() noexcept { return {*this}; }

    /// Takes what an attempt that has ended came to; false if none has.
    bool take(result<stream_ptr>& into) {
        const auto at = std::ranges::find_if(attempts_, [](const auto& a) { return a->over; });
        if (at == attempts_.end()) {
            news_ = false;
            return false;
        }
        into = (*at)->to.take();
        attempts_.erase(at);
        return true;
    }

 private:
    struct attempt : detail::branch_listener {
        race* owner = nullptr;
        bool over = false;
        detail::outcome<result<stream_ptr>> to;
        detail::branch work;  // last: it writes to what stands above
    };

    reactor_core& core_;
    const detail::task_context& context_;
    std::vector<std::unique_ptr<attempt>> attempts_;
    timer timer_;
    std::coroutine_handle<> waiting_;
    bool news_ = false;
    bool time_is_over_ = false;
};

bool ends_all(const error& e) noexcept {
    return e == errc::operation_cancelled || e == errc::deadline_exceeded;
}

}  // namespace

std::vector<address> by_turns(std::span<const address> addresses) {
    std::vector<address> first;
    std::vector<address> others;
    for (const auto& one : addresses) {
        (one.family() == addresses.front().family() ? first : others).push_back(one);
    }
    std::vector<address> ordered;
    ordered.reserve(addresses.size());
    for (std::size_t i = 0; i < std::max(first.size(), others.size()); ++i) {
        if (i < first.size()) {
            ordered.push_back(first[i]);
        }
        if (i < others.size()) {
            ordered.push_back(others[i]);
        }
    }
    return ordered;
}

task<result<stream_ptr>> connect_first(reactor_core& core, std::vector<address> addresses,
                                       deadline until, std::chrono::milliseconds stagger) {
    if (addresses.empty()) {
        co_return error(errc::invalid_argument, "no address to connect to");
    }
    if (addresses.size() == 1) {
        co_return co_await connect(core, addresses.front(), until);
    }
    const detail::task_context& context = co_await detail::this_context{};
    race attempts(core, context);
    const auto ordered = by_turns(addresses);
    std::size_t tried = 0;
    error last;
    while (tried < ordered.size() || !attempts.empty()) {
        if (tried < ordered.size()) {
            attempts.start(ordered[tried++], until);
        }
        if (tried < ordered.size()) {
            attempts.arm(stagger);
        } else {
            attempts.disarm();
        }
        co_await attempts.next();
        for (result<stream_ptr> one(errc::operation_cancelled); attempts.take(one);) {
            if (one) {
                co_return std::move(*one);
            }
            if (ends_all(one.error())) {
                co_return one.error();
            }
            // What another host's address came to says more than that this one lacks a family.
            if (!last || !is_local_failure(one.error())) {
                last = one.error();
            }
        }
    }
    std::string text = "tried ";
    for (const auto& one : ordered) {
        text += (&one == &ordered.front() ? "" : ", ") + one.to_string();
    }
    co_return error(last.code(), std::move(text), last);
}

}  // namespace mongoro::io
