#pragma once

#include "operation/executor.hpp"
#include "wire/command.hpp"
#include "wire/server_error.hpp"

#include <mongoro/results.hpp>

#include <memory>

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
    [[nodiscard]] static constexpr bool forgives(const error& /*e*/) noexcept { return false; }
    /// `c` is the command that it was.
    [[nodiscard]] result<write_reply> finish(const wire::command& c);
    /// An error that ended the write in the middle: what the batches before it did belongs to it
    /// too.
    [[nodiscard]] error interrupted(const error& e);

 protected:
    [[nodiscard]] bool acknowledged() const noexcept { return acknowledged_; }
    /// What the documents that were refused make of it, if there are any.
    [[nodiscard]] error refused();

 private:
    void add_upserted(const bson::value_view& list);
    [[nodiscard]] partial_write applied() const;

    std::string_view name_;
    bool ordered_;
    bool acknowledged_;
    bool goes_on_ = true;
    write_reply total_;
    std::int64_t upserted_ = 0;
    // What was refused; null for nearly every write.
    std::unique_ptr<error::details> details_;
};

/// The same for the insert of one document, which has a frame less than a coroutine around it
/// would have.
class insert_one_outcome : public write_outcome {
 public:
    using value_type = insert_one_result;
    using write_outcome::write_outcome;

    [[nodiscard]] result<insert_one_result> finish(const wire::command& c);
};

}  // namespace mongoro::operation
