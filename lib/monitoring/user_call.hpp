#pragma once

namespace mongoro::monitoring {

/// Counts the calls of a user's code that are under way, one inside of the other: from inside of
/// one of them what calls must not be destroyed. Not shared between threads.
class user_call {
 public:
    explicit user_call(int& depth) noexcept : depth_(depth) { ++depth_; }
    user_call(const user_call&) = delete;
    user_call& operator=(const user_call&) = delete;
    ~user_call() { --depth_; }

 private:
    int& depth_;
};

}  // namespace mongoro::monitoring
