#include "deployment.hpp"

#include "wire/message.hpp"

#include <mongoro/bson/array.hpp>

#include <algorithm>

namespace mongoro::test {

struct deployment::connection_state {
    std::size_t member;
    std::size_t number;  // of the member's connections
    peer_socket& socket;
    std::string app_name;
};

namespace {

using bytes = std::vector<std::uint8_t>;

bool wants_reply(const received_command& command) {
    return (command.flags & wire::msg_flags::more_to_come) == 0;
}

void add_labels(bson::document& reply, const std::vector<std::string>& labels) {
    if (!labels.empty()) {
        reply.append("errorLabels", labels);
    }
}

/// `from` with the fields of `with` in place of its own, and the rest of them behind.
bson::document replaced(bson::document_view from, bson::document_view with) {
    bson::document out;
    for (const auto& [key, value] : from) {
        if (!with[key].exists()) {
            out.append(key, value);
        }
    }
    out.append_elements(with);
    return out;
}

}  // namespace

void deployment::serve(std::size_t index, peer_socket& socket) {
    connection_state c{index, 0, socket, {}};
    {
        const lock held(mutex_);
        c.number = at(index).accepted++;
    }
    const bool begun = options_.tls == nullptr || options_.tls->accept(socket);
    for (bytes message; begun && socket.is_open() && socket.read_message(message);
         message.clear()) {
        received_command command;
        command.connection = c.number;
        if (!wait_until_reachable(index, socket) || !read_command(message, command).empty() ||
            !answer(c, command)) {
            break;
        }
    }
    lock held(mutex_);
    const bool resets = at(index).resets;
    held.unlock();
    if (resets) {
        socket.reset();
    }
    socket.close();
}

/// False: the connection has come to its end instead.
bool deployment::wait_until_reachable(std::size_t index, peer_socket& socket) {
    lock held(mutex_);
    const auto& m = at(index);
    changed_.wait(held, [&] { return ending_ || m.reachable != reach::hangs; });
    if (ending_ || m.reachable == reach::gone) {
        return false;
    }
    const auto delay = m.delay;
    held.unlock();
    return delay.count() == 0 || socket.wait(delay);
}

std::optional<failure_rule> deployment::rule_for(const connection_state& c,
                                                 const received_command& command) {
    const auto name = normal_name(command.name);
    for (auto& [rule, left] : at(c.member).rules) {
        const bool named = std::any_of(rule.commands.begin(), rule.commands.end(),
                                       [&](const auto& n) { return normal_name(n) == name; });
        if (named && left != 0 && (rule.app_name.empty() || rule.app_name == c.app_name)) {
            left -= left == SIZE_MAX ? 0 : 1;
            return rule;
        }
    }
    return std::nullopt;
}

bool deployment::send(connection_state& c, const received_command& command,
                      bson::document_view body, std::int32_t id, std::int32_t response_to,
                      std::uint32_t flags) {
    if (!wants_reply(command)) {
        return true;
    }
    // It may have been cut off in the meantime: then the reply does not come through either.
    lock held(mutex_);
    const auto& m = at(c.member);
    changed_.wait(held, [&] { return ending_ || m.reachable != reach::hangs; });
    if (ending_ || m.reachable == reach::gone) {
        return false;
    }
    held.unlock();
    reply_options options;
    options.flags = flags;
    return c.socket.write(
        encode_reply({body.bytes().begin(), body.bytes().end()}, id, response_to, options));
}

bool deployment::answer(connection_state& c, const received_command& command) {
    const auto name = normal_name(command.name);
    lock held(mutex_);
    auto& m = at(c.member);
    if (name == "hello") {
        if (const auto app = command.body["client"]["application"]["name"]; app.exists()) {
            c.app_name = app.get_or<std::string>({});
        }
    } else {
        m.received.push_back(command);
    }
    ++m.counts[name];
    const auto rule = rule_for(c, command);
    changed_.notify_all();
    if (rule && rule->block.count() != 0) {
        held.unlock();
        if (!c.socket.wait(rule->block)) {
            return false;
        }
        held.lock();
    }
    if (rule && rule->close_connection) {
        return false;
    }
    if (rule && rule->error_code) {
        auto reply = refusal(m, *rule->error_code, rule->code_name, "a scripted failure");
        add_labels(reply, rule->labels);
        held.unlock();
        return send(c, command, reply, next_id_++, command.request_id);
    }
    if (name == "hello") {
        held.unlock();
        return answer_hello(c, command);
    }
    auto reply = reply_to(m, command);
    held.unlock();
    if (rule && rule->close_after) {
        return false;
    }
    if (rule && rule->write_concern_error) {
        reply.append("writeConcernError", *rule->write_concern_error);
        add_labels(reply, rule->labels);
    }
    return send(c, command, reply, next_id_++, command.request_id);
}

bson::document deployment::topology_version_of(const member& m) const {
    bson::document out;
    out.append("processId", m.process).append("counter", m.topology_counter);
    return out;
}

bson::document deployment::refusal(const member& m, std::int32_t code, std::string_view name,
                                   std::string_view text) const {
    bson::document out;
    out.append("ok", 0.0).append("errmsg", text).append("code", code).append("codeName", name);
    if (m.is != role::load_balancer) {
        out.append("topologyVersion", topology_version_of(m));
    }
    return out;
}

bson::document deployment::reply_to(const member& m, const received_command& command) {
    static constexpr std::string_view harmless[]{"ping", "endSessions", "killCursors"};
    if (std::find(std::begin(harmless), std::end(harmless), command.name) != std::end(harmless)) {
        bson::document out;
        out.append("ok", 1.0);
        return out;
    }
    const bool replicates = in_set(m) || m.is == role::removed;
    if (scripted_store::is_write(command.name) && replicates && m.is != role::primary) {
        auto out = refusal(m, 10107, "NotWritablePrimary", "not primary");
        if (command.body["txnNumber"].exists()) {
            add_labels(out, {"RetryableWriteError"});
        }
        return out;
    }
    if (scripted_store::is_read(command.name) && replicates) {
        const auto mode =
            command.body["$readPreference"]["mode"].get_or<std::string_view>("primary");
        if (m.is == role::arbiter || m.is == role::removed) {
            return refusal(m, 13436, "NotPrimaryOrSecondary", "not primary or secondary");
        }
        if (m.is == role::secondary && mode == "primary") {
            return refusal(m, 13435, "NotPrimaryNoSecondaryOk",
                           "not primary and secondaryOk=false");
        }
    }
    auto done = store_.run(command);
    return done ? std::move(*done)
                : refusal(m, 59, "CommandNotFound", "no such command: " + command.name);
}

bson::document deployment::hello_of(const member& m, const connection_state& c,
                                    bool load_balanced) const {
    bson::document out;
    const bool writable = m.is != role::secondary && m.is != role::arbiter && m.is != role::removed;
    out.append("helloOk", true).append("ismaster", writable).append("isWritablePrimary", writable);
    if (m.is == role::removed) {
        out.append("isreplicaset", true).append("secondary", false);
    } else if (m.is == role::mongos || m.is == role::load_balancer) {
        out.append("msg", "isdbgrid");
    } else if (in_set(m)) {
        bson::array hosts;
        bson::array arbiters;
        for (const auto& other : members_) {
            if (other->is == role::arbiter) {
                arbiters.append(address_of(*other));
            } else if (in_set(*other)) {
                hosts.append(address_of(*other));
            }
        }
        out.append("setName", options_.set_name)
            .append("setVersion", set_version_)
            .append("secondary", m.is == role::secondary)
            .append("hosts", hosts)
            .append("me", address_of(m));
        if (arbiters.size() > 0) {
            out.append("arbiters", arbiters);
        }
        if (m.is == role::arbiter) {
            out.append("arbiterOnly", true);
        }
        if (const auto first = primary_of()) {
            out.append("primary", address_of(at(*first)));
        }
        if (m.is == role::primary) {
            out.append("electionId", election_);
        }
        bson::document last_write;
        last_write.append("lastWriteDate", std::chrono::floor<std::chrono::milliseconds>(
                                               std::chrono::system_clock::now()));
        out.append("lastWrite", last_write);
    }
    if (m.is == role::load_balancer && load_balanced) {
        out.append("serviceId", service_ids_[c.number % services_]);
    } else {
        out.append("topologyVersion", topology_version_of(m));
    }
    out.append("maxBsonObjectSize", 16 * 1024 * 1024)
        .append("maxMessageSizeBytes", 48'000'000)
        .append("maxWriteBatchSize", 100'000)
        .append("logicalSessionTimeoutMinutes", 30)
        .append("connectionId", static_cast<std::int32_t>(c.number + 1))
        .append("minWireVersion", 0)
        .append("maxWireVersion", 25)
        .append("readOnly", false)
        .append("ok", 1.0);
    return replaced(out, m.hello_fields);
}

/// At once; with a topologyVersion that is still right, when it is not any more or the time is
/// over; and to who allows exhaust, again and again.
bool deployment::answer_hello(connection_state& c, const received_command& command) {
    const auto& body = command.body;
    const bool load_balanced = body["loadBalanced"].get_or<bool>(false);
    const auto wait = std::chrono::milliseconds(body["maxAwaitTimeMS"].get_or<std::int64_t>(0));
    bson::document known(body["topologyVersion"].get_or<bson::document_view>({}));
    const bool streams = !known.empty() && (command.flags & wire::msg_flags::exhaust_allowed) != 0;
    std::int32_t answers = command.request_id;
    for (bool first = true;; first = false) {
        lock held(mutex_);
        const auto& m = at(c.member);
        if (!known.empty()) {
            changed_.wait_for(held, wait, [&] {
                return ending_ || m.reachable == reach::gone || known != topology_version_of(m);
            });
        }
        if (!first) {
            ++at(c.member).counts["hello"];
            changed_.notify_all();
        }
        if (ending_ || m.reachable == reach::gone) {
            return false;
        }
        if (const auto rule = first ? std::nullopt : rule_for(c, command)) {
            const auto failed =
                refusal(m, rule->error_code.value_or(0), rule->code_name, "scripted");
            held.unlock();
            // Without more to come: the stream has ended.
            return rule->error_code && send(c, command, failed, next_id_++, answers);
        }
        known = topology_version_of(m);
        const auto reply = hello_of(m, c, load_balanced);
        held.unlock();
        const std::int32_t id = next_id_++;
        if (!send(c, command, reply, id, answers, streams ? wire::msg_flags::more_to_come : 0)) {
            return false;
        }
        if (!streams) {
            return true;
        }
        answers = id;
    }
}

}  // namespace mongoro::test
