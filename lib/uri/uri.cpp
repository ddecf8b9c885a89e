#include <mongoro/uri.hpp>

#include "uri/credential_rules.hpp"
#include "uri/option_table.hpp"
#include "uri/secrets.hpp"
#include "uri/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mongoro {

using detail::bad_uri;

namespace {

constexpr std::array<std::string_view, 3> txt_options{"authSource", "replicaSet", "loadBalanced"};

bool valid_database(std::string_view name) noexcept {
    return name.find_first_of("/\\ \"$") == std::string_view::npos;
}

result<std::vector<host_address>> parse_hosts(std::string_view text, bool srv) {
    std::vector<host_address> hosts;
    bool more = true;
    while (more) {
        more = text.find(',') != std::string_view::npos;
        const auto one = detail::take_until(text, ',');
        auto host = host_address::parse(one);
        if (!host) {
            return host.error();
        }
        // A name that DNS can be asked for stands there as it is.
        if (srv && (one.find_first_of(":[%") != std::string_view::npos || more)) {
            return bad_uri("mongodb+srv takes one host name, and no port");
        }
        hosts.push_back(std::move(*host));
    }
    return hosts;
}

}  // namespace

uri::uri() : hosts_(1) {}
uri::uri(const uri& other) = default;
uri::uri(uri&& other) noexcept = default;

uri& uri::operator=(const uri& other) {
    if (this != &other) {
        *this = uri(other);
    }
    return *this;
}

uri& uri::operator=(uri&& other) noexcept {
    if (this != &other) {
        wipe();
        srv_ = other.srv_;
        hosts_ = std::move(other.hosts_);
        database_ = std::move(other.database_);
        credential_ = std::move(other.credential_);
        options_ = std::move(other.options_);
        warnings_ = std::move(other.warnings_);
    }
    return *this;
}

uri::~uri() {
    wipe();
}

void uri::wipe() noexcept {
    if (credential_) {
        detail::wipe_secrets(*credential_);
    }
    detail::wipe_secrets(options_);
}

result<uri> uri::parse(std::string_view text) {
    auto parts = detail::split_uri(text);
    if (!parts) {
        return parts.error();
    }
    const detail::wiped_in_the_end clean_parts(*parts);
    if (parts->hosts.empty() && parts->database.find('/') != std::string_view::npos) {
        return bad_uri("an empty host; a Unix-domain socket path must be percent-encoded");
    }
    uri parsed;
    parsed.srv_ = parts->srv;
    auto hosts = parse_hosts(parts->hosts, parts->srv);
    if (!hosts) {
        return hosts.error();
    }
    parsed.hosts_ = std::move(*hosts);

    auto database = detail::decode_text(parts->database, "the database");
    if (!database) {
        return database.error();
    }
    if (!valid_database(*database)) {
        return bad_uri("the database has a character that no database name may have");
    }
    parsed.database_ = std::move(*database);

    detail::option_reader given;
    auto& values = given.values();
    const detail::wiped_in_the_end clean_values(values);
    if (auto read = given.read(parts->options); !read) {
        return read.error();
    }
    if (auto e = detail::check_presence(given, parsed.srv_)) {
        return e;
    }
    if (auto e = detail::check_values(values.options, parsed.hosts_.size(), parsed.srv_)) {
        return e;
    }
    auto credential = detail::make_credential(*parts, values, parsed.database_);
    if (!credential) {
        return credential.error();
    }
    parsed.credential_ = std::move(*credential);
    if (*credential) {
        detail::wipe_secrets(**credential);  // what the move has left in short strings
    }
    parsed.options_ = std::move(values.options);
    parsed.warnings_ = std::move(values.warnings);
    return parsed;
}

result<uri> uri::resolved(std::vector<host_address> hosts, std::string_view txt) const {
    if (!srv_) {
        return error(errc::invalid_argument, "only mongodb+srv is resolved");
    }
    if (hosts.empty()) {
        return bad_uri("the SRV records have no host");
    }
    const auto pairs = detail::split_options(txt);
    if (!pairs) {
        return pairs.error();
    }
    for (const auto& [name, value] : *pairs) {
        const bool allowed = std::ranges::any_of(txt_options, [&, &option = name](auto allowed) {
            return detail::same_ignoring_case(allowed, option);
        });
        if (!allowed) {
            return bad_uri("a TXT record may have authSource, replicaSet and loadBalanced only");
        }
    }
    detail::option_reader given;
    if (auto read = given.read(txt); !read) {
        return read.error();
    }
    auto& values = given.values();

    uri found = *this;
    found.hosts_ = std::move(hosts);
    const auto fill = [](auto& ours, auto& theirs) {
        if (!ours) {
            ours = std::move(theirs);
        }
    };
    // A hosted cluster's record says `admin` to all; with some mechanisms there is no such choice.
    if (!found.credential_ || !detail::is_external(found.credential_->mechanism)) {
        fill(found.options_.auth_source, values.options.auth_source);
    }
    fill(found.options_.replica_set, values.options.replica_set);
    fill(found.options_.load_balanced, values.options.load_balanced);
    std::ranges::move(values.warnings, std::back_inserter(found.warnings_));
    if (auto e = detail::check_values(found.options_, found.hosts_.size(), true)) {
        return e;
    }
    if (found.credential_) {
        auto broken =
            detail::settle_source(*found.credential_, found.options_.auth_source, found.database_);
        if (!broken.empty()) {
            return bad_uri(std::move(broken));
        }
    }
    return found;
}

bool uri::uses_tls() const noexcept {
    return options_.tls.enabled.value_or(srv_ || options_.tls.any_detail());
}

std::chrono::milliseconds uri::connect_timeout() const noexcept {
    return options_.connect_timeout.value_or(std::chrono::milliseconds(10'000));
}

read_concern uri::read_concern() const& noexcept {
    return {options_.read_concern_level ? std::string_view(*options_.read_concern_level)
                                        : std::string_view()};
}

write_concern uri::write_concern() const& noexcept {
    return {.w = options_.w,
            .w_tag = options_.w_tag ? std::string_view(*options_.w_tag) : std::string_view(),
            .journal = options_.journal,
            .w_timeout = options_.w_timeout};
}

std::string uri::to_string() const {
    std::string text = srv_ ? "mongodb+srv://" : "mongodb://";
    if (credential_ && credential_->username) {
        text += "***@";
    }
    std::string_view separator;
    for (const auto& host : hosts_) {
        text += separator;
        text += srv_ && hosts_.size() == 1 ? host.host : host.to_string();
        separator = ",";
    }
    return database_.empty() ? text : text + "/" + detail::percent_encode(database_);
}

}  // namespace mongoro
