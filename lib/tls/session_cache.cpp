#include "tls/session_cache.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace mongoro::tls {

namespace {

bool expired(const X509* certificate) noexcept {
    return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0;
}

bool still_good(SSL_SESSION& s) noexcept {
    return SSL_SESSION_is_resumable(&s) == 1 &&
           SSL_SESSION_get_time(&s) + SSL_SESSION_get_timeout(&s) > std::time(nullptr) &&
           !expired(SSL_SESSION_get0_peer(&s));
}

}  // namespace

void session_closer::operator()(SSL_SESSION* s) const noexcept {
    SSL_SESSION_free(s);
}

void session_cache::add(std::string_view server, cached_session session) {
    const auto same = [&](const entry& e) { return e.server == server; };
    if (static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), same)) >=
        most_of_one) {
        entries_.erase(std::find_if(entries_.begin(), entries_.end(), same));
    } else if (entries_.size() >= most) {
        entries_.erase(entries_.begin());
    }
    entries_.push_back({std::string(server), std::move(session)});
}

cached_session session_cache::take(std::string_view server, clock::time_point now) noexcept {
    for (std::size_t i = entries_.size(); i-- > 0;) {
        if (entries_[i].server != server) {
            continue;
        }
        const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(i);
        auto& [session, verified] = at->cached;
        if (now - verified >= longest || !still_good(*session)) {
            entries_.erase(at);
            continue;
        }
        if (SSL_SESSION_get_protocol_version(session.get()) >= TLS1_3_VERSION) {
            cached_session taken = std::move(at->cached);
            entries_.erase(at);
            return taken;
        }
        SSL_SESSION_up_ref(session.get());
        return {session_ptr(session.get()), verified};
    }
    return {};
}

void session_cache::remove(std::string_view server) noexcept {
    std::erase_if(entries_, [&](const entry& e) { return e.server == server; });
}

}  // namespace mongoro::tls
