#pragma once

#include "listener.hpp"
#include "peer_messages.hpp"
#include "tls_server.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/options/uri.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

/// What the peer does with one command, in order. To a request that wants no reply (`moreToCome`)
/// the replies are left out.
///
///     reply_script().wait(50ms).reply(document)
class reply_script {
 public:
    reply_script& reply(bson::document_view body, reply_options options = {});
    /// A reply that depends on the command, made on the peer's thread.
    reply_script& answer(std::function<bson::document(const received_command&)> make);
    /// A reply that another one follows: with moreToCome; the next answers this one's id, as mongod
    /// does it.
    reply_script& more(bson::document_view body, reply_options options = {});
    /// The first `size` bytes of the reply; then usually `close()`.
    reply_script& cut(bson::document_view body, std::size_t size);
    reply_script& in_pieces(bson::document_view body, std::size_t piece,
                            std::chrono::milliseconds between);
    /// Bytes that need be no message.
    reply_script& raw(std::span<const std::uint8_t> bytes);
    reply_script& wait(std::chrono::milliseconds time);
    reply_script& reset();
    reply_script& close();
    reply_script& hang();  ///< open and silent until the peer is destroyed

 private:
    friend class op_msg_peer;
    enum class kind { reply, answer, more, raw, wait, reset, close, hang };
    struct step {
        kind what;
        std::vector<std::uint8_t> bytes;  // a body, or raw bytes
        reply_options options{};
        std::size_t limit = SIZE_MAX;  // of the bytes that are sent
        std::size_t piece = SIZE_MAX;
        std::chrono::milliseconds time{};
        std::function<bson::document(const received_command&)> make{};
    };
    reply_script& add(step s);
    std::vector<step> steps_;
};

using command_predicate = std::function<bool(const received_command&)>;

/// A server that speaks OP_MSG and does what it is told. hello in any spelling, ping, endSessions
/// and killCursors have answers of their own; everything else must be expected. Threads of its own;
/// every function may be called from any.
///
///     op_msg_peer peer;
///     peer.expect("find", reply_script().reply(batch));
///     … use peer.uri() …
///     CHECK(peer.problems() == "");
class op_msg_peer {
 public:
    explicit op_msg_peer(listen_at where = listen_at::ipv4);
    /// The same over TLS. A handshake that fails is no problem of the script's; see `tls`.
    explicit op_msg_peer(tls_server& tls, listen_at where = listen_at::ipv4);

    /// The next command that has no answer of its own must be this one, on whichever connection,
    /// and `matches` must be true of it. "hello" also stands for isMaster and ismaster; an expected
    /// hello comes before the standing answer.
    void expect(std::string name, reply_script script, command_predicate matches = {});
    /// The standing answer to a command, from now on.
    void always(std::string name, reply_script script);
    /// From now on each hello's answer names those of `supported` that the hello has offered, in
    /// its order, and OP_COMPRESSED is read on connections where there are any; before, and on
    /// others, it is a problem.
    void negotiate_compression(std::vector<compressor> supported);
    /// The hello of a standalone with MongoDB 8.0's wire version; edit it and give it to `always`.
    [[nodiscard]] static bson::document hello_document();
    /// {ok: 1}
    [[nodiscard]] static bson::document ok_document();
    /// {ok: 0, code, codeName, errmsg}
    [[nodiscard]] static bson::document error_document(std::int32_t code, std::string_view name,
                                                       std::string_view message);

    [[nodiscard]] const std::string& host() const noexcept { return listener_.host(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    [[nodiscard]] std::string uri() const { return listener_.uri(); }
    [[nodiscard]] std::size_t connections() const noexcept { return listener_.accepted(); }
    void stop_accepting() { listener_.stop_accepting(); }

    /// All commands so far, those of the handshake too.
    [[nodiscard]] std::vector<received_command> received() const;
    /// Those of one name.
    [[nodiscard]] std::vector<received_command> received(std::string_view name) const;
    /// Waits until `count` commands of that name have come; false after `limit`.
    bool wait_for(std::string_view name, std::size_t count,
                  std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
    /// Waits until `count` connections have been closed by either side; false after `limit`.
    bool wait_for_closed(std::size_t count,
                         std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
    /// What went otherwise than expected: commands that were not expected, messages that could not
    /// be read, expectations that are left. Empty if nothing did.
    [[nodiscard]] std::string problems() const;

 private:
    struct expectation {
        std::string name;
        reply_script script;
        command_predicate matches;
    };
    op_msg_peer(tls_server* tls, listen_at where);
    void serve(peer_socket& socket, std::size_t index);
    /// What this hello and the peer have in common.
    std::vector<compressor> negotiate(const received_command& command) const;
    reply_script script_for(const received_command& command);
    bool play(const reply_script& script, const received_command& command, peer_socket& socket);
    std::vector<std::uint8_t> encode(const received_command& command,
                                     const std::vector<std::uint8_t>& body, std::int32_t id,
                                     std::int32_t response_to, const reply_options& options) const;

    tls_server* tls_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::deque<expectation> expected_;
    std::map<std::string, reply_script> standing_;
    std::vector<received_command> received_;
    std::vector<compressor> supported_;
    std::string problems_;
    std::size_t closed_ = 0;
    std::atomic<std::int32_t> next_id_{1'000'000};
    listener listener_;  // last: its threads use all of the above
};

}  // namespace mongoro::test
