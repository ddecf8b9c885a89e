#include "client/client_state.hpp"
#include "error/retry_tables.hpp"
#include "pool/wait_drained.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/detail/cursor_core.hpp>
#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace mongoro::detail {

namespace {

constexpr int namespace_not_found = 26;

/// A copy of an option that outlives the call.
bson::value keep(const option_value& option) {
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    option.append_to(to, "");
    to.end();
    return bson::value(to.view()[""]);
}

/// What a caller of `close()` hears of: whatever else became of killCursors, the server's own
/// timeout does the same. Spec: find_getmore_killcursors_commands.
bool ends_a_close(const error& e) {
    return e == errc::deadline_exceeded || e == errc::operation_cancelled ||
           e == errc::client_closed || e == errc::used_after_fork || e == errc::invalid_argument;
}

/// Behind a load balancer no other connection is sure to lead to the cursor's server.
bool leads_to_cursor(client_state& client, const operation::cursor_pin& pin) noexcept {
    return !client.servers().load_balanced() ||
           (pin.connection && pin.connection->status() != pool::connection::state::closed);
}

/// Has the client kill it if it is open, and gives its connection back.
void end_on_server(client_state& client, std::string_view database, std::string_view collection,
                   std::int64_t id, operation::cursor_pin& pin,
                   const std::optional<std::chrono::milliseconds>& timeout) noexcept {
    if (id != 0 && leads_to_cursor(client, pin)) {
        client.kill_cursor(database, collection, id, std::move(pin), timeout);
    }
    pin.release();
}

}  // namespace

/// Where its commands go. When it was dropped on another thread than the reactor's, this is what
/// goes there: all that its end needs is allocated with the cursor.
struct cursor_core::pinned : operation::cursor_pin, ready_node {
    std::shared_ptr<client_state> client;
    std::string database;
    std::string collection;
    std::int64_t id = 0;
    std::optional<std::chrono::milliseconds> timeout;
};

/// Marks a fetch. One that does not end, since its coroutine was destroyed, has lost its batch.
class cursor_core::under_way {
 public:
    explicit under_way(cursor_core& c) noexcept : cursor_(c) { cursor_.busy_ = true; }
    under_way(const under_way&) = delete;
    under_way& operator=(const under_way&) = delete;
    ~under_way() {
        cursor_.busy_ = false;
        if (!ended_) {
            cursor_.started_ = true;
            cursor_.failure_ = errc::operation_cancelled;
            cursor_.kill();
        }
    }
    void ended() noexcept { ended_ = true; }

 private:
    cursor_core& cursor_;
    bool ended_ = false;
};

/// Marks a close, and gives the connection back in the end, also if the task is destroyed where it
/// waits.
class cursor_core::closing {
 public:
    explicit closing(cursor_core& c) noexcept : cursor_(c) { cursor_.busy_ = true; }
    closing(const closing&) = delete;
    closing& operator=(const closing&) = delete;
    ~closing() {
        cursor_.busy_ = false;
        cursor_.pin_->release();
    }

 private:
    cursor_core& cursor_;
};

cursor_core::cursor_core(std::shared_ptr<client_state> client, std::string_view database,
                         std::string_view collection, command_handle first)
    : client_(std::move(client)),
      database_(database),
      collection_(collection),
      first_(std::move(first)),
      settings_(first_->settings()),
      pin_(std::make_unique<pinned>()),
      limit_(first_->limit()) {}

cursor_core::~cursor_core() {
    if ((id_ != 0 || pin_->connection) && !client_->at_home()) [[unlikely]] {
        hand_over();
    } else {
        kill();
    }
}

reactor_core& cursor_core::core() const noexcept {
    return client_->core();
}

void cursor_core::set_find_options(const find_options& o) {
    made_by_ = made_by::find;
    skip_ = o.skip.value_or(0);
    max_documents_ = o.limit.value_or(0);
    batch_size_ = o.batch_size.value_or(0);
    set_type(o.type, o.max_await_time);
    set_comment(o.comment);
}

void cursor_core::set_aggregate_options(const aggregate_options& o) {
    max_await_ = o.max_await_time;
    set_list_options(o.batch_size, o.comment);
}

void cursor_core::set_list_options(const std::optional<std::int32_t>& batch_size,
                                   const std::optional<option_value>& comment) {
    made_by_ = made_by::aggregate;
    batch_size_ = batch_size.value_or(0);
    set_comment(comment);
}

void cursor_core::set_comment(const std::optional<option_value>& comment) {
    if (comment) {
        comment_ = keep(*comment);
    }
}

bool cursor_core::may_change() {
    if (started_ || busy_) {
        failure_ = error(errc::invalid_argument, "a cursor's options must be set before it starts");
        return false;
    }
    return true;
}

/// Another command would do without it, and give other documents than were asked for.
bool cursor_core::may_change_find(const char* instead) {
    if (!may_change()) {
        return false;
    }
    if (made_by_ != made_by::find) {
        failure_ = error(errc::invalid_argument, instead);
        return false;
    }
    return true;
}

void cursor_core::set_document(std::string_view key, document_view value) {
    if (may_change_find("sort and projection are for the cursor of a find: a pipeline has $sort "
                        "and $project")) {
        first_->remove(key);
        first_->body().append(key, value);
    }
}

void cursor_core::set_skip(std::int64_t n) {
    if (may_change_find("skip is for the cursor of a find: a pipeline has $skip")) {
        skip_ = n;
    }
}

void cursor_core::set_limit(std::int64_t n) {
    if (may_change_find("limit is for the cursor of a find: a pipeline has $limit")) {
        max_documents_ = n;
    }
}

void cursor_core::set_batch_size(std::int32_t n) {
    if (may_change()) {
        batch_size_ = n;
        // A pipeline that writes returns nothing.
        if (made_by_ == made_by::aggregate && first_->what() == wire::command::kind::read) {
            operation::set_batch_size(*first_, n);
        }
    }
}

void cursor_core::begin_limit() noexcept {
    if (limit_->each_call || !started_) {
        limit_->begin();
    }
}

std::optional<std::chrono::milliseconds> cursor_core::timeout() const noexcept {
    return limit_ ? std::optional(limit_->timeout) : std::nullopt;
}

cursor_core::batch cursor_core::take_batch() noexcept {
    batch taken{std::move(bytes_), at_};
    at_ = {};
    return taken;
}

/// Servers before 4.4 refuse one.
bson::value_view cursor_core::comment_of_get_more() const noexcept {
    constexpr std::int32_t since_wire_version = 9;
    const auto comment = comment_.view();
    if (comment.exists()) [[unlikely]] {
        const auto* const s = client_->servers().find(pin_->server);
        // 0: not known now, or behind a load balancer, where there is none as old.
        const auto known = s != nullptr ? s->description().max_wire_version : 0;
        if (known != 0 && known < since_wire_version) {
            return {};
        }
    }
    return comment;
}

command_handle cursor_core::next_command() {
    if (!started_) {
        if (made_by_ == made_by::find) {
            operation::append_limits(*first_, skip_, max_documents_, batch_size_);
        }
        if (limit_) {
            first_->set_limit(*limit_);
        }
        return std::move(first_);
    }
    // The limit is the server's to keep, but a batch must not ask beyond it.
    auto batch_size = batch_size_ < 0 ? -batch_size_ : batch_size_;
    if (max_documents_ > 0 && batch_size > 0) {
        batch_size = std::min(batch_size, max_documents_ - received_);
    }
    auto next = operation::get_more({database_, collection_, settings_ ? &settings_ : nullptr}, id_,
                                    static_cast<std::int32_t>(std::min<std::int64_t>(
                                        batch_size, std::numeric_limits<std::int32_t>::max())),
                                    limit_ ? std::nullopt : max_await_, comment_of_get_more());
    if (limit_) {
        // A server takes a getMore's for the time that it may wait for more.
        auto limit = *limit_;
        limit.longest = awaits_ ? max_await_.value_or(std::chrono::milliseconds(0))
                                : std::chrono::milliseconds(0);
        next->set_limit(limit);
    }
    return next;
}

task<result<bool>> cursor_core::fetch() {
    if (limit_) [[unlikely]] {
        begin_limit();
    }
    do {
        auto more = co_await fetch_batch();
        if (!more || !*more) {
            co_return more;
        }
    } while (!has_buffered() && !tailable_);
    co_return has_buffered();
}

task<result<bool>> cursor_core::fetch_batch() {
    if (busy_) {
        co_return error(errc::invalid_argument, "a cursor serves one call at a time");
    }
    if (failure_) {
        co_return failure_;
    }
    if (started_ && max_documents_ > 0 && received_ >= max_documents_) {
        kill();  // from 5.0 on a server may leave a cursor open whose limit is reached
    }
    if (started_ && id_ == 0) {
        co_return false;
    }
    const bool is_get_more = started_;
    under_way mark(*this);
    auto command = next_command();
    auto r = co_await operation::execute(deployment_of(client_), std::move(command), pin_.get());
    mark.ended();
    started_ = true;
    if (r) {
        auto accepted = accept(std::move(*r));
        if (!accepted) {
            failure_ = accepted.error();
            kill();
        }
        co_return accepted;
    }
    if (empty_if_missing_ && r.error().server_code() == namespace_not_found) {
        co_return false;
    }
    const bool unsent = r.error() == errc::deadline_exceeded && !pin_->sent;
    if (is_get_more && limit_ && unsent && (limit_->each_call || !limit_->until.expired())) {
        co_return r.error();  // no batch is lost, and there is time for another try
    }
    failure_ = r.error();
    // The server has not run it, so the cursor is open; and behind a load balancer a cursor keeps
    // its connection: until `close()`, or the destructor.
    if (failure_.has_label(label::system_overloaded_error) || pin_->connection) {
        co_return failure_;
    }
    if (limit_ && failure_ == errc::deadline_exceeded) {
        // The same: each of these has a timeout anew, and `close()` perhaps another one. Spec:
        // client-side-operations-timeout, "Cursor close() methods refresh timeoutMS".
        co_return failure_;
    }
    if (failure_.code() == errc::command_failed) {
        id_ = 0;  // the server has closed it
    }
    kill();
    co_return failure_;
}

result<bool> cursor_core::accept(reply r) {
    const auto read = operation::read_cursor(r.body);
    if (!read) {
        return read.error();
    }
    id_ = read->id;
    if (const auto dot = read->ns.find('.'); dot != std::string_view::npos) {
        collection_ = read->ns.substr(dot + 1);
    }
    if (max_documents_ > 0) {
        received_ += static_cast<std::int64_t>(read->batch.count());
    }
    if (id_ == 0) {
        pin_->release();
    }
    bytes_ = std::move(r.bytes);
    at_ = read->batch.begin();
    if (max_documents_ < 0 || batch_size_ < 0) {
        kill();  // one batch was asked for, and not every server closes the cursor with it
    }
    return true;
}

bool cursor_core::can_be_killed() const noexcept {
    return leads_to_cursor(*client_, *pin_);
}

void cursor_core::kill() noexcept {
    end_on_server(*client_, database_, collection_, std::exchange(id_, 0), *pin_, timeout());
}

/// The last that it does: on the reactor's thread the same as `kill()`, with what is left of it.
void cursor_core::hand_over() noexcept {
    pinned& left = *pin_.release();
    reactor_core& core = client_->core();
    left.client = std::move(client_);
    left.database = std::move(database_);
    left.collection = std::move(collection_);
    left.id = id_;
    left.timeout = timeout();
    // The same if the reactor goes first: the client knows that, and sends nothing.
    left.run = left.drop = [](ready_node& node) noexcept {
        const std::unique_ptr<pinned> self(static_cast<pinned*>(&node));
        end_on_server(*self->client, self->database, self->collection, self->id, *self,
                      self->timeout);
    };
    core.schedule(left);
}

task<result<void>> cursor_core::close(std::optional<std::chrono::milliseconds> timeout) {
    if (busy_) {
        co_return error(errc::invalid_argument, "a cursor serves one call at a time");
    }
    started_ = true;
    first_.reset();
    at_ = {};
    bytes_.reset();
    failure_ = errc::client_closed;
    const auto id = std::exchange(id_, 0);
    const closing mark(*this);
    if (id == 0 || !can_be_killed()) {
        co_return result<void>();
    }
    auto kill = operation::kill_cursors({database_, collection_}, id);
    operation::begin_limit(*kill, timeout ? timeout : this->timeout(), {});
    if (pin_->connection) {
        auto limit = kill->limit().value_or(time_limit());
        limit.begin();
        if (kill->limit()) {
            kill->set_limit(limit);
        }
        auto waited =
            co_await as_result(with_deadline(pool::wait_drained(*pin_->connection), limit.until));
        if (const error late = waited ? *waited : waited.error()) {
            co_return late;
        }
        if (!can_be_killed()) {
            co_return result<void>();  // the reply did not come in time
        }
    }
    auto killed = co_await operation::execute(deployment_of(client_), std::move(kill), pin_.get());
    if (!killed && ends_a_close(killed.error())) {
        co_return killed.error();
    }
    co_return result<void>();
}

}  // namespace mongoro::detail
