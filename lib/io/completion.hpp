#pragma once

namespace mongoro::io {

/// What is called when an operation ends. It belongs to the one who started the operation.
///
/// `result` is >= 0 (bytes, or what the operation says), or a negated errno. It is always called
/// from `run()` or `poll()`, never from inside the call that starts the operation. The ring's
/// user_data points at one of these, so from completion queue to coroutine there is one indirect
/// call.
struct completion {
    void (*fn)(completion& self, int result) noexcept = nullptr;
};

}  // namespace mongoro::io
