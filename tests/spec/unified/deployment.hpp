#pragma once

#include "unified/client_uri.hpp"
#include "unified/observer.hpp"
#include "unified/schema.hpp"

#include <mongoro/bson/document.hpp>
#include <mongoro/client.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/task.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec::unified {

/// The servers that tests run against, and the internal client of the format.
///
/// One for all tests of an area; on the thread of the reactor.
class deployment {
 public:
    /// `uri` is that of the command line. Load balancers, if they are what is tested, are in the
    /// variables MULTI_MONGOS_LB_URI and SINGLE_MONGOS_LB_URI.
    deployment(reactor& r, std::string uri);

    /// Asks the server what it is. Throws `exception` if it does not answer; once that has
    /// happened, and once it has answered, it asks no more.
    task<> learn();

    /// "sharded", with what else sets it apart; once it has learnt.
    [[nodiscard]] std::string name() const;
    [[nodiscard]] reactor& loop() noexcept { return reactor_; }
    /// The internal client.
    [[nodiscard]] const client& internal() const noexcept { return *internal_; }
    [[nodiscard]] bool sharded() const noexcept { return topology_ == "sharded"; }
    [[nodiscard]] bool has_several_members() const noexcept { return several_members_; }

    /// Why the requirements, a `runOnRequirements` or none, are not met; empty if they are.
    [[nodiscard]] task<std::string> unmet(bson::value_view requirements);

    /// A client as an element of `createEntities` describes it. Throws `skip_test` for what cannot
    /// be made yet, or not with these servers.
    [[nodiscard]] client make_client(bson::document_view entity,
                                     const std::shared_ptr<observer>& seen);

    /// Turns a fail point off, on every server that it may be on.
    task<> disarm(std::string fail_point);

 private:
    [[nodiscard]] task<std::string> first_unmet(bson::value_view requirement);
    [[nodiscard]] task<bool> has_parameter(std::string name, bson::value_view wanted);
    [[nodiscard]] uri_text uri_of(bson::document_view entity) const;

    reactor& reactor_;
    std::string uri_;
    std::optional<client> internal_;
    std::vector<client> each_mongos_;
    bool learnt_ = false;
    error unreachable_;
    std::string topology_;
    bool several_members_ = false;
    version version_;
    bool authenticates_ = false;
    std::string mechanism_;  // that the URI names; empty: it is left to the driver
    document parameters_;
};

}  // namespace mongoro::spec::unified
