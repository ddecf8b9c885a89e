#include "tls/session_cache.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace mongoro::tls {

namespace {

bool still_good(const SSL_SESSION& s) noexcept {
    return SSL_SESSION_is_resumable(&s) == 1 &&
           SSL_SESSION_get_time(&s) + SSL_SESSION_get_timeout(&s) > std::time(nullptr);
}

}  // namespace

void session_closer::operator()(SSL_SESSION* s) const noexcept {
    SSL_SESSION_free(s);
}

void session_cache::add(std::string_view server, session_ptr session) {
    const auto same = [&](const entry& e) { return e.server == server; };
    if (static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), same)) >=
        most_of_one) {
        entries_.erase(std::find_if(entries_.begin(), entries_.end(), same));
    } else if (entries_.size() >= most) {
        entries_.erase(entries_.begin());
    }
    entries_.push_back({std::string(server), std::move(session)});
}

session_ptr session_cache::take(std::string_view server) noexcept {
    for (std::size_t i = entries_.size(); i-- > 0;) {
        if (entries_[i].server != server) {
            continue;
        }
        const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(i);
        if (!still_good(*at->session)) {
            entries_.erase(at);
            continue;
        }
        if (SSL_SESSION_get_protocol_version(at->session.get()) >= TLS1_3_VERSION) {
            session_ptr taken = std::move(at->session);
            entries_.erase(at);
            return taken;
        }
        SSL_SESSION_up_ref(at->session.get());
        return session_ptr(at->session.get());
    }
    return nullptr;
}

void session_cache::remove(std::string_view server) noexcept {
    std::erase_if(entries_, [&](const entry& e) { return e.server == server; });
}

}  // namespace mongoro::tls
