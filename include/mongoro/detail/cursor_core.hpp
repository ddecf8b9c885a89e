#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/value.hpp>
#include <mongoro/bson/value_view.hpp>
#include <mongoro/detail/buffer.hpp>
#include <mongoro/detail/command_handle.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/detail/reply.hpp>
#include <mongoro/detail/time_limit.hpp>
#include <mongoro/options/find.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::detail {

class client_state;

/// A cursor without its document type: the command until it starts, then the batches.
class cursor_core {
 public:
    cursor_core(std::shared_ptr<client_state> client, std::string_view database,
                std::string_view collection, command_handle first);
    cursor_core(const cursor_core&) = delete;
    cursor_core& operator=(const cursor_core&) = delete;
    /// An unfinished cursor is killed on the server by its client, in the background. On any
    /// thread: what is the reactor's to do is done on its own.
    ~cursor_core();

    [[nodiscard]] reactor_core& core() const noexcept;

    // Settings. Those that a user can reach later fail the cursor once it has started.
    void set_find_options(const find_options& o);
    void set_type(cursor_type type, std::optional<std::chrono::milliseconds> max_await) noexcept {
        tailable_ = type != cursor_type::non_tailable;
        awaits_ = type == cursor_type::tailable_await;
        max_await_ = max_await;
    }
    void set_aggregate_options(const aggregate_options& o);
    /// Of a command that lists something.
    void set_list_options(const std::optional<std::int32_t>& batch_size,
                          const std::optional<option_value>& comment);
    /// Goes with each getMore.
    void set_comment(const std::optional<option_value>& comment);
    // The first three are only a find's.
    void set_document(std::string_view key, document_view value);
    void set_skip(std::int64_t n);
    void set_limit(std::int64_t n);
    void set_batch_size(std::int32_t n);
    /// A namespace that does not exist is an empty cursor.
    void set_empty_if_missing() noexcept { empty_if_missing_ = true; }

    /// Whether a document of the current batch is left.
    [[nodiscard]] bool has_buffered() const noexcept { return at_ != bson::element_iterator{}; }
    /// The next one. Precondition: `has_buffered()`.
    [[nodiscard]] bson::value_view take(std::size_t ahead) noexcept {
        const bson::value_view next = (*at_).value();
        ++at_;
        at_.prefetch_ahead(ahead);
        return next;
    }
    /// The rest of the current batch in one piece, with a share of its bytes.
    struct batch {
        io::buffer bytes;
        bson::element_iterator first;
    };
    [[nodiscard]] batch take_batch() noexcept;

    /// Asks the server until a document is here, once of a tailable cursor. False: none came. Each
    /// call begins anew what bounds a call, and not all of the cursor. Precondition:
    /// `!has_buffered()`.
    [[nodiscard]] task<result<bool>> fetch();
    /// None: no `timeoutMS` is given.
    [[nodiscard]] const std::optional<time_limit>& limit() const noexcept { return limit_; }
    /// Nothing is left here, and nothing more comes.
    [[nodiscard]] bool exhausted() const noexcept {
        return started_ && (id_ == 0 || failure_) && !has_buffered();
    }
    [[nodiscard]] std::int64_t id() const noexcept { return id_; }
    /// Kills it on the server now. No more documents come. Without a timeout it has the cursor's,
    /// from the beginning.
    [[nodiscard]] task<result<void>> close(std::optional<std::chrono::milliseconds> timeout);

 private:
    class under_way;
    class closing;
    struct pinned;
    /// Where the command that makes the cursor has its batch size.
    enum class made_by : std::uint8_t {
        command,   ///< the user's own, which is not changed
        find,      ///< in itself, as it has the skip and the limit
        aggregate  ///< in its `cursor`
    };

    [[nodiscard]] bool may_change();
    [[nodiscard]] bool may_change_find(const char* instead);
    /// False: there is none to ask for. True: a batch came, perhaps an empty one.
    [[nodiscard]] task<result<bool>> fetch_batch();
    void begin_limit() noexcept;
    [[nodiscard]] std::optional<std::chrono::milliseconds> timeout() const noexcept;
    [[nodiscard]] bson::value_view comment_of_get_more() const noexcept;
    [[nodiscard]] command_handle next_command();
    [[nodiscard]] result<bool> accept(reply r);
    [[nodiscard]] bool can_be_killed() const noexcept;
    void kill() noexcept;
    void hand_over() noexcept;

    std::shared_ptr<client_state> client_;
    std::string database_;
    std::string collection_;
    command_handle first_;  // until it starts
    handle_settings_ptr settings_;
    std::unique_ptr<pinned> pin_;
    made_by made_by_ = made_by::command;
    std::int64_t skip_ = 0;
    std::int64_t max_documents_ = 0;  // 0: no limit
    std::int64_t batch_size_ = 0;
    std::optional<std::chrono::milliseconds> max_await_;
    bson::value comment_;
    std::optional<time_limit> limit_;
    bool tailable_ = false;
    bool awaits_ = false;
    bool empty_if_missing_ = false;
    bool started_ = false;
    bool busy_ = false;  // a fetch, or a close, is under way
    std::int64_t id_ = 0;
    std::int64_t received_ = 0;  // documents, counted where there is a limit
    error failure_;
    io::buffer bytes_;
    bson::element_iterator at_;
};

}  // namespace mongoro::detail
