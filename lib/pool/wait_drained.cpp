#include "pool/wait_drained.hpp"

#include "io/wait_queue.hpp"

namespace mongoro::pool {

namespace {

/// Hears of the connection in its pool's place, to which it would be as good as checked in.
class stand_in final : connection_owner {
 public:
    explicit stand_in(connection& c) noexcept
        : connection_(c), pool_(c.set_owner(this)), drained_(c.core()) {}
    stand_in(const stand_in&) = delete;
    stand_in& operator=(const stand_in&) = delete;
    ~stand_in() { connection_.set_owner(pool_); }

    [[nodiscard]] io::wait_queue& waiting() noexcept { return drained_; }

 private:
    void drained(connection&, const detail::reply*) noexcept override {
        if (!drained_.empty()) {
            drained_.release_first(nullptr);
        }
    }

    connection& connection_;
    connection_owner* pool_;
    io::wait_queue drained_;
};

}  // namespace

task<error> wait_drained(connection& c) {
    if (c.status() != connection::state::draining) {
        co_return error();
    }
    stand_in owner(c);
    io::wait_queue::waiter mine(owner.waiting());
    co_return co_await mine;
}

}  // namespace mongoro::pool
