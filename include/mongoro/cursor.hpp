#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/bson/codec.hpp>
#include <mongoro/bson/document_param.hpp>
#include <mongoro/buffered_awaitable.hpp>
#include <mongoro/detail/cursor_core.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace mongoro {

/// A batch of a cursor's documents: it owns the bytes that they were received in, and reads each
/// document where it lies. Copies share the bytes. May outlive the cursor, the client and the
/// reactor, and be read and destroyed on any thread.
///
/// A range of `result<T>`… of T itself for `document_view`: reading a document as a struct can
/// fail.
template <typename T = document>
class batch {
 public:
    /// For the library: how many bytes of a document the processor fetches while others are read. A
    /// reply of 16 MB is in no near cache. Views of 1.5 KB then take 0.85 of the time; more than
    /// this made them and structs slower.
    static constexpr std::size_t ahead = bson::detail::is_raw_document<T> ? 192 : 512;

    class iterator {
     public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        iterator() noexcept = default;
        explicit iterator(bson::element_iterator at) noexcept : at_(at) {
            at_.prefetch_ahead(ahead);
        }
        /// The document, decoded; throws `mongoro::exception` with the codec's error.
        T operator*() const { return decode((*at_).value()).value(); }
        /// The same as a result.
        [[nodiscard]] result<T> get() const { return decode((*at_).value()); }
        iterator& operator++() noexcept {
            ++at_;
            at_.prefetch_ahead(ahead);
            return *this;
        }
        void operator++(int) noexcept { ++at_; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept {
            return a.at_ == b.at_;
        }

     private:
        bson::element_iterator at_;
    };

    batch() noexcept = default;
    /// For the library.
    explicit batch(detail::cursor_core::batch b) noexcept
        : bytes_(std::move(b.bytes)), first_(b.first) {}

    [[nodiscard]] iterator begin() const noexcept { return iterator(first_); }
    [[nodiscard]] iterator end() const noexcept { return {}; }
    [[nodiscard]] bool empty() const noexcept { return first_ == bson::element_iterator{}; }

    /// One document of a batch as a T.
    [[nodiscard]] static result<T> decode(const bson::value_view& value) {
        result<T> read(T{});
        if (auto failed = decode(value, *read)) [[unlikely]] {
            return failed;
        }
        return read;
    }
    /// The same into `to`, which is new.
    [[nodiscard]] static error decode(const bson::value_view& value, T& to) {
        bson::document_view view;
        if (const errc e = value.read(view); e != errc{}) [[unlikely]] {
            return value.try_get<bson::document_view>().error();
        }
        return bson::decode_document(view, to).error();
    }

 private:
    io::buffer bytes_;
    bson::element_iterator first_;
};

namespace detail {

/// Where the next document of a cursor comes from.
template <typename T>
class next_document {
 public:
    using value_type = std::optional<T>;

    explicit next_document(std::shared_ptr<cursor_core> core) noexcept : core_(std::move(core)) {}

    [[nodiscard]] reactor_core* core() const noexcept { return &core_->core(); }
    [[nodiscard]] bool ready() const noexcept { return core_->has_buffered(); }
    [[nodiscard]] error take(value_type& next) { return take(*core_, next); }
    [[nodiscard]] task<result<value_type>> fetch() { return fetch(core_); }

    /// Precondition: the core has a document here.
    static error take(cursor_core& core, value_type& next) {
        return batch<T>::decode(core.take(batch<T>::ahead), next.emplace());
    }

    static task<result<value_type>> fetch(std::shared_ptr<cursor_core> core) {
        std::optional<T> next;
        if (!core->has_buffered()) {
            const auto more = co_await core->fetch();
            if (!more) {
                co_return more.error();
            }
            if (!*more) {
                co_return std::move(next);
            }
        }
        if (auto failed = take(*core, next)) {
            co_return failed;
        }
        co_return std::move(next);
    }

 private:
    std::shared_ptr<cursor_core> core_;
};

}  // namespace detail

/// The documents that a query found, fetched in batches as they are asked for.
///
/// Lazy: nothing is sent until the first `next()`. What `sort`, `limit` and the like set must be
/// set before, and only `batch_size` of a cursor that is not a `find`'s: another one fails the
/// cursor with `errc::invalid_argument`. One call at a time: `next()` while another one waits is
/// `errc::invalid_argument` too.
/// Movable; a cursor that is destroyed before its end is killed on the server by its client, in the
/// background. The last handle may be dropped on any thread: on another one than the reactor's, the
/// killing, and the end of the client if it was the last to keep it, happen on the reactor's, as
/// `client` says.
///
/// A call that is cancelled, or whose deadline passes, while a batch is under way ends the cursor:
/// that batch is lost, and no later one is given in its place. Documents that are here already stay
/// readable. With the cursor's own `timeoutMS` it is the same, but that the server has the cursor
/// until it is closed, with a timeout anew, or destroyed. Where that passes before a batch is asked
/// for, while a connection is waited for, nothing is lost: the next call asks anew, unless the
/// timeout was for all of the cursor.
///
/// Behind a load balancer an open cursor keeps its connection, after an error too, until it is
/// closed or destroyed: no other one is sure to lead to its server. One that has lost it cannot be
/// killed there.
///
/// Spec: source/find_getmore_killcursors_commands, source/crud/crud.md
template <typename T = document>
class [[nodiscard]] cursor {
 public:
    using value_type = T;
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

    /// For the library.
    explicit cursor(std::shared_ptr<detail::cursor_core> core) noexcept : core_(std::move(core)) {}

    /// The order of the documents. Replaces an earlier one. As the next three, of a find.
    cursor& sort(const bson::document_param& keys) & { return set("sort", keys); }
    cursor sort(const bson::document_param& keys) && { return std::move(set("sort", keys)); }
    /// The fields to give.
    cursor& projection(const bson::document_param& fields) & { return set("projection", fields); }
    cursor projection(const bson::document_param& fields) && {
        return std::move(set("projection", fields));
    }
    /// How many documents to leave out at the beginning.
    cursor& skip(std::int64_t n) & {
        core_->set_skip(n);
        return *this;
    }
    cursor skip(std::int64_t n) && { return std::move(skip(n)); }
    /// At most so many documents in all; 0: all. A negative number: its absolute value, in one
    /// batch.
    cursor& limit(std::int64_t n) & {
        core_->set_limit(n);
        return *this;
    }
    cursor limit(std::int64_t n) && { return std::move(limit(n)); }
    /// Documents a batch; 0: as the server likes. Of `run_cursor_command`, where the first batch is
    /// the command's own, it is for the getMores.
    cursor& batch_size(std::int32_t n) & {
        core_->set_batch_size(n);
        return *this;
    }
    cursor batch_size(std::int32_t n) && { return std::move(batch_size(n)); }

    /// The next document; none at the end. A tailable cursor gives none whenever nothing new is
    /// there, and may be asked again.
    ///
    /// No round trip while the batch lasts, else one (find or getMore, tried again only where the
    /// server was too busy for it). A `document_view` points into the batch: it ends with the next
    /// call. Errors: those of an
    /// operation; of the codec, after which the cursor goes on with the next document;
    /// `invalid_argument` (two calls at once, an option set too late); `client_closed` after
    /// `close()`.
    /// While the batch lasts it is no coroutine and nothing is suspended.
    [[nodiscard]] buffered_awaitable<detail::next_document<T>> next() {
        return buffered_awaitable(detail::next_document<T>(core_));
    }

    /// The documents of one batch: what is left of the current one, else a new one. None at the
    /// end.
    [[nodiscard]] awaitable<std::optional<batch<T>>> next_batch() {
        return {next_batch_in(core_), &core_->core()};
    }

    /// Up to `limit` of the documents that are left, in a vector. The first that cannot be read as
    /// a T ends it with that error.
    [[nodiscard]] awaitable<std::vector<T>> to_vector(std::size_t limit = all)
        requires(!bson::detail::holds_views<T>())
    {
        return {to_vector_in(core_, limit), &core_->core()};
    }

    /// Ends the cursor, here and on the server, and waits for that. Not an error if it was at its
    /// end, or if the server could not be told, whose own timeout then ends it: only a deadline, a
    /// stop and the client's end are. It may take as long as the cursor's timeout says, from now
    /// on, also if that has passed.
    [[nodiscard]] awaitable<void> close() { return {close_in(core_, {}), &core_->core()}; }
    /// The same with another timeout.
    [[nodiscard]] awaitable<void> close(std::chrono::milliseconds timeout) {
        return {close_in(core_, timeout), &core_->core()};
    }

    /// Whether nothing more can come: no document is left here, and the server has closed it or a
    /// call for the next ones has ended it.
    [[nodiscard]] bool exhausted() const noexcept { return core_->exhausted(); }
    /// The server's id of it; 0 before the first batch and at the end.
    [[nodiscard]] std::int64_t id() const noexcept { return core_->id(); }
    /// For the library's adapters: what copies of this cursor would share.
    [[nodiscard]] const std::shared_ptr<detail::cursor_core>& shared_core() const noexcept {
        return core_;
    }

    /// `for (auto it = co_await c.begin(); it != c.end(); co_await ++it) use(*it);`
    class iterator {
     public:
        iterator() noexcept = default;
        iterator(std::shared_ptr<detail::cursor_core> core, std::optional<T> first)
            : core_(std::move(core)), current_(std::move(first)) {}
        [[nodiscard]] T& operator*() noexcept { return *current_; }
        [[nodiscard]] T* operator->() noexcept { return &*current_; }
        /// To be awaited; the iterator must stay where it is meanwhile.
        [[nodiscard]] auto operator++() { return buffered_awaitable(step(*this)); }
        friend bool operator==(const iterator& a, const iterator& b) noexcept {
            return a.current_.has_value() == b.current_.has_value();
        }

     private:
        class step {
         public:
            using value_type = void;
            explicit step(iterator& at) noexcept : at_(&at) {}
            [[nodiscard]] detail::reactor_core* core() const noexcept {
                return &at_->core_->core();
            }
            [[nodiscard]] bool ready() const noexcept { return at_->core_->has_buffered(); }
            [[nodiscard]] error take() {
                std::optional<T> next;
                auto failed = detail::next_document<T>::take(*at_->core_, next);
                at_->current_.reset();
                if (!failed) {
                    at_->current_ = std::move(next);
                }
                return failed;
            }
            [[nodiscard]] task<result<void>> fetch() { return fetch(at_); }

         private:
            static task<result<void>> fetch(iterator* at) {
                co_return at->move_to(co_await detail::next_document<T>::fetch(at->core_));
            }
            iterator* at_;
        };
        result<void> move_to(result<std::optional<T>> next) {
            current_.reset();
            if (!next) {
                return next.error();
            }
            current_ = *std::move(next);
            return {};
        }
        std::shared_ptr<detail::cursor_core> core_;
        std::optional<T> current_;
    };
    [[nodiscard]] awaitable<iterator> begin() { return {begin_in(core_), &core_->core()}; }
    [[nodiscard]] iterator end() const noexcept { return {}; }

 private:
    using core_ptr = std::shared_ptr<detail::cursor_core>;

    cursor& set(std::string_view key, const bson::document_param& value) {
        core_->set_document(key, value.view());
        return *this;
    }

    static task<result<std::optional<batch<T>>>> next_batch_in(core_ptr core) {
        if (!core->has_buffered()) {
            const auto more = co_await core->fetch();
            if (!more) {
                co_return more.error();
            }
            if (!*more) {
                co_return std::optional<batch<T>>();
            }
        }
        co_return std::optional<batch<T>>(batch<T>(core->take_batch()));
    }

    static task<result<std::vector<T>>> to_vector_in(core_ptr core, std::size_t limit) {
        std::vector<T> documents;
        while (documents.size() < limit) {
            if (!core->has_buffered()) {
                const auto more = co_await core->fetch();
                if (!more) {
                    co_return more.error();
                }
                if (!*more) {
                    break;
                }
            }
            if (auto failed =
                    batch<T>::decode(core->take(batch<T>::ahead), documents.emplace_back())) {
                co_return failed;
            }
        }
        co_return std::move(documents);
    }

    static task<result<void>> close_in(core_ptr core,
                                       std::optional<std::chrono::milliseconds> timeout) {
        co_return co_await core->close(timeout);
    }

    static task<result<iterator>> begin_in(core_ptr core) {
        auto first = co_await detail::next_document<T>::fetch(core);
        if (!first) {
            co_return first.error();
        }
        co_return iterator(std::move(core), std::move(*first));
    }

    core_ptr core_;
};

}  // namespace mongoro
