#pragma once

#include <openssl/types.h>

// Two that <openssl/types.h> leaves to headers of thousands of lines.
using SSL_SESSION = struct ssl_session_st;
using BIO_METHOD = struct bio_method_st;
