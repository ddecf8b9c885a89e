// The one copy of doctest's implementation: every test program links it instead of compiling it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
