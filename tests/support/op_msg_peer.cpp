#include "op_msg_peer.hpp"

#include "compressors.hpp"
#include "wire/little_endian.hpp"
#include "wire/message.hpp"

#include <algorithm>

namespace mongoro::test {

using bytes = std::vector<std::uint8_t>;

reply_script& reply_script::add(step s) {
    steps_.push_back(std::move(s));
    return *this;
}

reply_script& reply_script::reply(bson::document_view body, reply_options options) {
    return add({kind::reply, {body.bytes().begin(), body.bytes().end()}, options});
}

reply_script& reply_script::answer(std::function<bson::document(const received_command&)> make) {
    step s{kind::answer, {}};
    s.make = std::move(make);
    return add(std::move(s));
}

reply_script& reply_script::more(bson::document_view body, reply_options options) {
    return add({kind::more, {body.bytes().begin(), body.bytes().end()}, options});
}

reply_script& reply_script::cut(bson::document_view body, std::size_t size) {
    return add({kind::reply, {body.bytes().begin(), body.bytes().end()}, {}, size});
}

reply_script& reply_script::in_pieces(bson::document_view body, std::size_t piece,
                                      std::chrono::milliseconds between) {
    return add({kind::reply,
                {body.bytes().begin(), body.bytes().end()},
                {},
                SIZE_MAX,
                std::max<std::size_t>(piece, 1),
                between});
}

reply_script& reply_script::raw(std::span<const std::uint8_t> data) {
    return add({kind::raw, {data.begin(), data.end()}});
}

reply_script& reply_script::wait(std::chrono::milliseconds time) {
    return add({kind::wait, {}, {}, SIZE_MAX, SIZE_MAX, time});
}

reply_script& reply_script::reset() {
    return add({kind::reset, {}});
}

reply_script& reply_script::close() {
    return add({kind::close, {}});
}

reply_script& reply_script::hang() {
    return add({kind::hang, {}});
}

op_msg_peer::op_msg_peer(listen_at where) : op_msg_peer(nullptr, where) {}

op_msg_peer::op_msg_peer(tls_server& tls, listen_at where) : op_msg_peer(&tls, where) {}

op_msg_peer::op_msg_peer(tls_server* tls, listen_at where)
    : tls_(tls),
      standing_{{"hello", reply_script().reply(hello_document())},
                {"ping", reply_script().reply(ok_document())},
                {"endSessions", reply_script().reply(ok_document())},
                {"killCursors", reply_script().reply(ok_document())}},
      listener_(where, [this](peer_socket& socket, std::size_t index) { serve(socket, index); }) {}

bson::document op_msg_peer::hello_document() {
    bson::document out;
    out.append("helloOk", true)
        .append("ismaster", true)
        .append("isWritablePrimary", true)
        .append("maxBsonObjectSize", 16 * 1024 * 1024)
        .append("maxMessageSizeBytes", 48'000'000)
        .append("maxWriteBatchSize", 100'000)
        .append("logicalSessionTimeoutMinutes", 30)
        .append("connectionId", 1)
        .append("minWireVersion", 0)
        .append("maxWireVersion", 27)
        .append("readOnly", false)
        .append("ok", 1.0);
    return out;
}

bson::document op_msg_peer::ok_document() {
    bson::document out;
    out.append("ok", 1.0);
    return out;
}

bson::document op_msg_peer::error_document(std::int32_t code, std::string_view name,
                                           std::string_view message) {
    bson::document out;
    out.append("ok", 0.0).append("errmsg", message).append("code", code).append("codeName", name);
    return out;
}

void op_msg_peer::expect(std::string name, reply_script script, command_predicate matches) {
    const std::lock_guard lock(mutex_);
    expected_.push_back({normal_name(name), std::move(script), std::move(matches)});
}

void op_msg_peer::always(std::string name, reply_script script) {
    const std::lock_guard lock(mutex_);
    standing_[normal_name(name)] = std::move(script);
}

reply_script op_msg_peer::script_for(const received_command& command) {
    const std::lock_guard lock(mutex_);
    const std::string name = normal_name(command.name);
    if (!expected_.empty() && expected_.front().name == name &&
        (!expected_.front().matches || expected_.front().matches(command))) {
        auto script = std::move(expected_.front().script);
        expected_.pop_front();
        return script;
    }
    if (const auto standing = standing_.find(name); standing != standing_.end()) {
        return standing->second;
    }
    problems_ += "unexpected " + command.name;
    problems_ += expected_.empty() ? "; " : ", expected " + expected_.front().name + "; ";
    return reply_script().reply(error_document(59, "CommandNotFound", "not in the script"));
}

void op_msg_peer::negotiate_compression(std::vector<compressor> supported) {
    const std::lock_guard lock(mutex_);
    supported_ = std::move(supported);
}

std::vector<compressor> op_msg_peer::negotiate(const received_command& command) const {
    const std::lock_guard lock(mutex_);
    std::vector<compressor> common;
    for (const auto& element : command.body["compression"]) {
        for (const auto method : supported_) {
            if (element.value().get_or<std::string_view>({}) == name_of(method)) {
                common.push_back(method);
            }
        }
    }
    return common;
}

bytes op_msg_peer::encode(const received_command& command, const bytes& body, std::int32_t id,
                          std::int32_t response_to, const reply_options& options) const {
    const bytes* sent = &body;
    bytes with_compression;
    if (normal_name(command.name) == "hello") {
        if (const auto common = negotiate(command); !common.empty()) {
            std::vector<std::string> names;
            for (const auto method : common) {
                names.emplace_back(name_of(method));
            }
            bson::document answer(bson::document_view(body.data(), body.size()));
            answer.append("compression", names);
            with_compression.assign(answer.bytes().begin(), answer.bytes().end());
            sent = &with_compression;
        }
    }
    auto whole = encode_reply(*sent, id, response_to, options);
    const auto method = options.compress_with ? options.compress_with : command.compressed;
    if (method && !options.never_compress) {
        return compress_message(*method, whole).bytes();
    }
    return whole;
}

void op_msg_peer::serve(peer_socket& socket, std::size_t index) {
    const bool begun = tls_ == nullptr || tls_->accept(socket);
    std::vector<compressor> common;
    for (bytes message; begun && socket.is_open() && socket.read_message(message);
         message.clear()) {
        received_command command;
        command.connection = index;
        if (wire::load_i32(message.data() + 12) ==
            static_cast<std::int32_t>(wire::opcode::compressed)) {
            auto inside = decompress_message(message);
            // Otherwise it is left as it is, and cannot be read.
            if (inside && std::find(common.begin(), common.end(), inside->method) != common.end()) {
                command.compressed = inside->method;
                message = std::move(inside->message);
            }
        }
        const std::string why = read_command(message, command);
        if (why.empty() && command.body["compression"].exists()) {
            common = negotiate(command);
        }
        if (!why.empty()) {
            const std::lock_guard lock(mutex_);
            problems_ += why + "; ";
            break;
        }
        const auto script = script_for(command);
        {
            const std::lock_guard lock(mutex_);
            received_.push_back(command);
            changed_.notify_all();
        }
        if (!play(script, command, socket)) {
            break;
        }
    }
    socket.close();
    const std::lock_guard lock(mutex_);
    ++closed_;
    changed_.notify_all();
}

bool op_msg_peer::play(const reply_script& script, const received_command& command,
                       peer_socket& socket) {
    using kind = reply_script::kind;
    const bool wants_reply = (command.flags & wire::msg_flags::more_to_come) == 0;
    std::int32_t answers = command.request_id;
    for (const auto& step : script.steps_) {
        switch (step.what) {
            case kind::reply:
            case kind::answer:
            case kind::more: {
                if (!wants_reply) {
                    break;
                }
                const auto made = step.what == kind::answer ? step.make(command) : bson::document();
                const auto body = step.what == kind::answer ? bytes(made.view().bytes().begin(),
                                                                    made.view().bytes().end())
                                                            : step.bytes;
                auto options = step.options;
                if (step.what == kind::more) {
                    options.flags |= wire::msg_flags::more_to_come;
                }
                const std::int32_t id = next_id_++;
                const auto whole =
                    encode(command, body, id, options.response_to.value_or(answers), options);
                answers = step.what == kind::more ? id : command.request_id;
                auto rest = std::span(whole).first(std::min(step.limit, whole.size()));
                while (!rest.empty()) {
                    const std::size_t size = std::min(step.piece, rest.size());
                    if (!socket.write(rest.first(size))) {
                        return false;
                    }
                    rest = rest.subspan(size);
                    if (!rest.empty() && !socket.wait(step.time)) {
                        return false;
                    }
                }
                break;
            }
            case kind::raw:
                if (!socket.write(step.bytes)) {
                    return false;
                }
                break;
            case kind::wait:
                if (!socket.wait(step.time)) {
                    return false;
                }
                break;
            case kind::reset:
                socket.reset();
                return false;
            case kind::close:
                socket.close();
                return false;
            case kind::hang:
                socket.hang();
                return false;
        }
    }
    return true;
}

std::vector<received_command> op_msg_peer::received() const {
    const std::lock_guard lock(mutex_);
    return received_;
}

std::vector<received_command> op_msg_peer::received(std::string_view name) const {
    auto all = received();
    std::erase_if(all, [&](const received_command& c) { return c.name != name; });
    return all;
}

bool op_msg_peer::wait_for(std::string_view name, std::size_t count,
                           std::chrono::milliseconds limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] {
        return static_cast<std::size_t>(
                   std::count_if(received_.begin(), received_.end(),
                                 [&](const auto& c) { return c.name == name; })) >= count;
    });
}

bool op_msg_peer::wait_for_closed(std::size_t count, std::chrono::milliseconds limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return closed_ >= count; });
}

std::string op_msg_peer::problems() const {
    const std::lock_guard lock(mutex_);
    std::string out = problems_;
    for (const auto& left : expected_) {
        out += "never came: " + left.name + "; ";
    }
    return out;
}

}  // namespace mongoro::test
