// The physical limit: the bytes of a task, sent and received by a bare liburing loop that makes
// nothing and reads nothing but the length of the reply.
//
//   bench-bare URI TASK N        BARE_REQUESTS=FILE sends what the responder's --capture recorded
//
// One round trip is one submission: a send linked to a receive, and one completion (that of the
// receive). A reply that one receive does not bring whole is finished by a second one that waits
// for all of it. "conc:K" drives min(K, 64) connections from the one ring.
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bare/requests.hpp"
#include "common/op_msg.hpp"
#include "common/program.hpp"

namespace {

constexpr std::uint64_t most_connections = 64;
constexpr std::size_t small_buffer = 64U << 10U;
constexpr std::size_t large_buffer = 48'000'000;

[[noreturn]] void die(const char* what, int error) {
    std::fprintf(stderr, "bench-bare: %s: %s\n", what, std::strerror(error));
    std::exit(1);
}

int connect_to(const bench::arguments& to) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    if (::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) != 1) {
        die(to.host.c_str(), EINVAL);
    }
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        die("connect", errno);
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/// One connection, and how far its operation has come.
struct lane {
    int fd = -1;
    std::unique_ptr<char[]> buffer;
    std::size_t buffer_size = 0;
    std::size_t received = 0;
    std::size_t message = 0;
    bench::latencies::clock::time_point began;
};

class loop {
 public:
    loop(const bench::arguments& to, const std::vector<std::string>& messages)
        : messages_(messages), lanes_(std::min(to.concurrency, most_connections)) {
        io_uring_params parameters{};
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        const int failed = ::io_uring_queue_init_params(256, &ring_, &parameters);
        if (failed < 0) {
            die("io_uring_setup", -failed);
        }
        for (lane& each : lanes_) {
            each.fd = connect_to(to);
            each.buffer_size = lanes_.size() == 1 ? large_buffer : small_buffer;
            // Not value-initialised: only pages that a reply reaches are ever touched.
            each.buffer.reset(new char[each.buffer_size]);
        }
    }
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;
    ~loop() {
        for (const lane& each : lanes_) {
            ::close(each.fd);
        }
        ::io_uring_queue_exit(&ring_);
    }

    std::uint64_t enters() const { return enters_; }
    void forget_warm_up() { times_.clear(); }

    void run(std::uint64_t operations) {
        left_to_start_ = operations;
        left_to_finish_ = operations;
        for (lane& each : lanes_) {
            start_operation(each);
        }
        while (left_to_finish_ != 0) {
            const int submitted = ::io_uring_submit_and_wait(&ring_, 1);
            ++enters_;
            if (submitted < 0 && submitted != -EINTR) {
                die("io_uring_enter", -submitted);
            }
            unsigned head = 0;
            unsigned seen = 0;
            io_uring_cqe* completion = nullptr;
            io_uring_for_each_cqe(&ring_, head, completion) {
                ++seen;
                on_received(*static_cast<lane*>(::io_uring_cqe_get_data(completion)),
                            completion->res);
            }
            ::io_uring_cq_advance(&ring_, seen);
        }
    }

 private:
    void start_operation(lane& on) {
        if (left_to_start_ != 0) {
            --left_to_start_;
            on.message = 0;
            on.began = times_.begin();
            exchange(on);
        }
    }

    void exchange(lane& on) {
        const std::string& message = messages_[on.message];
        on.received = 0;
        io_uring_sqe* send = ::io_uring_get_sqe(&ring_);
        ::io_uring_prep_send(send, on.fd, message.data(), message.size(),
                             MSG_NOSIGNAL | MSG_WAITALL);
        send->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        ::io_uring_sqe_set_data(send, &on);
        receive(on, on.buffer_size, 0)->ioprio |= IORING_RECVSEND_POLL_FIRST;
    }

    io_uring_sqe* receive(lane& on, std::size_t size, int flags) {
        io_uring_sqe* receive = ::io_uring_get_sqe(&ring_);
        ::io_uring_prep_recv(receive, on.fd, on.buffer.get() + on.received, size, flags);
        ::io_uring_sqe_set_data(receive, &on);
        return receive;
    }

    void on_received(lane& on, int result) {
        if (result <= 0) {
            die("exchange", result == 0 ? ECONNRESET : -result);
        }
        on.received += static_cast<std::size_t>(result);
        const auto whole =
            on.received < bench::header_size
                ? bench::header_size
                : static_cast<std::size_t>(bench::load<std::int32_t>(on.buffer.get()));
        if (whole > on.buffer_size) {
            die("reply", EMSGSIZE);
        }
        if (on.received < whole) {
            receive(on, whole - on.received, MSG_WAITALL);
        } else if (++on.message < messages_.size()) {
            exchange(on);
        } else {
            --left_to_finish_;
            times_.end(on.began);
            start_operation(on);
        }
    }

    io_uring ring_{};
    const std::vector<std::string>& messages_;
    std::vector<lane> lanes_;
    std::uint64_t left_to_start_ = 0;
    std::uint64_t left_to_finish_ = 0;
    std::uint64_t enters_ = 0;
    bench::latencies times_;
};

}  // namespace

int main(int argc, char** argv) {
    const auto given = bench::parse_arguments(argc, argv);
    if (!given) {
        return 2;
    }
    const auto messages = bench::operation_messages(given->task, std::getenv("BARE_REQUESTS"));
    if (!messages) {
        std::fprintf(stderr, "bench-bare: no requests for the task %s\n", given->task.c_str());
        return 2;
    }
    loop bare(*given, *messages);
    if (given->warm_up != 0) {
        bare.run(given->warm_up * given->concurrency);
    }
    bare.forget_warm_up();
    const std::uint64_t operations = given->count * given->concurrency;
    const std::uint64_t enters_before = bare.enters();
    const bench::stopwatch watch;
    bare.run(operations);
    bench::print_counter("enters", bare.enters() - enters_before);
    watch.print_result(operations);
    return 0;
}
