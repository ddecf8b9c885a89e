#include "wire/command.hpp"

#include "wire/crc32c.hpp"
#include "wire/header.hpp"
#include "wire/message.hpp"

#include <mongoro/detail/sanitized.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace mongoro::wire {

namespace {

constexpr std::size_t flags_offset = header_size;
constexpr std::size_t body_offset = header_size + 4 + 1;  // header, flags, section kind

/// Up to this size the documents of a write are copied behind the body: one buffer is cheaper to
/// send than two.
constexpr std::size_t max_inline_documents = 8 * 1024;

/// Commands and buffers that are kept warm, a thread.
constexpr std::size_t max_cached_commands = 64;
constexpr std::size_t max_cached_capacity = 64 * 1024;

void store(std::uint8_t* at, std::uint32_t value) noexcept {
    at[0] = static_cast<std::uint8_t>(value);
    at[1] = static_cast<std::uint8_t>(value >> 8);
    at[2] = static_cast<std::uint8_t>(value >> 16);
    at[3] = static_cast<std::uint8_t>(value >> 24);
}

/// The thread's warm commands. Trivially destructible on purpose: a command may be given back while
/// the thread's other objects are already being destroyed.
struct command_cache {
    command* warm[max_cached_commands];
    std::size_t size;
    bool closed;
};

constinit thread_local command_cache cache{};

/// Frees the warm commands when the thread ends.
struct cache_closer {
    ~cache_closer() {
        cache.closed = true;
        while (cache.size != 0) {
            delete cache.warm[--cache.size];
        }
    }
};

// Names are checked for every command. For all but a few this is all of the check, and no error is
// made for nothing.

struct forbidden_table {
    bool in[256];
    constexpr forbidden_table() noexcept : in() {
        for (const char c : std::string_view("/\\. \"$\0", 7)) {
            in[static_cast<std::uint8_t>(c)] = true;
        }
    }
};
constexpr forbidden_table forbidden_in_database;

[[nodiscard]] inline bool is_plain_database(std::string_view name) noexcept {
    bool bad = name.empty();
    for (const char c : name) {
        bad |= forbidden_in_database.in[static_cast<std::uint8_t>(c)];
    }
    return !bad;
}

[[nodiscard]] inline bool has_nul(std::string_view name) noexcept {
    const auto* const p = reinterpret_cast<const std::uint8_t*>(name.data());
    return bson::detail::key_end(p, p + name.size()) != p + name.size();
}

}  // namespace

error check_database_name(std::string_view name) {
    if (is_plain_database(name) || name == "$external") {
        return {};
    }
    if (name.empty()) {
        return {errc::invalid_namespace, "a database name is empty"};
    }
    if (has_nul(name)) {
        return {errc::embedded_nul, "a database name has an embedded NUL"};
    }
    return {errc::invalid_namespace, "a database name has a character that none may have"};
}

error check_collection_name(std::string_view name) {
    if (name.empty()) {
        return {errc::invalid_namespace, "a collection name is empty"};
    }
    if (has_nul(name)) {
        return {errc::embedded_nul, "a collection name has an embedded NUL"};
    }
    return {};
}

[[gnu::hot]] detail::command_handle command::make() {
    if (cache.size == 0) {
        thread_local const cache_closer closes_at_thread_end;
        static_cast<void>(closes_at_thread_end);
        return detail::command_handle(new command);
    }
    return detail::command_handle(cache.warm[--cache.size]);
}

[[gnu::hot]] void command::reset() noexcept {
    bytes_.clear();
    documents_.clear();
    document_ends_.clear();
    sequence_ = {};
    body_end_ = 0;
    failure_ = {};
    least_wire_version_ = 0;
    raw_data_.reset();
    settings_.reset();
    limit_.reset();
    kind_ = kind::write;
    acknowledged_ = true;
    exhaust_allowed_ = false;
    ordered_ = true;
    finished_ = false;
}

[[gnu::hot]] void command::start_body() {
    bytes_.extend(body_offset);
    writer_ = bson::writer(bytes_);
    writer_.begin_document();
}

inline void command::check_database(std::string_view name) {
    if (!is_plain_database(name)) [[unlikely]] {
        if (auto bad = check_database_name(name)) {
            fail(std::move(bad));
        }
    }
}

[[gnu::hot]] void command::begin(std::string_view name, std::string_view database,
                                 std::string_view collection) {
    check_database(database);
    if (collection.empty() || has_nul(collection)) [[unlikely]] {
        fail(check_collection_name(collection));
    }
    name_ = name;
    start_body();
    writer_.append(name, collection);
    writer_.append("$db", database);
}

[[gnu::hot]] void command::begin(std::string_view name, std::string_view database) {
    check_database(database);
    name_ = name;
    start_body();
    writer_.append(name, std::int32_t{1});
    writer_.append("$db", database);
}

void command::begin_body(std::string_view name) {
    name_ = name;
    start_body();
}

void command::hold_secret() {
    constexpr std::size_t room = std::size_t{16} * 1024;
    secret_ = true;
    bytes_.reserve(room);
}

void command::wipe() noexcept {
    if (bytes_.capacity() != 0) {
        ::explicit_bzero(bytes_.data(), bytes_.capacity());
    }
}

void command::begin_get_more(std::string_view database, std::int64_t id) {
    name_ = "getMore";
    start_body();
    writer_.append("getMore", id);
    writer_.append("$db", database);
}

void command::begin(std::string_view database, bson::document_view document) {
    check_database(database);
    if (document.empty()) {
        fail({errc::invalid_argument, "a command document is empty"});
    }
    start_body();
    for (const auto& element : document) {
        // `$db` is ours to say; a second one would make the server refuse the message.
        if (element.key() != "$db") {
            writer_.append(element.key(), element.value());
        }
    }
    writer_.append("$db", database);
    name_ = "command";
}

void command::remove(std::string_view key) {
    // The open body lacks its NUL and its length: lend it both for the walk.
    bytes_.push_back(0);
    std::uint8_t* const body = bytes_.data() + body_offset;
    const auto size = bytes_.size() - body_offset;
    store(body, static_cast<std::uint32_t>(size));
    const auto value = bson::document_view(body, size)[key];
    if (value.exists()) {
        const auto raw = value.raw();
        std::uint8_t* const end = bytes_.data() + (raw.data() + raw.size() - bytes_.data());
        std::uint8_t* const element =
            bytes_.data() +
            (reinterpret_cast<const std::uint8_t*>(value.key().data()) - bytes_.data()) - 1;
        const auto behind = static_cast<std::size_t>(bytes_.data() + bytes_.size() - end);
        std::memmove(element, end, behind);
        bytes_.truncate(static_cast<std::size_t>(element - bytes_.data()) + behind);
    }
    store(bytes_.data() + body_offset, 0);
    bytes_.truncate(bytes_.size() - 1);
}

[[gnu::hot]] std::span<const std::uint8_t> command::documents(std::size_t first,
                                                              std::size_t last) const noexcept {
    const std::size_t from = first == 0 ? 0 : document_ends_[first - 1];
    const std::size_t to = last == 0 ? 0 : document_ends_[last - 1];
    return {documents_.data() + from, to - from};
}

[[gnu::hot]] void command::finish() {
    if (std::exchange(finished_, true)) {
        return;
    }
    writer_.end();
    if (auto bad = writer_.error()) {
        fail(std::move(bad));
    }
    body_end_ = bytes_.size();
}

std::size_t command::append_number(std::string_view key, std::int64_t value) {
    writer_.append(key, value);
    return bytes_.size() - sizeof value;
}

void command::set_number(std::size_t place, std::int64_t value) noexcept {
    const auto bits = static_cast<std::uint64_t>(value);
    store(bytes_.data() + place, static_cast<std::uint32_t>(bits));
    store(bytes_.data() + place + 4, static_cast<std::uint32_t>(bits >> 32));
}

void command::reopen() noexcept {
    bytes_.truncate(tail_);
    store(bytes_.data() + body_offset, 0);  // as an open level has it
    writer_ = open_;
    finished_ = false;
}

bson::document_view command::document() const noexcept {
    return {bytes_.data() + body_offset, body_end_ - body_offset};
}

[[gnu::hot]] error command::check_size(const server_limits& limits) const {
    // The server allows a command, and a statement around a document, some room beyond the
    // document.
    constexpr std::size_t command_room = 16 * 1024;
    const auto largest = static_cast<std::size_t>(limits.max_bson_object_size);
    if (body_end_ - body_offset > largest + command_room) {
        return {errc::document_too_large,
                "the command is larger than the server's maxBsonObjectSize"};
    }
    const bool statements = !sequence_.empty() && sequence_ != "documents";
    const auto allowed = largest + (statements ? command_room : 0);
    if (documents_.size() <= allowed) {
        return {};
    }
    for (std::size_t i = 0; i < document_ends_.size(); ++i) {
        if (documents(i, i + 1).size() > allowed) {
            return {errc::document_too_large, "document " + std::to_string(i) +
                                                  " is larger than the server's maxBsonObjectSize"};
        }
    }
    return {};
}

[[gnu::hot]] std::size_t command::batch_end(std::size_t first,
                                            const server_limits& limits) const noexcept {
    if (document_ends_.empty()) {
        return 0;
    }
    const auto most = first + static_cast<std::size_t>(limits.max_write_batch_size);
    const auto last = most < document_ends_.size() ? most : document_ends_.size();
    // A checksum's bytes are kept back whether it is sent or not: the split does not depend on it.
    const auto overhead = body_end_ + 1 + 4 + sequence_.size() + 1 + sizeof checksum_;
    const auto room = static_cast<std::size_t>(limits.max_message_size_bytes);
    const auto start = first == 0 ? 0 : document_ends_[first - 1];
    if (overhead + document_ends_[last - 1] - start <= room) {
        return last;
    }
    // The ends grow: the last one that still fits.
    const auto begin = document_ends_.begin();
    const auto limit = start + (room > overhead ? room - overhead : 0);
    const auto end = std::upper_bound(begin + static_cast<std::ptrdiff_t>(first),
                                      begin + static_cast<std::ptrdiff_t>(last), limit) -
                     begin;
    return std::max(static_cast<std::size_t>(end), first + 1);
}

[[gnu::hot]] std::span<const iovec> command::prepare(std::int32_t request_id, std::size_t first,
                                                     std::size_t last, checksum sum) {
    bytes_.truncate(body_end_);
    std::span<const std::uint8_t> apart;  // documents that are sent from where they are
    if (!sequence_.empty()) {
        const auto batch = documents(first, last);
        const auto identifier = sequence_.size() + 1;
        std::uint8_t* const at = bytes_.extend(1 + 4 + identifier);
        *at = 1;
        store(at + 1, static_cast<std::uint32_t>(4 + identifier + batch.size()));
        sequence_.copy(reinterpret_cast<char*>(at + 5), sequence_.size());
        at[5 + sequence_.size()] = 0;
        if (batch.size() <= max_inline_documents) {
            bytes_.append(batch.data(), batch.size());
        } else {
            apart = batch;
        }
    }
    const bool summed = sum == checksum::crc32c;
    const auto length = bytes_.size() + apart.size() + (summed ? sizeof checksum_ : 0);
    encode_header(bytes_.data(), {.message_length = static_cast<std::int32_t>(length),
                                  .request_id = request_id,
                                  .response_to = 0,
                                  .op_code = static_cast<std::int32_t>(opcode::msg)});
    store(bytes_.data() + flags_offset, (acknowledged_ ? 0 : msg_flags::more_to_come) |
                                            (exhaust_allowed_ ? msg_flags::exhaust_allowed : 0) |
                                            (summed ? msg_flags::checksum_present : 0));
    bytes_.data()[flags_offset + 4] = 0;  // the kind of the body's section

    std::size_t count = 0;
    pieces_[count++] = {bytes_.data(), bytes_.size()};
    if (!apart.empty()) {
        pieces_[count++] = {const_cast<std::uint8_t*>(apart.data()), apart.size()};
    }
    if (summed) {
        store(checksum_, crc32c(apart, crc32c(bytes_.bytes())));
        pieces_[count++] = {checksum_, sizeof checksum_};
    }
    return {pieces_, count};
}

}  // namespace mongoro::wire

namespace mongoro::detail {

[[gnu::hot]] void command_recycler::operator()(wire::command* c) const noexcept {
    auto& cache = wire::cache;
    if (c->secret_) [[unlikely]] {
        c->wipe();
        delete c;
        return;
    }
    if (MONGORO_DETAIL_SANITIZED != 0 || cache.closed || cache.size == wire::max_cached_commands ||
        c->bytes_.capacity() > wire::max_cached_capacity ||
        c->documents_.capacity() > wire::max_cached_capacity ||
        c->document_ends_.capacity() * sizeof(std::size_t) > wire::max_cached_capacity) {
        delete c;
        return;
    }
    c->reset();
    cache.warm[cache.size++] = c;
}

}  // namespace mongoro::detail
