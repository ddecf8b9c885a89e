#pragma once

#include "uri/wipe.hpp"

#include <mongoro/bson/byte_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::auth {

using detail::wipe;
inline void wipe(std::vector<std::uint8_t>& bytes) noexcept {
    wipe(bytes.data(), bytes.size());
    bytes.clear();
}

/// Appends to a text that is a secret: when it has to move, nothing is left where it was.
inline void append_secret(std::string& to, std::string_view text) {
    if (text.size() > to.capacity() - to.size()) {
        std::string larger;
        larger.reserve(std::max(to.size() + text.size(), 2 * to.capacity()));
        larger.append(to);
        to.swap(larger);
        wipe(larger);
    }
    to.append(text);
}

/// A text that is a secret: wiped when it goes. Moving one leaves nothing behind.
class secret {
 public:
    secret() noexcept = default;
    explicit secret(std::string text) noexcept {
        text_.swap(text);
        wipe(text);
    }
    secret(secret&& other) noexcept { swap(other); }
    secret& operator=(secret&& other) noexcept {
        secret(std::move(other)).swap(*this);
        return *this;
    }
    secret(const secret&) = delete;
    secret& operator=(const secret&) = delete;
    ~secret() { wipe(text_); }

    /// To be filled by somebody who reserves what it needs, so that no part is left where it was.
    [[nodiscard]] std::string& text() noexcept { return text_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
        return {reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()};
    }
    void swap(secret& other) noexcept {
        // A short string is copied by a swap: each of the two still wipes what it then has.
        text_.swap(other.text_);
    }

 private:
    std::string text_;
};

/// A buffer in which a command with a secret is written: wiped when it goes.
class secret_buffer {
 public:
    /// Large enough for the login commands there are, so that the buffer does not move.
    explicit secret_buffer(std::size_t room = std::size_t{16} * 1024) { bytes_.reserve(room); }
    secret_buffer(secret_buffer&&) noexcept = default;
    secret_buffer& operator=(secret_buffer&&) = delete;
    secret_buffer(const secret_buffer&) = delete;
    secret_buffer& operator=(const secret_buffer&) = delete;
    /// All of it: a writer that failed has forgotten what it wrote.
    ~secret_buffer() { wipe(bytes_.data(), bytes_.capacity()); }

    [[nodiscard]] bson::byte_buffer& bytes() noexcept { return bytes_; }
    [[nodiscard]] const bson::byte_buffer& bytes() const noexcept { return bytes_; }

 private:
    bson::byte_buffer bytes_;
};

}  // namespace mongoro::auth
