#pragma once

#include "certificates.hpp"
#include "tls_server.hpp"

#include <mongoro/error.hpp>
#include <mongoro/options/tls.hpp>

#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace mongoro::test {

/// An authority and a server that it vouches for, made once: the same for every test.
struct test_world {
    identity authority = identity::authority();
    identity server = authority.issue();
    temporary_files files;
    std::string ca_file = files.write("ca.pem", authority.certificate_pem());

    static test_world& get() {
        static test_world made;
        return made;
    }
};

inline tls_server_options serving(const identity& certificate, int version = 0) {
    tls_server_options options;
    options.certificate = certificate;
    options.version = version;
    return options;
}

inline tls_server_options serving(int version = 0) {
    return serving(test_world::get().server, version);
}

inline tls_options trusting() {
    tls_options options;
    options.ca_file = test_world::get().ca_file;
    return options;
}

inline bool says(const error& e, std::string_view text) {
    return e.to_string().find(text) != std::string::npos;
}

}  // namespace mongoro::test
