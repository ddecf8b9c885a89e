#include "wire/hello.hpp"

#include "wire/server_error.hpp"

#include <algorithm>

namespace mongoro::wire {

namespace {

// Nobody has logged in to the server that says these, and each host that it names costs a monitor,
// a pool and time in every change of the topology. Real sets have 50 members at most; a host name
// has 253 characters.
constexpr std::size_t most_names = 1'000;
constexpr std::size_t longest_name = 300;

// Reads fields until the first that cannot be used, and remembers that one. A null counts as left
// out: some servers and proxies send it for a field without a value.
class field_reader {
 public:
    explicit field_reader(bson::document_view reply) noexcept : reply_(reply) {}

    void operator()(std::string_view key, bool& out) {
        const auto value = reply_[key];
        if (!given(value)) {
            return;
        }
        // Numbers too, as the server itself takes them for truth.
        if (double number = 0; value.read(number) == errc{}) {
            out = number != 0;
        } else {
            take(value, out);
        }
    }
    void operator()(std::string_view key, std::string& out) { take_if_given(key, out); }
    void positive(std::string_view key, std::int32_t& out) {
        const auto value = reply_[key];
        if (given(value)) {
            take(value, out);
            if (!error_ && out <= 0) {
                error_ = error(make_error_code(errc::malformed_reply),
                               std::string(key) + " is " + std::to_string(out));
            }
        }
    }
    void operator()(std::string_view key, std::int32_t& out) { take_if_given(key, out); }
    template <typename T>
    void operator()(std::string_view key, std::optional<T>& out) {
        const auto value = reply_[key];
        if (given(value)) {
            T number{};
            take(value, number);
            out = number;
        }
    }
    void operator()(std::string_view key, std::vector<std::string>& out) {
        const auto value = reply_[key];
        if (!given(value)) {
            return;
        }
        bson::array_view list;
        take(value, list);
        if (error_) {
            return;
        }
        // An error's text is built for the first bad item alone: its path costs a walk from the
        // start of the reply.
        for (const auto& item : value) {  // not the list, which does not know its own key
            std::string_view text;
            if (const errc e = item.value().read(text); e != errc{}) {
                refuse(item.value().make_error(e, bson::type::string));
                return;
            }
            if (out.size() == most_names || text.size() > longest_name) {
                error_ = error(make_error_code(errc::malformed_reply),
                               std::string(key) + (out.size() == most_names
                                                       ? " has more than 1000 entries"
                                                       : " has an entry of more than 300 bytes"));
                return;
            }
            out.emplace_back(text);
        }
    }

    /// What is no string is passed over, and so is what is no list of them, and what is too long or
    /// too much.
    void strings_of(std::string_view key, std::vector<std::string>& out) {
        const auto value = reply_[key];
        if (!given(value) || error_) {
            return;
        }
        bson::array_view list;
        if (const errc e = value.read(list); e != errc{}) {
            if (e == errc::malformed_bson) {
                refuse(value.make_error(e, bson::type::array));
            }
            return;
        }
        for (const auto& item : value) {
            std::string_view text;
            if (const errc e = item.value().read(text); e == errc{}) {
                if (text.size() <= longest_name && out.size() < most_names) {
                    out.emplace_back(text);
                }
            } else if (e == errc::malformed_bson) {
                refuse(item.value().make_error(e, bson::type::string));
                return;
            }
        }
    }

    [[nodiscard]] const mongoro::error& problem() const noexcept { return error_; }

 private:
    static bool given(const bson::value_view& value) noexcept {
        return (value.exists() && !value.is_null()) || value.malformed();
    }
    template <typename T>
    void take_if_given(std::string_view key, T& out) {
        const auto value = reply_[key];
        if (given(value)) {
            take(value, out);
        }
    }
    template <typename T>
    void take(const bson::value_view& value, T& out) {
        auto read = value.try_get<T>();
        if (read) {
            out = *std::move(read);
        } else {
            refuse(read.error());
        }
    }
    /// The first problem is the one that is told.
    void refuse(mongoro::error cause) {
        if (error_) {
            return;
        }
        if (cause == errc::malformed_bson) {
            error_ = std::move(cause);
        } else {
            error_ = error(make_error_code(errc::malformed_reply), "hello", std::move(cause));
        }
    }

    bson::document_view reply_;
    mongoro::error error_;
};

}  // namespace

bson::document_view hello_reply::topology_version() const noexcept {
    bson::document_view version;
    if (document()["topologyVersion"].read(version) != errc{}) {
        return {};
    }
    return version;
}

server_type hello_reply::type() const noexcept {
    if (is_mongos) {
        return server_type::mongos;
    }
    if (is_replica_set) {
        return server_type::rs_ghost;
    }
    if (set_name.empty()) {
        return server_type::standalone;
    }
    if (hidden) {
        return server_type::rs_other;
    }
    if (is_writable_primary) {
        return server_type::rs_primary;
    }
    if (secondary) {
        return server_type::rs_secondary;
    }
    return arbiter_only ? server_type::rs_arbiter : server_type::rs_other;
}

result<hello_reply> parse_hello(bson::document_view reply) {
    if (auto refused = detail::command_error(reply)) {
        if (refused == errc::command_failed) {
            return detail::with_code(refused, errc::handshake_failed);
        }
        return refused;
    }

    hello_reply out;
    field_reader read(reply);
    read("ismaster", out.is_writable_primary);
    read("isWritablePrimary", out.is_writable_primary);
    read("helloOk", out.hello_ok);
    read("secondary", out.secondary);
    read("arbiterOnly", out.arbiter_only);
    read("hidden", out.hidden);
    read("isreplicaset", out.is_replica_set);
    std::string msg;
    read("msg", msg);
    out.is_mongos = msg == "isdbgrid";
    read("setName", out.set_name);
    read("me", out.me);
    read("primary", out.primary);
    read("hosts", out.hosts);
    read("passives", out.passives);
    read("arbiters", out.arbiters);
    read("logicalSessionTimeoutMinutes", out.logical_session_timeout_minutes);
    read("connectionId", out.connection_id);
    read("compression", out.compression);
    read.strings_of("saslSupportedMechs",
                    out.sasl_supported_mechs);  // not to be validated: auth.md
    read("minWireVersion", out.limits.min_wire_version);
    read("maxWireVersion", out.limits.max_wire_version);
    read.positive("maxBsonObjectSize", out.limits.max_bson_object_size);
    read.positive("maxMessageSizeBytes", out.limits.max_message_size_bytes);
    read.positive("maxWriteBatchSize", out.limits.max_write_batch_size);
    out.limits.max_message_size_bytes =
        std::min(out.limits.max_message_size_bytes, default_max_message_size);
    if (read.problem()) {
        return read.problem();
    }
    out.raw.assign(reply.bytes().begin(), reply.bytes().end());
    return out;
}

result<void> check_wire_version(const server_limits& limits, std::string_view address) {
    const std::string server = "Server at " + std::string(address);
    if (limits.min_wire_version > client_max_wire_version) {
        return error(make_error_code(errc::incompatible_server),
                     server + " requires wire version " + std::to_string(limits.min_wire_version) +
                         ", but this version of mongoro only supports up to " +
                         std::to_string(client_max_wire_version) + ".");
    }
    if (limits.max_wire_version < client_min_wire_version) {
        return error(make_error_code(errc::incompatible_server),
                     server + " reports wire version " + std::to_string(limits.max_wire_version) +
                         ", but this version of mongoro requires at least " +
                         std::to_string(client_min_wire_version) + " (MongoDB 4.2).");
    }
    return {};
}

void append_hello(bson::writer& body, const hello_options& options) {
    if (options.legacy) {
        body.append_int32("isMaster", 1);
        body.append_bool("helloOk", true);
    } else {
        body.append_int32("hello", 1);
    }
    if (!options.backpressure.empty()) {
        body.append_string("backpressure", options.backpressure);
    }
    if (!options.client.empty()) {
        body.append_document("client", options.client);
    }
    if (options.compressors) {
        body.begin_array("compression");
        bson::index_key index;
        for (const auto name : *options.compressors) {
            body.append_string(index, name);
            ++index;
        }
        body.end();
    }
    if (options.load_balanced) {
        body.append_bool("loadBalanced", true);
    }
    if (!options.sasl_supported_mechs.empty()) {
        body.append_string("saslSupportedMechs", options.sasl_supported_mechs);
    }
    if (!options.speculative_authenticate.empty()) {
        body.append_document("speculativeAuthenticate", options.speculative_authenticate);
    }
    if (!options.topology_version.empty()) {
        body.append_document("topologyVersion", options.topology_version);
    }
    if (options.max_await_time_ms) {
        body.append_int64("maxAwaitTimeMS", *options.max_await_time_ms);
    }
}

}  // namespace mongoro::wire
