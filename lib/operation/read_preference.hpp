#pragma once

#include "deployment/server.hpp"
#include "topology/server_selection.hpp"
#include "wire/command.hpp"

#include <mongoro/topology_description.hpp>

namespace mongoro::operation {

/// What a command asks of its server. A view into the command.
[[nodiscard]] topology::selection_criteria criteria_of(const wire::command& c);

/// Whether the command wants the primary and nothing else. One that says more of it, which is an
/// error, is not among these: the selection finds it out.
[[nodiscard]] inline bool wants_primary(const wire::command& c) noexcept {
    return c.what() == wire::command::kind::write || c.settings() == nullptr ||
           c.settings()->any_primary;
}

/// Appends `$readPreference` where the server that was selected needs to know it.
/// Spec: server-selection, "Passing a read preference to ...".
void append_read_preference(wire::command& c, topology_type topology, server_type server);

}  // namespace mongoro::operation
