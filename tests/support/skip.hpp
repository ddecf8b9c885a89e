#pragma once

#include <cstdio>

/// Leaves a doctest case that cannot run here, and says why; it counts as skipped, not as passed.
#define SKIP_CASE(why)                   \
    do {                                 \
        std::printf("[skip] %s\n", why); \
        std::fflush(stdout);             \
        return;                          \
    } while (false)
