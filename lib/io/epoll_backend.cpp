#include "io/reactor_core.hpp"

#include <cerrno>

namespace mongoro::io {

std::unique_ptr<backend> make_epoll_backend(reactor_core&, int& refused) {
    refused = -ENOSYS;
    return nullptr;
}

}  // namespace mongoro::io
