#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/detail/buffer.hpp>

namespace mongoro::detail {

/// A server's reply, still in the buffer that it was received into.
struct reply {
    io::buffer bytes;
    bson::document_view body;
};

}  // namespace mongoro::detail
