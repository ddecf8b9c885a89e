#pragma once

#include "wire/server_limits.hpp"

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/detail/command_handle.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/detail/time_limit.hpp>
#include <mongoro/error.hpp>

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mongoro::wire {

/// One command, encoded while the caller's arguments are alive, sent later.
///
/// The body stays open until the executor knows what a deployment adds to it (a session).
/// The documents of a write stand beside it, as they go into the message's document sequence, so
/// that a batch is a slice of them: they are written once and never moved. Recycled through a cache
/// of the thread, so that a warm client builds commands without an allocation.
class command {
 public:
    command() = default;
    command(const command&) = delete;
    command& operator=(const command&) = delete;

    /// An empty command from the thread's cache.
    [[nodiscard]] static detail::command_handle make();

    /// Begins the body: `{<name>: <collection>, $db: <database>`; 1 stands where there is no
    /// collection. Fails the command when a name is empty or holds a NUL.
    void begin(std::string_view name, std::string_view database, std::string_view collection);
    void begin(std::string_view name, std::string_view database);
    /// `{getMore: <id>, $db: <database>`: the one command whose value is a number of the server's.
    void begin_get_more(std::string_view database, std::int64_t id);
    /// Begins a body whose fields the caller appends, the command's name the first of them and
    /// `$db` too. `name` is a literal that stands for it.
    void begin_body(std::string_view name);
    /// To be called first: what this command holds is a secret, so it is overwritten when the
    /// command is given back. A body of up to 16 KB leaves no copy behind as it grows.
    void hold_secret();
    /// Takes the top-level element `key` out of the open body again, if it is there.
    void remove(std::string_view key);
    /// Takes a whole command document; its first key is its name.
    void begin(std::string_view database, bson::document_view document);

    /// Where options are appended.
    [[nodiscard]] bson::writer& body() noexcept { return writer_; }

    /// Names the document sequence of a write, by a literal: `documents`, `updates`, `deletes`.
    void begin_documents(std::string_view identifier) noexcept { sequence_ = identifier; }
    [[nodiscard]] bson::byte_buffer& documents() noexcept { return documents_; }
    /// Marks the end of the document that was just written to `documents()`.
    void end_document() { document_ends_.push_back(documents_.size()); }
    [[nodiscard]] std::size_t document_count() const noexcept { return document_ends_.size(); }
    /// The bytes of the documents [first, last).
    [[nodiscard]] std::span<const std::uint8_t> documents(std::size_t first,
                                                          std::size_t last) const noexcept;
    [[nodiscard]] std::string_view sequence() const noexcept { return sequence_; }

    /// What kind of server it wants, and by which of the retry options it may be retried.
    enum class kind : std::uint8_t {
        write,
        read,
        other,           ///< the user's own: a read for the selection, both for the options
        write_anywhere,  ///< a write of what a read preference chooses, where all servers can
    };
    void set_kind(kind k) noexcept { kind_ = k; }
    [[nodiscard]] kind what() const noexcept { return kind_; }
    /// Of the handle that it comes from.
    void set_settings(detail::handle_settings_ptr settings) noexcept {
        settings_ = std::move(settings);
    }
    /// Null: all defaults.
    [[nodiscard]] const detail::handle_settings_ptr& settings() const noexcept { return settings_; }

    /// For servers that know `rawData`: who sends it appends it to the tail.
    void set_raw_data(std::optional<bool> raw_data) noexcept { raw_data_ = raw_data; }
    [[nodiscard]] const std::optional<bool>& raw_data() const noexcept { return raw_data_; }

    void set_limit(const detail::time_limit& limit) noexcept { limit_ = limit; }
    /// None: no `timeoutMS` is given.
    [[nodiscard]] const std::optional<detail::time_limit>& limit() const noexcept { return limit_; }

    /// From here on the body holds what is only for the server that was selected; before the first
    /// `finish()`.
    void begin_tail() noexcept {
        tail_ = bytes_.size();
        open_ = writer_;
    }
    /// Appends a number that `set_number` changes later, and gives its place.
    [[nodiscard]] std::size_t append_number(std::string_view key, std::int64_t value);
    /// For the next batch, after `finish()`: all else stays as it was sent before. The place is
    /// good until `reopen()`.
    void set_number(std::size_t place, std::int64_t value) noexcept;
    /// Takes the tail off again, for a try on another server. After `finish()`.
    void reopen() noexcept;
    /// Ends the body; a second call does nothing. Errors of the writer fail the command.
    void finish();
    /// Where the body is.
    [[nodiscard]] const void* bytes() const noexcept { return bytes_.data(); }
    [[nodiscard]] bool is_finished() const noexcept { return finished_; }
    /// The whole body, once it is finished. Valid until the command is
    /// reset.
    [[nodiscard]] bson::document_view document() const noexcept;
    /// Surely no larger than the server takes; otherwise `check_size` decides.
    [[nodiscard]] bool fits(const server_limits& limits) const noexcept {
        return body_end_ + documents_.size() <=
               static_cast<std::size_t>(limits.max_bson_object_size);
    }
    /// Whether the server takes it: `document_too_large` names the document's place, and nothing
    /// was sent.
    [[nodiscard]] error check_size(const server_limits& limits) const;
    /// Where the batch that begins with document `first` has to end: the server's limits of
    /// documents and of bytes a message. At least one document, if there are any.
    [[nodiscard]] std::size_t batch_end(std::size_t first,
                                        const server_limits& limits) const noexcept;
    /// Whether a message ends with its CRC-32C. Servers ignore it on TLS.
    enum class checksum : bool { none, crc32c };
    /// Fills the header for a message of the body and `documents(first, last)`, and gives the
    /// pieces to send: few documents are copied behind the body, many are sent from where they are.
    [[nodiscard]] std::span<const iovec> prepare(std::int32_t request_id, std::size_t first,
                                                 std::size_t last, checksum sum);

    /// The first error counts; a failed command is never sent.
    void fail(error e) {
        if (!failure_ || depends_on_server()) {
            failure_ = std::move(e);
            least_wire_version_ = 0;
        }
    }
    /// The same, but on servers older than that alone.
    void fail_before(std::uint8_t wire_version, error e) {
        if (!failure_) {
            failure_ = std::move(e);
            least_wire_version_ = wire_version;
        }
    }
    [[nodiscard]] const error& failure() const noexcept { return failure_; }
    /// Whether the failure is one on some servers.
    [[nodiscard]] bool depends_on_server() const noexcept { return least_wire_version_ != 0; }
    /// Whether this server is none of them. Precondition: there is a failure.
    [[nodiscard]] bool is_for(const server_limits& server) const noexcept {
        return depends_on_server() && server.max_wire_version >= least_wire_version_;
    }

    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] bool acknowledged() const noexcept { return acknowledged_; }
    void set_acknowledged() noexcept { acknowledged_ = true; }
    void set_unacknowledged() noexcept { acknowledged_ = false; }
    /// The server may answer with more than one reply; see `connection::next`.
    void set_exhaust_allowed() noexcept { exhaust_allowed_ = true; }
    [[nodiscard]] bool exhaust_allowed() const noexcept { return exhaust_allowed_; }
    [[nodiscard]] bool ordered() const noexcept { return ordered_; }
    void set_ordered(bool ordered) noexcept { ordered_ = ordered; }

 private:
    friend struct detail::command_recycler;
    void reset() noexcept;
    void wipe() noexcept;
    void check_database(std::string_view name);
    void start_body();

    // What is needed to send it comes first, in three lines of the cache: it may have left that
    // while the command waited for a connection.
    bson::byte_buffer bytes_;
    std::size_t body_end_ = 0;
    bson::byte_buffer documents_;
    std::vector<std::size_t> document_ends_;
    std::string_view sequence_;  // empty: no documents
    iovec pieces_[3] = {};
    error failure_;
    kind kind_ = kind::write;
    bool acknowledged_ = true;
    bool exhaust_allowed_ = false;
    bool finished_ = false;
    bool ordered_ = true;
    bool secret_ = false;
    std::uint8_t least_wire_version_ = 0;
    std::optional<bool> raw_data_;
    std::uint8_t checksum_[4] = {};
    detail::handle_settings_ptr settings_;
    std::optional<detail::time_limit> limit_;
    bson::writer writer_{bytes_};
    bson::writer open_{bytes_};  // as the writer was before the tail
    std::size_t tail_ = 0;
    std::string_view name_;
};

/// Whether a database or collection name may be sent: not empty, no NUL; else the error to give.
[[nodiscard]] error check_database_name(std::string_view name);
[[nodiscard]] error check_collection_name(std::string_view name);

}  // namespace mongoro::wire
