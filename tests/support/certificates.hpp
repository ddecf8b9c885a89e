#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

/// What a certificate says. Times are from now.
struct certificate_options {
    std::string name = "localhost";                                 ///< its subject's common name
    std::string alternative = "DNS:localhost,IP:127.0.0.1,IP:::1";  ///< empty: no alternative name
    std::chrono::seconds from{-3600};
    std::chrono::seconds until{3600 * 24};
    bool authority = false;
    bool must_staple = false;
    bool signs_ocsp = false;
};

/// A certificate and its key, made when the test runs. Copies share them.
class identity {
 public:
    /// Signs itself.
    [[nodiscard]] static identity authority(const std::string& name = "test authority");
    [[nodiscard]] static identity self_signed(const certificate_options& options = {});
    [[nodiscard]] identity issue(const certificate_options& options = {}) const;

    [[nodiscard]] X509* certificate() const noexcept { return certificate_.get(); }
    [[nodiscard]] EVP_PKEY* key() const noexcept { return key_.get(); }
    [[nodiscard]] std::string certificate_pem() const;
    /// Encrypted if the password is not empty.
    [[nodiscard]] std::string key_pem(std::string_view password = {}) const;

 private:
    identity() = default;
    static identity make(const certificate_options& options, const identity* issuer);

    std::shared_ptr<X509> certificate_;
    std::shared_ptr<EVP_PKEY> key_;
};

/// What an OCSP response says.
struct ocsp_options {
    enum class status { good, revoked, unknown };
    status says = status::good;
    std::chrono::seconds from{-3600};
    std::chrono::seconds until{3600};
    bool try_later = false;  ///< not an answer at all
};

/// The response about `subject`, which `issuer` issued, signed by `signer`.
[[nodiscard]] std::vector<std::uint8_t> ocsp_response(const identity& subject,
                                                      const identity& issuer,
                                                      const identity& signer,
                                                      const ocsp_options& options = {});

/// A folder of files that are gone with it.
class temporary_files {
 public:
    temporary_files();
    temporary_files(const temporary_files&) = delete;
    temporary_files& operator=(const temporary_files&) = delete;
    ~temporary_files();

    /// Its path.
    std::string write(const std::string& name, std::string_view text);
    [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

 private:
    std::string folder_;
};

}  // namespace mongoro::test
