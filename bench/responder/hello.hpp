#pragma once

#include <string>
#include <string_view>

namespace bench {

/// What differs from one hello's answer to another's.
struct hello_facts {
    bool legacy_name = false;
    bool mongos = false;
    /// Whether it was asked how a user may log in: SCRAM-SHA-256 then.
    bool mechanisms = false;
    /// The document of a login that began with the hello; empty without one.
    std::string_view login;
};

bool is_hello(std::string_view command);
/// A standalone server's, or a mongos's.
std::string hello_document(const hello_facts& facts);

}  // namespace bench
