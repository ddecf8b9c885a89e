#include "deployment.hpp"

namespace mongoro::test {

deployment::deployment(const std::vector<role>& roles, deployment_options options)
    : options_(std::move(options)), service_ids_{bson::object_id::generate()} {
    lock held(mutex_);
    for (const auto r : roles) {
        make(r);
    }
    // Only now: a hello names all of them.
    for (std::size_t i = 0; i < members_.size(); ++i) {
        listen(i);
    }
}

deployment::~deployment() {
    {
        const lock held(mutex_);
        ending_ = true;
        changed_.notify_all();
    }
    for (auto& m : members_) {
        m->server.reset();  // its threads end before anything that they use
    }
}

std::size_t deployment::make(role r) {
    auto m = std::make_unique<member>();
    m->is = r;
    members_.push_back(std::move(m));
    return members_.size() - 1;
}

void deployment::listen(std::size_t index) {
    auto& m = at(index);
    m.reachable = reach::yes;
    m.resets = false;
    m.server = std::make_unique<listener>(
        listen_at::ipv4, [this, index](peer_socket& socket, std::size_t) { serve(index, socket); },
        m.port.number());
}

/// Ends all connections of a member, by a reset, and the listening.
void deployment::stop(std::size_t index, lock& held) {
    auto& m = at(index);
    m.reachable = reach::gone;
    m.resets = true;
    auto server = std::move(m.server);
    changed_.notify_all();
    held.unlock();
    server.reset();  // joins threads that need the lock
    held.lock();
}

/// Whoever waits for a change of the topology gets to know this one.
void deployment::changed() {
    for (const auto& m : members_) {
        ++m->topology_counter;
    }
    changed_.notify_all();
}

bool deployment::in_set(const member& m) const {
    return m.is == role::primary || m.is == role::secondary || m.is == role::arbiter;
}

std::optional<std::size_t> deployment::primary_of() const {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (at(i).is == role::primary) {
            return i;
        }
    }
    return std::nullopt;
}

std::string deployment::address_of(const member& m) const {
    return options_.host + ":" + std::to_string(m.port.number());
}

std::string deployment::uri(std::string_view more_options) const {
    const lock held(mutex_);
    std::string hosts;
    std::string options;
    for (const auto& m : members_) {
        if (m->is == role::removed) {
            continue;
        }
        hosts += (hosts.empty() ? "" : ",") + address_of(*m);
        if (in_set(*m)) {
            options = "replicaSet=" + options_.set_name;
        } else if (m->is == role::load_balancer) {
            options = "loadBalanced=true";
        }
    }
    if (!more_options.empty()) {
        options += (options.empty() ? "" : "&") + std::string(more_options);
    }
    return "mongodb://" + hosts + "/" + (options.empty() ? "" : "?" + options);
}

std::string deployment::direct_uri(std::size_t member) const {
    return "mongodb://" + address(member) + "/?directConnection=true";
}

std::string deployment::address(std::size_t member) const {
    const lock held(mutex_);
    return address_of(at(member));
}

std::uint16_t deployment::port(std::size_t member) const {
    const lock held(mutex_);
    return at(member).port.number();
}

std::size_t deployment::size() const {
    const lock held(mutex_);
    return members_.size();
}

role deployment::role_of(std::size_t member) const {
    const lock held(mutex_);
    return at(member).is;
}

std::optional<std::size_t> deployment::primary() const {
    const lock held(mutex_);
    return primary_of();
}

void deployment::step_down() {
    const lock held(mutex_);
    if (const auto old = primary_of()) {
        at(*old).is = role::secondary;
        changed();
    }
}

void deployment::elect(std::size_t member) {
    const lock held(mutex_);
    if (const auto old = primary_of()) {
        at(*old).is = role::secondary;
    }
    at(member).is = role::primary;
    ++term_;
    election_ = bson::object_id::generate();  // greater than the one before
    changed();
}

std::size_t deployment::add(role r) {
    const lock held(mutex_);
    const std::size_t index = make(r);
    listen(index);
    ++set_version_;
    changed();
    return index;
}

void deployment::remove(std::size_t member) {
    const lock held(mutex_);
    at(member).is = role::removed;
    ++set_version_;
    changed();
}

void deployment::partition(std::size_t member, partition_mode mode) {
    lock held(mutex_);
    if (mode == partition_mode::hang) {
        at(member).reachable = reach::hangs;
    } else {
        stop(member, held);
    }
}

void deployment::heal(std::size_t member) {
    const lock held(mutex_);
    auto& m = at(member);
    if (m.server == nullptr) {
        listen(member);
    }
    m.reachable = reach::yes;
    changed_.notify_all();
}

void deployment::slow(std::size_t member, std::chrono::milliseconds delay) {
    const lock held(mutex_);
    at(member).delay = delay;
}

void deployment::kill(std::size_t member) {
    lock held(mutex_);
    if (at(member).is == role::primary) {
        at(member).is = role::secondary;
    }
    stop(member, held);
    changed();
}

void deployment::restart(std::size_t member) {
    lock held(mutex_);
    auto& m = at(member);
    if (m.server != nullptr) {
        stop(member, held);
    }
    if (m.is == role::primary) {
        m.is = role::secondary;
    }
    m.process = bson::object_id::generate();
    m.topology_counter = 0;
    m.rules.clear();
    m.delay = {};
    listen(member);
    changed();
}

void deployment::set_hello_fields(std::size_t member, bson::document fields) {
    const lock held(mutex_);
    at(member).hello_fields = std::move(fields);
    changed();
}

void deployment::set_services(std::size_t count) {
    const lock held(mutex_);
    services_ = count;
    while (service_ids_.size() < count) {
        service_ids_.push_back(bson::object_id::generate());
    }
}

void deployment::fail(std::size_t member, failure_rule rule) {
    const lock held(mutex_);
    const auto times = rule.times;
    at(member).rules.push_back({std::move(rule), times});
}

void deployment::clear_failures(std::size_t member) {
    const lock held(mutex_);
    at(member).rules.clear();
}

std::size_t deployment::count(std::size_t member, std::string_view name) const {
    const lock held(mutex_);
    const auto there = at(member).counts.find(name);
    return there != at(member).counts.end() ? there->second : 0;
}

std::size_t deployment::count(std::string_view name) const {
    std::size_t all = 0;
    for (std::size_t i = 0; i < size(); ++i) {
        all += count(i, name);
    }
    return all;
}

std::vector<received_command> deployment::received(std::size_t member,
                                                   std::string_view name) const {
    const lock held(mutex_);
    auto out = at(member).received;
    std::erase_if(out, [&](const received_command& c) { return c.name != name; });
    return out;
}

std::size_t deployment::connections(std::size_t member) const {
    const lock held(mutex_);
    return at(member).accepted;
}

bool deployment::wait_for(std::size_t member, std::string_view name, std::size_t count,
                          std::chrono::milliseconds limit) const {
    lock held(mutex_);
    return changed_.wait_for(held, limit, [&] {
        const auto there = at(member).counts.find(name);
        return there != at(member).counts.end() && there->second >= count;
    });
}

}  // namespace mongoro::test
