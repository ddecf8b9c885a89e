#include "io/forked_backend.hpp"

#include <cerrno>

namespace mongoro::io {

namespace {

class nothing final : public backend {
 public:
    int bind() noexcept override { return -EBADF; }
    bool chooses_buffers() const noexcept override { return true; }
    void start_send(stream&) noexcept override {}
    void start_receive(stream&) noexcept override {}
    void start_exchange(stream&) noexcept override {}
    void start_connect(stream&) noexcept override {}
    void cancel(stream&) noexcept override {}
    void forget(stream&) noexcept override {}
    void start(kernel_operation&) noexcept override {}
    void cancel(kernel_operation&) noexcept override {}
    void arm_timeout(std::chrono::steady_clock::time_point) noexcept override {}
    std::size_t turn(wait) noexcept override { return 0; }
    bool submit() noexcept override { return true; }
    void wake() noexcept override {}
    int native_handle() noexcept override { return -EBADF; }
};

}  // namespace

backend& forked_backend() noexcept {
    static nothing instance;
    return instance;
}

}  // namespace mongoro::io
