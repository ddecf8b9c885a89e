#pragma once

/// \file
/// Everything that a client can tell: see `<mongoro/event_listener.hpp>` for who is told.

#include <mongoro/events/command.hpp>
#include <mongoro/events/pool.hpp>
#include <mongoro/events/topology.hpp>
