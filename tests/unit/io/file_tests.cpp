#include "io_support.hpp"

#include "io/file.hpp"
#include "io/readiness.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/when_all.hpp>
#include <mongoro/with_deadline.hpp>

#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <tuple>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::task;
using mongoro::io::file;

namespace {

struct temporary_path {
    temporary_path() {
        std::string pattern = "/tmp/mongoro-io-test-XXXXXX";
        const int fd = ::mkstemp(pattern.data());
        REQUIRE(fd >= 0);
        ::close(fd);
        name = pattern;
    }
    temporary_path(const temporary_path&) = delete;
    temporary_path& operator=(const temporary_path&) = delete;
    ~temporary_path() { ::unlink(name.c_str()); }
    std::string name;
};

}  // namespace

TEST_CASE("what is written to a file can be read from it again") {
    on_each_backend([](reactor& r) {
        const temporary_path path;
        constexpr std::size_t size = 1'000'000;
        const auto work = [](reactor& on, std::string name) -> task<bool> {
            auto opened = co_await file::open(on.core(), name, O_RDWR);
            file f = std::move(opened).value();
            auto out = on.core().buffers().take(size);
            for (std::size_t i = 0; i < size; ++i) {
                out.data()[i] = static_cast<std::uint8_t>(i * 7);
            }
            const auto written = co_await f.write(out, size, 5);
            written.value();
            auto in = on.core().buffers().take(size);
            const auto got = co_await f.read(in, size, 5);
            const auto tail = co_await f.read(in, size, size);  // five bytes are left
            const bool end = got.value() == size && tail.value() == 5;
            const auto again = co_await f.read(in, size, 5);
            const auto closed = co_await f.close();
            closed.value();
            const auto after = co_await f.read(in, 1, 0);
            co_return end&& again.value() == size&& std::memcmp(in.data(), out.data(), size) == 0 &&
                f.fd() == -1 && after.error().code() == std::errc::bad_file_descriptor;
        };
        CHECK(sync_wait(r, work(r, path.name)));
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("the errors of files are the system's") {
    on_each_backend([](reactor& r) {
        auto none = sync_wait(r, file::open(r.core(), "/tmp/mongoro/no/such/file", O_RDONLY));
        CHECK(none.error().code() == std::errc::no_such_file_or_directory);
        const temporary_path path;
        auto f = sync_wait(r, file::open(r.core(), path.name, O_RDONLY));
        REQUIRE(f.has_value());
        auto b = r.core().buffers().take(10);
        CHECK(sync_wait(r, f->write(b, 10, 0)).error().code() == std::errc::bad_file_descriptor);
        CHECK(sync_wait(r, f->read(b, b.capacity() + 1, 0)).error() == errc::invalid_argument);
        CHECK(*sync_wait(r, f->read(b, 10, 0)) == 0);
    });
}

TEST_CASE("a task that is destroyed while it reads a file leaves buffer and file to the reactor") {
    on_each_backend([](reactor& r) {
        const temporary_path path;
        auto opened = sync_wait(r, file::open(r.core(), path.name, O_RDWR));
        REQUIRE(opened.has_value());
        auto b = r.core().buffers().take(1 << 20);
        std::memset(b.data(), 'x', 1 << 20);
        CHECK(sync_wait(r, opened->write(b, 1 << 20, 0)).has_value());
        {
            const auto reads = [](mongoro::io::buffer into, file* f) -> task<void> {
                const auto n = co_await f->read(into, into.capacity(), 0);
                n.value();
            };
            mongoro::task_scope scope(r);
            r.post([&] { scope.spawn(reads(b, &*opened)); });
            r.post([&] { r.stop(); });
            r.run();
            file gone = std::move(*opened);
        }
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(b.unique());
    });
}

namespace {

int open_descriptors() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        static_cast<void>(entry);
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("an open or a close that is cancelled or left behind at any moment loses no descriptor") {
    on_each_backend([](reactor& other) {
        const temporary_path path;
        const int before = open_descriptors();
        for (const bool reactor_goes : {false, true}) {
            for (int turns = 0; turns < 4; ++turns) {
                for (const bool closes : {false, true}) {
                    CAPTURE(turns);
                    CAPTURE(closes);
                    auto r = std::make_unique<reactor>(
                        mongoro::reactor_options{.backend = other.backend()});
                    using mongoro::io::kernel_operation;
                    auto* op =
                        new kernel_operation(r->core(), closes ? kernel_operation::kind::close
                                                               : kernel_operation::kind::open);
                    op->path = path.name;
                    op->flags = O_RDONLY | O_CLOEXEC;
                    op->fd = closes ? ::open(path.name.c_str(), O_RDONLY | O_CLOEXEC) : -1;
                    recorder done;
                    // In the same turn as another one, whose completion lets go of it.
                    struct lets_go : completion {
                        kernel_operation* op = nullptr;
                    } first;
                    first.op = op;
                    first.fn = [](completion& c, int) noexcept {
                        if (auto* held = std::exchange(static_cast<lets_go&>(c).op, nullptr)) {
                            held->release();
                        }
                    };
                    auto* with = new kernel_operation(r->core(), kernel_operation::kind::open);
                    with->path = "/tmp/mongoro/no/such/file";
                    with->begin(first);
                    op->begin(done);
                    for (int i = 0; i < turns; ++i) {
                        r->poll();
                    }
                    if (first.op != nullptr) {
                        std::exchange(first.op, nullptr)->release();
                    }
                    if (!reactor_goes) {
                        CHECK(poll_until(*r, [&] { return r->in_flight() == 0; }));
                    }
                    with->release();
                    r.reset();
                    CHECK(done.calls == 0);
                    CHECK(open_descriptors() == before);
                }
            }
        }
    });
}

TEST_CASE("waiting for a foreign descriptor gives the bits that are set") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        auto& core = r.core();
        CHECK((sync_wait(r, mongoro::io::poll(core, pair.ours, POLLOUT)).value() & POLLOUT) != 0);
        r.post([&] { pair.write("x"); });
        // Two wait for the same descriptor.
        const auto both =
            sync_wait(r, mongoro::when_all(mongoro::io::poll(core, pair.ours, POLLIN),
                                           mongoro::io::poll(core, pair.ours, POLLIN | POLLOUT)));
        CHECK((*std::get<0>(both) & POLLIN) != 0);
        CHECK((*std::get<1>(both) & POLLOUT) != 0);
        pair.close_theirs();
        CHECK((sync_wait(r, mongoro::io::poll(core, pair.ours, POLLIN)).value() & POLLHUP) != 0);
        CHECK(sync_wait(r, mongoro::io::poll(core, 9999, POLLIN)).error() == errc::network_error);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("waiting for a descriptor ends with its task's deadline or its task") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        CHECK(sync_wait(r,
                        mongoro::with_deadline(mongoro::io::poll(r.core(), pair.ours, POLLIN), 5ms))
                  .error() == errc::deadline_exceeded);
        CHECK(r.in_flight() == 0);
        {
            mongoro::task_scope scope(r);
            scope.spawn(mongoro::io::poll(r.core(), pair.ours, POLLIN));
            r.poll();
            CHECK(r.in_flight() == 1);
        }
        r.poll();
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("a reactor that goes first leaves a waiting task suspended, to be destroyed later") {
    on_each_backend([](reactor& other) {
        socket_pair pair;
        auto r = std::make_unique<reactor>(mongoro::reactor_options{.backend = other.backend()});
        int ended = 0;
        auto* core = &r->core();
        const auto wait = [&]() -> task<void> {
            const auto ready = co_await mongoro::io::poll(*core, pair.ours, POLLIN);
            static_cast<void>(ready);
            ++ended;
        };
        auto waits = wait();
        waits.handle().promise().set_context(&core->root_context());
        waits.handle().resume();
        r->poll();
        CHECK(r->in_flight() == 1);
        r.reset();
        CHECK(ended == 0);
        waits = {};
        CHECK(ended == 0);
    });
}
