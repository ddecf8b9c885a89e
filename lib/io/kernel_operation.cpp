#include "io/kernel_operation.hpp"

#include "io/reactor_core.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace mongoro::io {

void kernel_operation::begin(completion& c) noexcept {
    if (core == nullptr) {
        return;
    }
    waiter = &c;
    active = true;
    core->add(*this);
    core->began(background);
    core->back().start(*this);
}

void kernel_operation::release() noexcept {
    waiter = nullptr;
    released = true;
    if (active && core != nullptr && core->forked()) [[unlikely]] {
        // A child process: the operation is the parent's, this is only a copy of its record.
        core->remove(*this);
        if (queued) {
            ready_list::remove(*this);
        }
        close_descriptors();
        delete this;
    } else if (!active) {
        delete this;
    } else {
        cancel();  // without a reactor the kernel may still use it: then it is never freed
    }
}

void kernel_operation::cancel() noexcept {
    if (active && core != nullptr) {
        core->back().cancel(*this);
        core->started_outside();
    }
}

void kernel_operation::close_descriptors() noexcept {
    if (watched >= 0) {
        ::close(std::exchange(watched, -1));
    }
    // On the ring the kernel has seen to both, and `finish()` came.
    if (core->kind() == reactor_backend::epoll) {
        if (type == kind::close && (!known || result == -ECANCELED)) {
            ::close(fd);
        } else if (type == kind::open && known && result >= 0) {
            ::close(result);
        }
    }
}

void kernel_operation::finish(int r) noexcept {
    active = false;
    core->remove(*this);
    core->ended(background);
    data.reset();
    keep.reset();
    if (type == kind::close && r == -ECANCELED) {
        ::close(fd);  // a descriptor is closed, whoever has lost interest
    } else if (type == kind::open && released && r >= 0) {
        ::close(r);
    }
    if (core->closing()) {
        core = nullptr;
    }
    if (released) {
        delete this;
    } else if (auto* w = std::exchange(waiter, nullptr)) {
        w->fn(*w, r);
    }
}

}  // namespace mongoro::io
