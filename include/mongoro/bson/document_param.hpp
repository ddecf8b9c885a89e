#pragma once

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/document.hpp>

namespace mongoro::bson {

/// A parameter that takes a document in any form: for functions, not for variables.
///
/// A `document_view` or an lvalue `document` is only looked at, and must outlive the use of the
/// parameter; an rvalue `document` is moved into it; braces make their bytes here:
/// `find({{"name", "Ada"}})`.
class document_param : private document_storage {
 public:
    /// The empty document.
    document_param() noexcept = default;
    document_param(document_view view) noexcept : borrowed_(view), owns_(false) {}       // NOLINT
    document_param(const document& d) noexcept : borrowed_(d.view()), owns_(false) {}    // NOLINT
    document_param(document&& d) noexcept : document_storage(std::move(d).storage()) {}  // NOLINT
    using document_storage::document_storage;

    document_param(document_param&&) noexcept = default;
    document_param& operator=(document_param&&) noexcept = default;
    document_param(const document_param&) = delete;
    document_param& operator=(const document_param&) = delete;
    ~document_param() = default;

    [[nodiscard]] document_view view() const noexcept {
        return owns_ ? document_storage::view() : borrowed_;
    }
    operator document_view() const noexcept { return view(); }  // NOLINT
    /// Whether the bytes are here, and not somebody else's.
    [[nodiscard]] bool owns() const noexcept { return owns_; }

 private:
    document_view borrowed_;
    bool owns_ = true;
};

/// The same for an array: `aggregate(arr({{"$match", {{"age", 36}}}}))`.
class array_param {
 public:
    array_param() noexcept = default;
    array_param(array_view view) noexcept : borrowed_(view), owns_(false) {}     // NOLINT
    array_param(const array& a) noexcept : borrowed_(a.view()), owns_(false) {}  // NOLINT
    array_param(array&& a) noexcept : owned_(std::move(a)) {}                    // NOLINT

    array_param(array_param&&) noexcept = default;
    array_param& operator=(array_param&&) noexcept = default;
    array_param(const array_param&) = delete;
    array_param& operator=(const array_param&) = delete;
    ~array_param() = default;

    [[nodiscard]] array_view view() const noexcept { return owns_ ? owned_.view() : borrowed_; }
    operator array_view() const noexcept { return view(); }  // NOLINT
    [[nodiscard]] bool owns() const noexcept { return owns_; }

 private:
    array owned_;
    array_view borrowed_;
    bool owns_ = true;
};

}  // namespace mongoro::bson
