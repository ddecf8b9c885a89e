#pragma once

#include "auth/aws_keys.hpp"
#include "cloud/environment.hpp"
#include "cloud/login_channel.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/options/aws.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <optional>

namespace mongoro::cloud {

/// Finds the keys of a client's logins by MONGODB-AWS, and keeps those that a service gave until
/// five minutes before their end. On the reactor's thread; outlives its tasks.
///
/// In this order (auth specification, "Credential Fetching Order"): the program's provider; what is
/// kept; the environment's variables; the web identity; the agent of the container; the metadata
/// service of EC2. The first that is there is asked alone: its error is the answer. Several
/// connections may ask at a time, each for itself. A credential that has keys of its own makes no
/// client: see `credential::check`.
class aws_credential_source {
 public:
    explicit aws_credential_source(environment in, aws_credential_provider provider = {})
        : environment_(std::move(in)), provider_(std::move(provider)) {}

    /// `wanted_by` is the deadline of who wants the login, where the awaiting task has an earlier
    /// one (a connection has its own time to open); not given: it is the task's.
    ///
    /// Errors: `authentication_failed` with its cause, also if the task's deadline ends before
    /// `wanted_by`; `deadline_exceeded` of `wanted_by`; `operation_cancelled` of the task.
    [[nodiscard]] task<result<auth::aws_keys_ptr>> get(
        std::optional<deadline> wanted_by = std::nullopt);

    /// Forgets what is kept: a login with it has failed.
    void invalidate() noexcept { kept_.reset(); }
    [[nodiscard]] const auth::aws_keys_ptr& kept() const noexcept { return kept_; }
    void keep(auth::aws_keys_ptr keys) noexcept { kept_ = std::move(keys); }

    [[nodiscard]] const environment& surroundings() const noexcept { return environment_; }

 private:
    [[nodiscard]] task<result<auth::aws_keys_ptr>> ask_provider(
        std::optional<deadline> wanted_by) const;
    [[nodiscard]] task<result<auth::aws_keys_ptr>> ask_services(std::optional<deadline> wanted_by);

    environment environment_;
    aws_credential_provider provider_;
    auth::aws_keys_ptr kept_;
};

/// Logs a connection in by MONGODB-AWS: two round trips, after the keys are there. A failure of any
/// kind, but for the end of the awaiting task, empties what the source keeps.
///
/// Errors: those of the source, to which `wanted_by` goes, the channel and
/// `auth::aws_conversation`. The arguments outlive the task.
[[nodiscard]] task<result<void>> aws_login(login_channel& channel, aws_credential_source& source,
                                           std::optional<deadline> wanted_by = std::nullopt);

}  // namespace mongoro::cloud
