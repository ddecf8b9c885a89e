#pragma once

#include "operation/executor.hpp"
#include "wire/command.hpp"
#include "wire/server_error.hpp"

namespace mongoro::operation {

/// The replies of one write, added up.
class write_outcome {
 public:
    using value_type = write_reply;

    explicit write_outcome(const wire::command& c) noexcept
        : name_(c.name()), ordered_(c.ordered()), acknowledged_(c.acknowledged()) {}

    /// Reads one batch's reply, whose first document is the caller's number `first`; an error that
    /// is not the documents' own. `goes_on()` says whether the next batch is to be sent.
    [[nodiscard]] error add(detail::reply& r, std::size_t first);
    [[nodiscard]] bool goes_on() const noexcept { return goes_on_; }
    [[nodiscard]] result<write_reply> finish();
    /// An error that ended the write in the middle: what the batches before it did belongs to it
    /// too.
    [[nodiscard]] error interrupted(const error& e);

 private:
    [[nodiscard]] partial_write applied() const;

    std::string_view name_;
    bool ordered_;
    bool acknowledged_;
    bool goes_on_ = true;
    write_reply total_;
    std::int64_t upserted_ = 0;
    error::details details_;
};

}  // namespace mongoro::operation
