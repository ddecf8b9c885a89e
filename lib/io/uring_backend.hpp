#pragma once

#include "io/backend.hpp"
#include "io/provided_buffers.hpp"

#include <liburing.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace mongoro::io {

class reactor_core;

/// The ring. Needs Linux 5.17 (CQE_SKIP); SINGLE_ISSUER and DEFER_TASKRUN are used where the kernel
/// has them.
class uring_backend final : public backend {
 public:
    /// Null, and a negated errno in `refused`, where the kernel or a filter refuses it.
    [[nodiscard]] static std::unique_ptr<uring_backend> create(reactor_core& core, unsigned entries,
                                                               int& refused);
    ~uring_backend() override;

    int bind() noexcept override;
    void start_send(stream& s) noexcept override;
    void start_receive(stream& s) noexcept override;
    void start_exchange(stream& s) noexcept override;
    void start_connect(stream& s) noexcept override;
    void cancel(stream& s) noexcept override;
    void forget(stream&) noexcept override {}
    void start(kernel_operation& op) noexcept override;
    void cancel(kernel_operation& op) noexcept override;
    void arm_timeout(std::chrono::steady_clock::time_point when) noexcept override;
    std::size_t turn(wait w) noexcept override;
    bool submit() noexcept override;
    bool chooses_buffers() const noexcept override;
    void leak() noexcept override { provided_.leak(); }
    void wake() noexcept override;
    int native_handle() noexcept override;

 private:
    struct internal : completion {
        uring_backend* owner = nullptr;
    };

    explicit uring_backend(reactor_core& core);
    io_uring_sqe* entry() noexcept;
    void reserve(unsigned count) noexcept;
    [[nodiscard]] bool flush() noexcept;
    [[nodiscard]] bool others() const noexcept;
    void prepare_send(stream& s, bool linked) noexcept;
    io_uring_sqe* prepare_receive(stream& s) noexcept;
    void ask_cancel(stream& s, completion& what, completion& mine) noexcept;
    void read_wake() noexcept;
    static void on_out(completion& c, int res) noexcept;
    static void on_in(completion& c, int res) noexcept;
    static void on_cancel(completion& c, int res) noexcept;

    reactor_core& core_;
    static constexpr int none = -1;

    io_uring ring_{};
    provided_buffers provided_;
    int chosen_ = none;     // the buffer of the completion that is being called
    unsigned missing_ = 0;  // receives of this turn that found none
    bool bound_ = false;
    bool timeout_in_flight_ = false;
    int wake_fd_ = -1;
    std::atomic<int> handle_{-1};
    std::uint64_t wake_count_ = 0;
    __kernel_timespec timeout_{};
    internal wake_read_;
    internal timeout_done_;
    // What is prepared for a ring that takes nothing any more.
    std::unique_ptr<io_uring_sqe> nowhere_ = std::make_unique<io_uring_sqe>();
};

}  // namespace mongoro::io
