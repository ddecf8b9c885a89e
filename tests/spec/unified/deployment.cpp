#include "unified/deployment.hpp"

#include "unified/failure.hpp"
#include "unified/matcher.hpp"

#include <mongoro/as_result.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;
using bson::value_view;

client make_or_skip(reactor& r, const std::string& uri, const client_options& options = {}) {
    auto made = client::create(r, uri, options);
    if (made) {
        return *std::move(made);
    }
    if (made.error() == errc::not_supported) {
        throw skip_test("client not built: " + std::string(made.error().message()));
    }
    throw test_failure("no client of " + uri_text(uri).to_string() + ": " +
                       made.error().to_string());
}

// A fail point can make a server unknown until the next heartbeat, which is soon then.
void watch_closely(uri_text& uri) {
    if (!uri.option("heartbeatFrequencyMS")) {
        const document shortest{{"ms", 500}};
        uri.set("heartbeatFrequencyMS", shortest["ms"]);
    }
}

std::string joined(const value_view& list, std::string_view last) {
    std::string text;
    const auto count = list.get<bson::array_view>().count();
    std::size_t at = 0;
    for (const auto& each : list) {
        text += at == 0 ? "" : at + 1 == count ? std::string(last) : ", ";
        text += each.value().get<std::string_view>();
        ++at;
    }
    return text;
}

version version_of(const value_view& text) {
    const auto v = parse_version(text.get<std::string_view>());
    if (!v) {
        throw test_failure("no version: " + shown(text));
    }
    return *v;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

document a_command(std::string_view name) {
    document command;
    command.append(name, 1);
    return command;
}

}  // namespace

deployment::deployment(reactor& r, std::string uri) : reactor_(r), uri_(std::move(uri)) {}

task<> deployment::learn() {
    if (unreachable_) {
        throw exception(unreachable_);
    }
    if (learnt_) {
        co_return;
    }
    uri_text uri(uri_);
    watch_closely(uri);
    internal_.emplace(make_or_skip(reactor_, uri.to_string()));
    const auto admin = (*internal_)["admin"];
    const auto hello_command = a_command("hello");
    const auto hello = co_await as_result(admin.run_command(hello_command));
    if (!hello) {
        unreachable_ = hello.error();
        throw exception(unreachable_);
    }
    const bool is_mongos = (*hello)["msg"].get_or<std::string_view>("") == "isdbgrid";
    const bool balanced = uri.option("loadBalanced").value_or("") == "true";
    topology_ = balanced              ? "load-balanced"
                : is_mongos           ? "sharded"
                : (*hello)["setName"] ? "replicaset"
                                      : "single";
    several_members_ = topology_ == "replicaset" && (*hello)["hosts"].at(1);
    if (is_mongos && !balanced && uri.hosts().size() > 1) {
        for (const auto& host : uri.hosts()) {
            auto one = uri;
            one.keep_host(host);
            each_mongos_.push_back(make_or_skip(reactor_, one.to_string()));
        }
        // Data that several mongos were told to make is not at once seen by all of them.
        internal_ = each_mongos_.front();
    }
    const auto info_command = a_command("buildInfo");
    const document info = co_await admin.run_command(info_command);
    for (std::size_t i = 0; i < std::size(version_.parts); ++i) {
        version_.parts[i] = info["versionArray"].at(i).get<std::uint32_t>();
    }
    authenticates_ = uri.has_credential();
    mechanism_ = uri.option("authMechanism").value_or("");
    document all;
    all.append("getParameter", "*");
    auto parameters = co_await as_result(admin.run_command(all));
    if (parameters) {
        parameters_ = *std::move(parameters);
    }
    // A transaction that an earlier run left open would block tests; that it cannot be ended is
    // not an error.
    document kill;
    kill.append("killAllSessions", bson::array());
    static_cast<void>(co_await as_result(admin.run_command(kill)));

    learnt_ = true;
}

std::string deployment::name() const {
    return topology_ + (several_members_ ? " of several members" : "") +
           (authenticates_ ? ", authenticated" : "") +
           (mechanism_.empty() ? "" : " by " + mechanism_);
}

task<std::string> deployment::unmet(value_view requirements) {
    std::string text;
    for (const auto& each : requirements) {
        const auto why = co_await first_unmet(each.value());
        if (why.empty()) {
            co_return std::string();
        }
        text += (text.empty() ? "needs " : " or ") + why;
    }
    co_return text;
}

task<std::string> deployment::first_unmet(value_view requirement) {
    if (const auto least = requirement["minServerVersion"]; least && version_ < version_of(least)) {
        co_return "server " + least.get<std::string>() + " or newer";
    }
    if (const auto most = requirement["maxServerVersion"]; most && version_of(most) < version_) {
        co_return "server " + most.get<std::string>() + " or older";
    }
    if (const auto topologies = requirement["topologies"]) {
        const bool right = std::ranges::any_of(topologies, [this](const bson::element& each) {
            const auto name = each.value().get<std::string_view>();
            return name == topology_ || (name == "sharded-replicaset" && sharded());
        });
        if (!right) {
            co_return "deployment " + joined(topologies, " or ");
        }
    }
    if (requirement["serverless"].get_or<std::string_view>("") == "require") {
        co_return std::string("deployment serverless");
    }
    if (const auto csfle = requirement["csfle"];
        csfle && (csfle.type() != bson::type::boolean || csfle.get<bool>())) {
        co_return std::string("client-side encryption");
    }
    if (const auto auth = requirement["auth"]; auth && auth.get<bool>() != authenticates_) {
        co_return std::string(auth.get<bool>() ? "authentication" : "no authentication");
    }
    // Where a test does not say how, a login is a conversation of several steps with a password.
    if (requirement["auth"].get_or(false) && !requirement["authMechanism"] &&
        mechanism_ == "MONGODB-OIDC") {
        co_return std::string("authentication with a password");
    }
    if (const auto mechanism = requirement["authMechanism"]) {
        const auto name = mechanism.get<std::string_view>();
        const auto known = parameters_["authenticationMechanisms"];
        const bool right = std::ranges::any_of(known, [&](const bson::element& each) {
            return same_ignoring_case(each.value().get_or<std::string_view>(""), name);
        });
        if (!right) {
            co_return "mechanism " + std::string(name);
        }
    }
    for (const auto& each : requirement["serverParameters"]) {
        std::string name(each.key());
        const bool right = co_await has_parameter(name, each.value());
        if (!right) {
            co_return "server parameter " + name + ": " + shown(each.value());
        }
    }
    co_return std::string();
}

task<bool> deployment::has_parameter(std::string name, value_view wanted) {
    const matcher by;
    if (const auto known = parameters_[name]) {
        co_return by.mismatch(wanted, known).empty();
    }
    document command = a_command("getParameter");
    command.append(name, 1);
    const auto reply = co_await as_result((*internal_)["admin"].run_command(command));
    co_return reply && (*reply)[name] && by.mismatch(wanted, (*reply)[name]).empty();
}

uri_text deployment::uri_of(document_view entity) const {
    const auto several = entity["useMultipleMongoses"];
    // The two balancers of the format's variables are without access control; where there is none
    // with it before several mongos, the one of the command line stands for both.
    if (topology_ == "load-balanced") {
        const char* const name = authenticates_         ? "MONGORO_AUTH_MULTI_MONGOS_LB_URI"
                                 : several.get_or(true) ? "MULTI_MONGOS_LB_URI"
                                                        : "SINGLE_MONGOS_LB_URI";
        const char* const balancer = std::getenv(name);
        if (balancer == nullptr && !authenticates_) {
            throw test_failure(std::string(name) + " is not set");
        }
        return client_uri(
            balancer == nullptr || (authenticates_ && !several.get_or(true)) ? uri_ : balancer,
            entity);
    }
    auto uri = client_uri(uri_, entity);
    if (sharded() && several) {
        if (!several.get<bool>()) {
            uri.keep_host(std::string(uri.hosts().front()));
        } else if (uri.hosts().size() < 2) {
            throw skip_test("needs several mongos");
        }
    }
    return uri;
}

client deployment::make_client(document_view entity, const std::shared_ptr<observer>& seen) {
    for (const std::string_view name : {"serverApi", "autoEncryptOpts", "observeTracingMessages"}) {
        if (entity[name]) {
            throw skip_test("client not built: " + std::string(name));
        }
    }
    auto uri = uri_of(entity);
    watch_closely(uri);
    client_options options;
    observer::attach(seen, options);
    return make_or_skip(reactor_, uri.to_string(), options);
}

task<> deployment::disarm(std::string fail_point) {
    document command;
    command.append("configureFailPoint", fail_point);
    command.append("mode", "off");
    if (each_mongos_.empty()) {
        co_await (*internal_)["admin"].run_command(command);
    }
    for (const auto& mongos : each_mongos_) {
        co_await mongos["admin"].run_command(command);
    }
}

}  // namespace mongoro::spec::unified
