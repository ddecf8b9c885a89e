#pragma once

// Debian 12 has 1.18; what later versions call deprecated is all that 1.18 has.
#define CARES_NO_DEPRECATED
#include <ares.h>
