#pragma once

#include <mongoro/bson/document.hpp>
#include <mongoro/detail/buffer.hpp>

#include <utility>

namespace mongoro {

/// A document where it was received: it shares the reply's bytes and reads them in place. Copies
/// share them. May outlive the client and the reactor, and be read and destroyed on any thread. It
/// keeps the whole receive buffer, of 16 KiB or more: `owned()` copies the document alone.
class received_document {
 public:
    received_document() noexcept = default;
    /// For the library.
    received_document(io::buffer bytes, document_view view) noexcept
        : bytes_(std::move(bytes)), view_(view) {}

    [[nodiscard]] document_view view() const noexcept { return view_; }
    operator document_view() const noexcept { return view_; }  // NOLINT: it is one
    [[nodiscard]] bson::value_view operator[](std::string_view key) const noexcept {
        return view_[key];
    }
    [[nodiscard]] bson::element_iterator begin() const noexcept { return view_.begin(); }
    [[nodiscard]] bson::element_iterator end() const noexcept { return view_.end(); }
    [[nodiscard]] document owned() const { return document(view_); }

 private:
    io::buffer bytes_;
    document_view view_;
};

}  // namespace mongoro
