#include "client/settings.hpp"

#include "auth/authenticator.hpp"
#include "client/login_options.hpp"
#include "dns/resolver.hpp"
#include "tls/context.hpp"
#include "uri/wipe.hpp"
#include "wire/client_metadata.hpp"

#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/writer.hpp>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mongoro::detail {

namespace {

error refused(const char* why) {
    return {errc::invalid_argument, why};
}

result<void> check(const client_options& options) {
    if (options.max_pool_size == 0U) {
        return refused("max_pool_size is 0");
    }
    if (options.connect_timeout && options.connect_timeout->count() < 0) {
        return refused("connect_timeout is negative");
    }
    if (options.timeout && options.timeout->count() < 0) {
        return refused("timeout is negative");
    }
    if (options.drain_timeout.count() < 0) {
        return refused("drain_timeout is negative");
    }
    if (options.app_name.size() > wire::max_application_name_size) {
        return refused("app_name is longer than 128 bytes");
    }
    if (options.app_name.find('\0') != std::string_view::npos || !bson::is_utf8(options.app_name)) {
        return refused("app_name is no text of UTF-8, or has a NUL");
    }
    return {};
}

std::optional<std::chrono::milliseconds> timeout_of(const uri& where,
                                                    const client_options& options) {
    return options.timeout ? options.timeout : where.options().timeout;
}

/// A copy whose password is wiped in the end.
std::shared_ptr<const proxy_options> proxy_of(const uri& where) {
    const auto& given = where.options().proxy;
    if (!given.host) {
        return nullptr;
    }
    return {new proxy_options(given), [](proxy_options* p) {
                if (p->password) {
                    detail::wipe(*p->password);
                }
                delete p;
            }};
}

pool::connection_settings connection_settings_of(const uri& where, const client_options& options) {
    pool::connection_settings settings;
    settings.host = where.host();
    settings.connect_timeout = options.connect_timeout.value_or(where.connect_timeout());
    settings.drain_timeout = options.drain_timeout;
    // With a timeoutMS every operation has a limit of its own.
    if (const auto timeout = timeout_of(where, options)) {
        settings.handshake_timeout = *timeout;
    } else {
        settings.socket_timeout =
            where.options().socket_timeout.value_or(std::chrono::milliseconds(0));
    }
    settings.app_name = options.app_name.empty() ? where.options().app_name.value_or(std::string())
                                                 : std::string(options.app_name);
    settings.validate_replies = options.validate_replies;
    settings.checksums = options.checksums;
    settings.compressors = where.options().compressors;
    settings.zlib_level = where.options().zlib_compression_level.value_or(settings.zlib_level);
    settings.proxy = proxy_of(where);
    return settings;
}

pool::pool_settings pool_settings_of(const uri& where, const client_options& options) {
    const auto& given = where.options();
    pool::pool_settings settings;
    auto& told = settings.given;
    told.max_pool_size = options.max_pool_size;
    if (!told.max_pool_size) {
        told.max_pool_size = given.max_pool_size;
    }
    told.min_pool_size = given.min_pool_size;
    told.max_connecting = given.max_connecting;
    told.max_idle_time = given.max_idle_time;
    told.wait_queue_timeout = given.wait_queue_timeout;
    settings.max_size = told.max_pool_size.value_or(settings.max_size);
    settings.min_size = told.min_pool_size.value_or(settings.min_size);
    settings.max_connecting = told.max_connecting.value_or(settings.max_connecting);
    settings.max_idle_time = told.max_idle_time.value_or(settings.max_idle_time);
    settings.wait_queue_timeout = told.wait_queue_timeout.value_or(settings.wait_queue_timeout);
    settings.load_balanced = given.load_balanced.value_or(false);
    return settings;
}

topology::settings topology_settings_of(const uri& where) {
    const auto& given = where.options();
    topology::settings settings;
    for (const auto& host : where.hosts()) {
        settings.seeds.push_back(host.to_string());
    }
    settings.id = bson::object_id::generate();
    settings.set_name = given.replica_set.value_or(std::string());
    settings.direct_connection = given.direct_connection.value_or(false);
    settings.load_balanced = given.load_balanced.value_or(false);
    settings.srv = where.is_srv();
    settings.srv_max_hosts = given.srv_max_hosts.value_or(0);
    return settings;
}

/// Whether monitors ask for hellos that come by themselves: not where a process may be frozen
/// between two calls.
bool streams(server_monitoring_mode mode) {
    if (mode != server_monitoring_mode::automatic) {
        return mode == server_monitoring_mode::stream;
    }
    static const bool faas = !wire::detect_host_environment().faas_name.empty();
    return !faas;
}

}  // namespace

result<deployment::settings> settings_of(reactor_core& core, const uri& where,
                                         const client_options& options) {
    if (auto checked = check(options); !checked) {
        return checked.error();
    }
    const auto& given = where.options();
    deployment::settings settings;
    settings.topology = topology_settings_of(where);
    if (auto checked = settings.topology.check(); !checked) {
        return checked.error();
    }
    settings.connection = connection_settings_of(where, options);
    if (where.uses_tls()) {
        auto made = tls::context::make(given.tls);
        if (!made) {
            return made.error();
        }
        settings.connection.tls = std::move(*made);
    }
    auto names = dns::options_from(options.dns_servers);
    if (!names) {
        return names.error();
    }
    // One for all of its servers, and for those who watch them.
    settings.connection.names = std::make_shared<dns::resolver>(core, std::move(*names));
    settings.pool = pool_settings_of(where, options);
    auto metadata = std::make_shared<wire::client_metadata>(settings.connection.app_name);
    if (options.wrapped_by != driver_info()) {
        if (auto added = metadata->append(options.wrapped_by); !added) {
            return added.error();
        }
    }
    settings.connection.metadata = std::move(metadata);
    settings.monitoring.connection = settings.connection;
    settings.monitoring.connection.kind = pool::connection_kind::monitor;
    // Its hellos have a time of their own.
    settings.monitoring.connection.socket_timeout = {};
    settings.monitoring.connection.handshake_timeout = {};
    const credential* const who = options.login != nullptr ? options.login : where.credential();
    settings.login_is_given = options.login != nullptr;
    if (auto ready = set_up_login(settings.connection, core, who, options); !ready) {
        return ready.error();
    }
    settings.monitoring.heartbeat_frequency =
        given.heartbeat_frequency.value_or(topology::default_heartbeat_frequency);
    settings.monitoring.streaming =
        streams(given.server_monitoring_mode.value_or(server_monitoring_mode::automatic));
    settings.server_selection_timeout =
        given.server_selection_timeout.value_or(settings.server_selection_timeout);
    settings.local_threshold = given.local_threshold.value_or(settings.local_threshold);
    settings.retry_reads = given.retry_reads.value_or(true);
    settings.retry_writes = given.retry_writes.value_or(true);
    settings.max_adaptive_retries = given.max_adaptive_retries.value_or(2);
    settings.overload_retargeting = given.enable_overload_retargeting.value_or(false);
    return settings;
}

result<void> apply_seed_list(deployment::settings& to, const uri& resolved) {
    const auto id = to.topology.id;
    const bool publish_events = to.topology.publish_events;
    to.topology = topology_settings_of(resolved);
    to.topology.id = id;
    to.topology.publish_events = publish_events;
    to.pool.load_balanced = to.topology.load_balanced;
    // The record may name the database that knows the user.
    if (!to.login_is_given && to.connection.authenticator != nullptr) {
        to.connection.authenticator = std::make_shared<auth::authenticator>(*resolved.credential());
    }
    return to.topology.check();
}

handle_settings_ptr handle_settings_of(const uri& where, const client_options& options) {
    const auto& given = where.options();
    const auto concern = where.write_concern();
    const auto timeout = timeout_of(where, options);
    if (!given.read_preference && !given.read_concern_level && concern.is_default() && !timeout) {
        return nullptr;
    }
    auto settings = std::make_shared<handle_settings>();
    settings->timeout = timeout;
    settings->set(concern);
    settings->set(where.read_concern());
    if (const auto& wanted = given.read_preference) {
        bson::byte_buffer bytes;
        bson::writer sets(bytes);
        sets.begin_document();
        std::size_t index = 0;
        for (const auto& set : wanted->tag_sets) {
            sets.begin_document(std::to_string(index++));
            for (const auto& [name, value] : set) {
                sets.append(name, std::string_view(value));
            }
            sets.end();
        }
        sets.end();
        const bson::array tag_sets(std::move(bytes));
        settings->set(read_preference{
            .mode = wanted->mode, .tag_sets = tag_sets, .max_staleness = wanted->max_staleness});
    }
    return settings;
}

}  // namespace mongoro::detail
