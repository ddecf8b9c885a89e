#include "tls/context.hpp"

#include "tls/engine.hpp"
#include "tls/failure.hpp"
#include "tls/openssl.hpp"
#include "uri/conflicts.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::tls {

namespace {

/// Bytes of a file that may be a key: wiped at the end.
class file_bytes {
 public:
    file_bytes() = default;
    file_bytes(const file_bytes&) = delete;
    file_bytes& operator=(const file_bytes&) = delete;
    ~file_bytes() { wipe(bytes_); }

    /// 0 or an errno.
    int read(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return errno;
        }
        int failed = 0;
        std::size_t size = 0;
        for (ssize_t got = 1; got != 0;) {
            if (size == bytes_.size()) {
                grow();
            }
            got = ::read(fd, bytes_.data() + size, bytes_.size() - size);
            if (got < 0) {
                if (errno == EINTR) {
                    continue;
                }
                failed = errno;
                break;
            }
            size += static_cast<std::size_t>(got);
            if (size > largest) {
                failed = EFBIG;
                break;
            }
        }
        ::close(fd);
        bytes_.resize(size);
        return failed;
    }

    /// Reads the file from its start.
    [[nodiscard]] bio_ptr open() const {
        return bio_ptr(BIO_new_mem_buf(bytes_.data(), static_cast<int>(bytes_.size())));
    }

 private:
    static constexpr std::size_t largest = std::size_t{16} << 20;

    static void wipe(std::vector<char>& bytes) noexcept {
        OPENSSL_cleanse(bytes.data(), bytes.size());
    }
    // A vector that grows by itself would leave what it held behind.
    void grow() {
        std::vector<char> larger(std::max<std::size_t>(bytes_.size() * 2, 8192));
        std::copy(bytes_.begin(), bytes_.end(), larger.begin());
        wipe(bytes_);
        bytes_.swap(larger);
    }

    std::vector<char> bytes_;
};

struct given_password {
    const std::optional<std::string>* password = nullptr;
    bool asked = false;
};

/// Never the terminal, which is what OpenSSL asks without one.
int give_password(char* into, int size, int, void* from) {
    auto& given = *static_cast<given_password*>(from);
    given.asked = true;
    if (!*given.password || (*given.password)->size() > static_cast<std::size_t>(size)) {
        return -1;
    }
    std::memcpy(into, (*given.password)->data(), (*given.password)->size());
    return static_cast<int>((*given.password)->size());
}

error about(std::string_view option, const std::string& path, std::string_view what) {
    return {errc::tls_failed, std::string(option) + ' ' + path + ": " + std::string(what)};
}

error with_reason(std::string_view option, const std::string& path, std::string_view what) {
    return about(option, path, std::string(what) + " (" + take_openssl_reason() + ')');
}

error read(file_bytes& bytes, std::string_view option, const std::string& path) {
    if (const int failed = bytes.read(path); failed != 0) {
        return {errc::tls_failed, std::string(option) + ' ' + path + ": it cannot be read",
                error(std::error_code(failed, std::system_category()))};
    }
    return {};
}

certificate_ptr next_certificate(BIO& from) {
    given_password none;
    const std::optional<std::string> nothing;
    none.password = &nothing;
    return certificate_ptr(PEM_read_bio_X509(&from, nullptr, &give_password, &none));
}

/// Whether reading stopped because there is no more, and not at something malformed.
bool at_end() noexcept {
    const auto last = ERR_peek_last_error();
    const bool end = last == 0 || (ERR_GET_LIB(last) == ERR_LIB_PEM &&
                                   ERR_GET_REASON(last) == PEM_R_NO_START_LINE);
    if (end) {
        ERR_clear_error();
    }
    return end;
}

error load_authorities(SSL_CTX& into, const std::string& path) {
    constexpr std::string_view option = "tlsCAFile";
    file_bytes bytes;
    if (auto failed = read(bytes, option, path)) {
        return failed;
    }
    const auto from = bytes.open();
    X509_STORE* const trusted = SSL_CTX_get_cert_store(&into);
    std::size_t count = 0;
    while (const auto one = from ? next_certificate(*from) : nullptr) {
        if (X509_STORE_add_cert(trusted, one.get()) != 1) {
            return with_reason(option, path, "a certificate in it cannot be used");
        }
        ++count;
    }
    if (!at_end()) {
        return with_reason(option, path, "a certificate in it is malformed");
    }
    return count != 0 ? error() : about(option, path, "there is no certificate in it");
}

error load_key(SSL_CTX& into, const file_bytes& bytes, const std::string& path,
               const std::optional<std::string>& password) {
    constexpr std::string_view option = "tlsCertificateKeyFile";
    const auto from = bytes.open();
    given_password given;
    given.password = &password;
    const key_ptr key(from ? PEM_read_bio_PrivateKey(from.get(), nullptr, &give_password, &given)
                           : nullptr);
    if (!key) {
        ERR_clear_error();
        return about(option, path,
                     !given.asked ? "there is no private key in it"
                     : password   ? "tlsCertificateKeyFilePassword is not its key's password"
                                : "its key is encrypted: tlsCertificateKeyFilePassword is needed");
    }
    if (SSL_CTX_use_PrivateKey(&into, key.get()) != 1 || SSL_CTX_check_private_key(&into) != 1) {
        return with_reason(option, path, "its key is not that of its certificate");
    }
    return {};
}

error load_identity(SSL_CTX& into, const std::string& path,
                    const std::optional<std::string>& password) {
    constexpr std::string_view option = "tlsCertificateKeyFile";
    file_bytes bytes;
    if (auto failed = read(bytes, option, path)) {
        return failed;
    }
    const auto from = bytes.open();
    const auto own = from ? next_certificate(*from) : nullptr;
    if (!own) {
        return at_end() ? about(option, path, "there is no certificate in it")
                        : with_reason(option, path, "its certificate is malformed");
    }
    if (SSL_CTX_use_certificate(&into, own.get()) != 1) {
        return with_reason(option, path, "its certificate cannot be used");
    }
    while (const auto more = next_certificate(*from)) {
        if (SSL_CTX_add1_chain_cert(&into, more.get()) != 1) {
            return with_reason(option, path, "a certificate in it cannot be used");
        }
    }
    if (!at_end()) {
        return with_reason(option, path, "a certificate in it is malformed");
    }
    return load_key(into, bytes, path, password);
}

bool is_given(const tls_options& options, std::string_view name) noexcept {
    using truth = std::optional<bool>;
    static constexpr std::pair<std::string_view, truth tls_options::*> all[] = {
        {"tlsInsecure", &tls_options::insecure},
        {"tlsAllowInvalidCertificates", &tls_options::allow_invalid_certificates},
        {"tlsAllowInvalidHostnames", &tls_options::allow_invalid_hostnames},
        {"tlsDisableOCSPEndpointCheck", &tls_options::disable_ocsp_endpoint_check},
        {"tlsDisableCertificateRevocationCheck",
         &tls_options::disable_certificate_revocation_check},
    };
    return std::ranges::any_of(all, [&](const auto& one) {
        return one.first == name && (options.*one.second).has_value();
    });
}

/// What a connection string is refused for is refused of a program, too: else the laxer of two that
/// contradict each other would count.
error check_conflicts(const tls_options& options) {
    for (const auto& [one, other] : detail::tls_conflicts) {
        if (is_given(options, one) && is_given(options, other)) {
            return {errc::invalid_argument,
                    std::string(one) + " and " + std::string(other) + " exclude each other"};
        }
    }
    return {};
}

/// Nothing older, and nothing that the system's configuration has ruled out: its MinProtocol, which
/// a new context comes with, may be higher.
bool demand_tls_1_2(SSL_CTX& of) noexcept {
    return SSL_CTX_get_min_proto_version(&of) >= TLS1_2_VERSION ||
           SSL_CTX_set_min_proto_version(&of, TLS1_2_VERSION) == 1;
}

}  // namespace

context::~context() {
    SSL_CTX_free(context_);
    BIO_meth_free(bio_method_);
}

result<std::shared_ptr<context>> context::make(const tls_options& options) {
    if (auto conflict = check_conflicts(options)) {
        return conflict;
    }
    ERR_clear_error();
    std::shared_ptr<context> made(new context);
    if (auto failed = made->configure(options)) {
        return failed;
    }
    return made;
}

error context::configure(const tls_options& options) {
    bio_method_ = engine::make_bio_method();
    context_ = SSL_CTX_new(TLS_client_method());
    if (bio_method_ == nullptr || context_ == nullptr || !demand_tls_1_2(*context_)) {
        return {errc::tls_failed, "OpenSSL cannot be set up (" + take_openssl_reason() + ')'};
    }
    // Neither compresses nor renegotiates: both have been attacked, and no server needs them.
    SSL_CTX_set_options(context_, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // A connection that is idle holds no buffers of OpenSSL's.
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context_,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);

    const bool insecure = options.insecure.value_or(false);
    verifies_ = !insecure && !options.allow_invalid_certificates.value_or(false);
    verifies_host_ = verifies_ && !options.allow_invalid_hostnames.value_or(false);
    const bool revocation =
        verifies_ && !options.disable_certificate_revocation_check.value_or(false);
    SSL_CTX_set_verify(context_, verifies_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    // Whoever is named in tlsCAFile is trusted, whether it is a root or below one.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_), X509_V_FLAG_PARTIAL_CHAIN);
    engine::set_callbacks(*context_, revocation);

    if (options.ca_file) {
        if (auto failed = load_authorities(*context_, *options.ca_file)) {
            return failed;
        }
    } else if (verifies_ && SSL_CTX_set_default_verify_paths(context_) != 1) {
        return {errc::tls_failed,
                "the system's authorities cannot be read (" + take_openssl_reason() + ')'};
    }
    if (options.certificate_key_file) {
        if (auto failed = load_identity(*context_, *options.certificate_key_file,
                                        options.certificate_key_file_password)) {
            return failed;
        }
    }
    ERR_clear_error();
    return {};
}

}  // namespace mongoro::tls
