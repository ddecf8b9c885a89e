#include "certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace mongoro::test {

namespace {

void must(bool good, const char* what) {
    if (!good) {
        throw std::runtime_error(what);
    }
}

std::string take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

void add_extension(X509* to, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    must(made != nullptr && X509_add_ext(to, made, -1) == 1, value);
    X509_EXTENSION_free(made);
}

}  // namespace

identity identity::make(const certificate_options& options, const identity* issuer) {
    static std::atomic<long> serial{std::time(nullptr)};
    identity made;
    made.key_.reset(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    made.certificate_.reset(X509_new(), &X509_free);
    X509* const x = made.certificate();
    must(x != nullptr && made.key() != nullptr, "a certificate");
    const identity& by = issuer != nullptr ? *issuer : made;
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), static_cast<long>(options.from.count()));
    X509_gmtime_adj(X509_getm_notAfter(x), static_cast<long>(options.until.count()));
    X509_set_pubkey(x, made.key());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(x, X509_get_subject_name(by.certificate()));
    add_extension(x, by.certificate(), NID_basic_constraints,
                  options.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(x, by.certificate(), NID_subject_key_identifier, "hash");
    if (options.authority) {
        add_extension(x, by.certificate(), NID_key_usage, "critical,keyCertSign,digitalSignature");
    } else if (!options.alternative.empty()) {
        add_extension(x, by.certificate(), NID_subject_alt_name, options.alternative.c_str());
    }
    if (options.must_staple) {
        add_extension(x, by.certificate(), NID_tlsfeature, "status_request");
    }
    if (options.signs_ocsp) {
        add_extension(x, by.certificate(), NID_ext_key_usage, "OCSPSigning");
    }
    must(X509_sign(x, by.key(), EVP_sha256()) != 0, "a signature");
    return made;
}

identity identity::authority(const std::string& name) {
    certificate_options options;
    options.name = name;
    options.authority = true;
    return make(options, nullptr);
}

identity identity::self_signed(const certificate_options& options) {
    return make(options, nullptr);
}

identity identity::issue(const certificate_options& options) const {
    return make(options, this);
}

std::string identity::certificate_pem() const {
    BIO* const bio = BIO_new(BIO_s_mem());
    must(PEM_write_bio_X509(bio, certificate()) == 1, "PEM");
    return take(bio);
}

std::string identity::key_pem(std::string_view password) const {
    BIO* const bio = BIO_new(BIO_s_mem());
    must(PEM_write_bio_PKCS8PrivateKey(bio, key(), password.empty() ? nullptr : EVP_aes_256_cbc(),
                                       password.empty() ? nullptr : password.data(),
                                       static_cast<int>(password.size()), nullptr, nullptr) == 1,
         "PEM");
    return take(bio);
}

std::vector<std::uint8_t> ocsp_response(const identity& subject, const identity& issuer,
                                        const identity& signer, const ocsp_options& options) {
    const std::time_t now = std::time(nullptr);
    ASN1_TIME* const from = ASN1_GENERALIZEDTIME_set(nullptr, now + options.from.count());
    ASN1_TIME* const until = ASN1_GENERALIZEDTIME_set(nullptr, now + options.until.count());
    ASN1_TIME* const revoked = ASN1_GENERALIZEDTIME_set(nullptr, now - 7200);
    OCSP_CERTID* const id =
        OCSP_cert_to_id(EVP_sha1(), subject.certificate(), issuer.certificate());
    OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
    const bool is_revoked = options.says == ocsp_options::status::revoked;
    const int status = is_revoked                                   ? V_OCSP_CERTSTATUS_REVOKED
                       : options.says == ocsp_options::status::good ? V_OCSP_CERTSTATUS_GOOD
                                                                    : V_OCSP_CERTSTATUS_UNKNOWN;
    must(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                                is_revoked ? revoked : nullptr, from, until) != nullptr,
         "an OCSP status");
    must(OCSP_basic_sign(basic, signer.certificate(), signer.key(), EVP_sha256(), nullptr, 0) == 1,
         "an OCSP signature");
    OCSP_RESPONSE* const response = OCSP_response_create(
        options.try_later ? OCSP_RESPONSE_STATUS_TRYLATER : OCSP_RESPONSE_STATUS_SUCCESSFUL,
        options.try_later ? nullptr : basic);
    unsigned char* bytes = nullptr;
    const int size = i2d_OCSP_RESPONSE(response, &bytes);
    must(size > 0, "an OCSP response");
    std::vector<std::uint8_t> made(bytes, bytes + size);
    OPENSSL_free(bytes);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    ASN1_TIME_free(revoked);
    return made;
}

temporary_files::temporary_files() {
    char folder[] = "/tmp/mongoro-test-XXXXXX";
    must(::mkdtemp(folder) != nullptr, "mkdtemp");
    folder_ = folder;
}

temporary_files::~temporary_files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string temporary_files::write(const std::string& name, std::string_view text) {
    const std::string path = folder_ + '/' + name;
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    must(out.good(), "a file");
    return path;
}

}  // namespace mongoro::test
