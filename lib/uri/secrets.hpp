#pragma once

#include "uri/option_table.hpp"
#include "uri/text.hpp"

#include <mongoro/options/credential.hpp>
#include <mongoro/options/uri.hpp>

// What is secret in a connection string and in what is made of it, and how it is overwritten.
namespace mongoro::detail {

void wipe_secrets(credential& who) noexcept;
/// The passwords of the client's key and of the proxy.
void wipe_secrets(uri_options& options) noexcept;
void wipe_secrets(uri_parts& parts) noexcept;
void wipe_secrets(option_values& values) noexcept;
/// All values.
void wipe_secrets(option_pairs& pairs) noexcept;

/// Overwrites the secrets of what it refers to in the end.
template <typename T>
class wiped_in_the_end {
 public:
    explicit wiped_in_the_end(T& value) noexcept : value_(value) {}
    wiped_in_the_end(const wiped_in_the_end&) = delete;
    wiped_in_the_end& operator=(const wiped_in_the_end&) = delete;
    ~wiped_in_the_end() { wipe_secrets(value_); }

 private:
    T& value_;
};

}  // namespace mongoro::detail
