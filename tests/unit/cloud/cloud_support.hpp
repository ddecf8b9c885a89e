#pragma once

#include "backends.hpp"
#include "http_peer.hpp"

#include "cloud/environment.hpp"
#include "cloud/login_channel.hpp"
#include "io/connect.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/reactor.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

using namespace std::chrono_literals;

/// The world around a login: its variables and its clock are here, and every service that it asks
/// is one peer, whatever its address.
struct world {
    explicit world(reactor& r, const http_peer* peer = nullptr);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world();

    [[nodiscard]] cloud::environment surroundings();

    reactor& r;
    std::uint16_t port;                // of the peer; 0: whoever is asked for is asked
    std::vector<std::string> origins;  // whom somebody connected to

    /// There is one world at a time: a lookup is a plain function.
    static inline std::map<std::string, std::string> variables;
    static inline std::chrono::sys_seconds now{std::chrono::seconds(1'700'000'000)};
};

/// A file with this in it, as long as this lives.
class text_file {
 public:
    explicit text_file(std::string_view text);
    text_file(const text_file&) = delete;
    text_file& operator=(const text_file&) = delete;
    ~text_file();
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
    std::string path_;
};

/// The payload of a step of a login, which is a document.
[[nodiscard]] document payload_document(document_view command);
/// The answer to one.
[[nodiscard]] document sasl_answer(bool done, document_view payload);

}  // namespace mongoro::test
