#include "dns/resolver.hpp"

#include "dns/cares.hpp"

#include <mongoro/uri.hpp>

#include <netinet/in.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace mongoro::dns {

namespace {

std::string_view said(int status) noexcept {
    switch (status) {
        case ARES_ENOTFOUND:
            return "no such name (NXDOMAIN)";
        case ARES_ENODATA:
            return "the name has no such record";
        case ARES_ESERVFAIL:
            return "the name server failed (SERVFAIL)";
        case ARES_EREFUSED:
            return "the name server refused (REFUSED)";
        case ARES_ENOTIMP:
            return "the name server cannot do that (NOTIMP)";
        case ARES_EFORMERR:
            return "the name server did not understand (FORMERR)";
        case ARES_EBADRESP:
            return "malformed answer";
        case ARES_ETIMEOUT:
            return "no name server answered in time";
        case ARES_ECONNREFUSED:
            return "no name server can be reached";
        case ARES_EBADNAME:
        case ARES_EBADQUERY:
        case ARES_EBADSTR:
            return "not a name of DNS";
        case ARES_ECANCELLED:
        case ARES_EDESTRUCTION:
            return "given up";
        default:
            return "DNS failed";
    }
}

error failed(std::string_view kind, const std::string& name, int status) {
    if (status == ARES_ENOMEM) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    std::string text = name;
    text += " (";
    text += kind;
    text += "): ";
    text += said(status);
    return {errc::name_resolution_failed, std::move(text)};
}

error failed(std::string_view kind, const std::string& name, const error& why) {
    std::string text = name;
    text += " (";
    text += kind;
    text += "): ";
    text += why.message();
    return {errc::name_resolution_failed, std::move(text)};
}

/// Asks for one name. Its locals, which the query refers to, are in this coroutine's frame.
task<result<channel::reply>> ask(std::shared_ptr<channel> from, std::string name, int type) {
    const detail::task_context* given = co_await detail::this_context{};
    const detail::task_context& context = given != nullptr ? *given : from->core().root_context();
    channel::reply answer;
    if (name.empty() || name.find('\0') != std::string::npos) {
        answer.status = ARES_EBADNAME;
        co_return std::move(answer);
    }
    error why;
    co_await channel::query(from, name, type, context, answer, why);
    if (why) {
        co_return why;
    }
    co_return std::move(answer);
}

void set_port(io::address& where, std::uint16_t port) {
    if (where.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, where.get(), sizeof v4);
        v4.sin_port = htons(port);
        where = io::address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, where.get(), sizeof v6);
        v6.sin6_port = htons(port);
        where = io::address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
}

task<result<std::vector<io::address>>> ask_addresses(std::shared_ptr<channel> from,
                                                     std::string name, std::uint16_t port) {
    auto answer = co_await ask(std::move(from), name, channel::type_address);
    if (!answer) {
        co_return answer.error();
    }
    std::vector<io::address> found;
    for (auto& one : answer->addresses) {
        if (one.family() == AF_INET || one.family() == AF_INET6) {
            set_port(one, port);
            found.push_back(one);
        }
    }
    const bool none = answer->status == ARES_SUCCESS && found.empty();
    if (answer->status != ARES_SUCCESS || none) {
        co_return failed("A, AAAA", name, none ? ARES_ENODATA : answer->status);
    }
    co_return std::move(found);
}

task<result<std::vector<srv_record>>> ask_srv(std::shared_ptr<channel> from, std::string name) {
    auto answer = co_await ask(std::move(from), name, channel::type_srv);
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != ARES_SUCCESS) {
        co_return failed("SRV", name, answer->status);
    }
    auto found = parse_srv(answer->message);
    if (!found) {
        co_return failed("SRV", name, found.error());
    }
    if (found->empty()) {
        co_return failed("SRV", name, ARES_ENODATA);
    }
    co_return std::move(found);
}

task<result<std::vector<std::string>>> ask_txt(std::shared_ptr<channel> from, std::string name) {
    auto answer = co_await ask(std::move(from), name, channel::type_txt);
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status == ARES_ENODATA || answer->status == ARES_ENOTFOUND) {
        co_return std::vector<std::string>();
    }
    if (answer->status != ARES_SUCCESS) {
        co_return failed("TXT", name, answer->status);
    }
    auto found = parse_txt(answer->message);
    if (!found) {
        co_return failed("TXT", name, found.error());
    }
    co_return std::move(found);
}

}  // namespace

result<std::string> check_servers(std::string_view text) {
    std::string servers;
    for (bool more = true; more;) {
        const auto comma = text.find(',');
        more = comma != std::string_view::npos;
        const auto one = text.substr(0, comma);
        text.remove_prefix(more ? comma + 1 : text.size());
        // A literal alone may have colons of its own.
        const bool bare = io::address::ip(one, 53).has_value();
        const auto where = bare ? result<host_address>(host_address{std::string(one), 53})
                                : host_address::parse(one);
        if (!where || !io::address::ip(where->host, 53)) {
            return error(errc::invalid_argument,
                         "a name server is an IP address, with or without a port");
        }
        const bool has_port = !bare && one.back() != ']';
        const bool v6 = where->host.find(':') != std::string::npos;
        servers += servers.empty() ? "" : ",";
        servers += v6 ? '[' + where->host + ']' : where->host;
        servers += has_port ? ':' + std::to_string(where->port) : std::string(":53");
    }
    return servers;
}

result<resolver_options> options_from(std::string_view given) {
    if (given.empty()) {
        const char* const environment = std::getenv("MONGORO_DNS_SERVERS");
        given = environment != nullptr ? environment : "";
    }
    resolver_options options;
    if (!given.empty()) {
        auto servers = check_servers(given);
        if (!servers) {
            return servers.error();
        }
        options.servers = std::move(*servers);
    }
    return options;
}

task<result<std::vector<io::address>>> resolver::addresses(std::string name, std::uint16_t port) {
    return ask_addresses(channel_, std::move(name), port);
}

task<result<std::vector<srv_record>>> resolver::srv(std::string name) {
    return ask_srv(channel_, std::move(name));
}

task<result<std::vector<std::string>>> resolver::txt(std::string name) {
    return ask_txt(channel_, std::move(name));
}

}  // namespace mongoro::dns
