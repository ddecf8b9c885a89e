#include "responder/connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/op_msg.hpp"

namespace bench {
namespace {

constexpr std::size_t largest_message = 48'000'000;
/// Replies up to here are copied together and sent by one call; longer ones are sent from where
/// they are.
constexpr std::size_t copied_reply = 64U << 10U;
constexpr std::size_t pieces_a_call = 16;

/// The size of the message that starts here: 0 if that is not known yet, -1 if it cannot be one.
std::ptrdiff_t message_size(std::string_view bytes) {
    if (bytes.size() < header_size) {
        return 0;
    }
    const auto size = load<std::int32_t>(bytes.data());
    const bool possible = size >= static_cast<std::int32_t>(header_size) &&
                          static_cast<std::size_t>(size) <= largest_message;
    return possible ? size : -1;
}

void record(std::FILE* capture, const request& asked, std::string_view message) {
    // Only what an operation sends: the handshake and the farewell are not part of a round trip.
    for (const char* ignored :
         {"hello", "ismaster", "isMaster", "endSessions", "killCursors", "buildInfo"}) {
        if (asked.command == ignored) {
            return;
        }
    }
    std::fwrite(message.data(), 1, message.size(), capture);
    std::fflush(capture);
}

}  // namespace

connection::~connection() {
    tls_.reset();
    ::close(fd_);
}

bool connection::on_readable(shared_state& shared) {
    return read_once(shared) && (!tls_ || read_pending(shared));
}

/// What TLS holds no event tells of.
bool connection::read_pending(shared_state& shared) {
    while (unsent_.empty() && tls_->pending()) {
        if (!read_once(shared)) {
            return false;
        }
    }
    return true;
}

bool connection::read_once(shared_state& shared) {
    if (filled_ != 0) {
        return read_rest(shared);
    }
    const ssize_t got = receive(shared.receive.data(), shared.receive.size());
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    const std::string_view bytes(shared.receive.data(), static_cast<std::size_t>(got));
    const std::ptrdiff_t used = answer_all(bytes, shared);
    if (used < 0) {
        return false;
    }
    const std::string_view left = bytes.substr(static_cast<std::size_t>(used));
    filled_ = left.size();
    if (!left.empty()) {
        partial_.assign(left);
    }
    return true;
}

bool connection::read_rest(shared_state& shared) {
    const std::ptrdiff_t size = message_size(std::string_view(partial_).substr(0, filled_));
    const std::size_t want = std::max(static_cast<std::size_t>(std::max<std::ptrdiff_t>(size, 0)),
                                      filled_ + header_size);
    if (partial_.size() < want) {
        partial_.resize(want);
    }
    const ssize_t got = receive(partial_.data() + filled_, want - filled_);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    filled_ += static_cast<std::size_t>(got);
    return answer_partial(shared);
}

bool connection::answer_partial(shared_state& shared) {
    const std::ptrdiff_t used = answer_all(std::string_view(partial_).substr(0, filled_), shared);
    if (used < 0) {
        return false;
    }
    if (used > 0) {
        partial_.erase(0, static_cast<std::size_t>(used));
        filled_ -= static_cast<std::size_t>(used);
    }
    return true;
}

bool connection::on_writable(shared_state& shared) {
    if (!flush()) {
        return false;
    }
    if (!unsent_.empty()) {
        return true;
    }
    return (filled_ == 0 || answer_partial(shared)) && (!tls_ || read_pending(shared));
}

std::ptrdiff_t connection::answer_all(std::string_view bytes, shared_state& shared) {
    std::string& gathered = shared.gathered;
    gathered.clear();
    std::size_t used = 0;
    while (unsent_.empty()) {
        const std::ptrdiff_t size = message_size(bytes.substr(used));
        if (size < 0) {
            return -1;
        }
        if (size == 0 || static_cast<std::size_t>(size) > bytes.size() - used) {
            break;
        }
        const std::string_view message = bytes.substr(used, static_cast<std::size_t>(size));
        const std::optional<request> asked = parse_request(message);
        if (!asked) {
            return -1;
        }
        used += message.size();
        if (shared.capture != nullptr) {
            record(shared.capture, *asked, message);
        }
        if (!asked->wants_reply) {
            continue;
        }
        if (hold_back(*asked, shared)) {
            continue;
        }
        if (shared.users != nullptr) [[unlikely]] {
            if (auto own = shared.users->answer(*asked, shared.mongos, login_)) {
                store(own->data() + response_to_at, asked->id);
                gathered.append(*own);
                continue;
            }
        }
        const canned::reply& reply = shared.answers.answer(*asked);
        if (reply->size() <= copied_reply && gathered.size() <= copied_reply) {
            const std::size_t at = gathered.size();
            gathered.append(*reply);
            store(gathered.data() + at + response_to_at, asked->id);
            continue;
        }
        std::string header = reply->substr(0, header_size);
        store(header.data() + response_to_at, asked->id);
        queue(gathered);
        gathered.clear();
        queue(header);
        unsent_.push_back({{}, reply, header_size});
        if (!flush()) {
            return -1;
        }
    }
    if (!gathered.empty()) {
        const ssize_t sent = send(gathered.data(), gathered.size());
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return -1;
        }
        queue(std::string_view(gathered).substr(
            static_cast<std::size_t>(std::max<ssize_t>(sent, 0))));
    }
    return static_cast<std::ptrdiff_t>(used);
}

bool connection::hold_back(const request& asked, shared_state& shared) {
    if (asked.command != "find") {
        return false;
    }
    withheld& held = shared.held;
    if (asked.collection == "release") {
        held.released = held.count != 0;
        return false;
    }
    const bool counts = asked.collection == "hold";
    if (!counts && (asked.collection != "held" || asked.batch_size <= held.count)) {
        return false;
    }
    (counts ? held.count : held.asked) += 1;
    held_.push_back({asked.id, shared.answers.answer(asked), counts ? 0 : asked.batch_size});
    return true;
}

bool connection::send_held(shared_state& shared) {
    withheld& held = shared.held;
    std::vector<held_reply> kept;
    for (held_reply& one : held_) {
        const bool counts = one.at_least == 0;
        if (counts ? !held.released : held.count < one.at_least) {
            kept.push_back(std::move(one));
            continue;
        }
        std::string message = *one.reply;
        store(message.data() + response_to_at, one.id);
        queue(message);
        held.asked -= counts ? 0 : 1;
    }
    held_ = std::move(kept);
    return unsent_.empty() || flush();
}

void connection::forget_held(shared_state& shared) const {
    for (const held_reply& one : held_) {
        (one.at_least == 0 ? shared.held.count : shared.held.asked) -= 1;
    }
}

void connection::queue(std::string_view small) {
    if (!small.empty()) {
        unsent_.push_back({std::string(small), nullptr, 0});
    }
}

ssize_t connection::send(const iovec* parts, std::size_t count) {
    if (tls_) {
        return tls_->send(parts->iov_base, parts->iov_len);
    }
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = count;
    return ::sendmsg(fd_, &message, MSG_NOSIGNAL);
}

bool connection::flush() {
    while (!unsent_.empty()) {
        iovec parts[pieces_a_call];
        const std::size_t count = std::min(unsent_.size(), pieces_a_call);
        for (std::size_t index = 0; index < count; ++index) {
            const std::string_view left = unsent_[index].left();
            parts[index] = {const_cast<char*>(left.data()), left.size()};
        }
        const ssize_t sent = send(parts, count);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        auto left = static_cast<std::size_t>(sent);
        std::size_t done = 0;
        while (done < count && left >= unsent_[done].left().size()) {
            left -= unsent_[done].left().size();
            ++done;
        }
        unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(done));
        if (left != 0) {
            unsent_.front().offset += left;
            return true;
        }
    }
    return true;
}

}  // namespace bench
