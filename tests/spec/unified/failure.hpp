#pragma once

#include <stdexcept>
#include <string>

namespace mongoro::spec::unified {

/// Ends a test as failed: a check did not hold, or the test's file is not what the format allows.
struct test_failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Ends a test as skipped; `what()` is the reason that the report counts, so it holds nothing that
/// differs from one run to the next.
struct skip_test : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace mongoro::spec::unified
