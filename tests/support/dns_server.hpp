#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace mongoro::test {

/// A name server of the tests' own on 127.0.0.1, UDP and TCP on one fresh port, with a zone that
/// may change while it runs. What is not in the zone does not exist (NXDOMAIN). More than 512 bytes
/// are truncated on UDP. A thread of its own; every function may be called from any.
class dns_server {
 public:
    enum class type : std::uint16_t { a = 1, cname = 5, txt = 16, aaaa = 28, srv = 33 };
    /// What it does when a name is asked for.
    enum class manner {
        answer,
        refuse,
        fail,         ///< SERVFAIL
        keep_silent,  ///< on UDP and TCP
        truncate,     ///< on UDP, however short
        babble,       ///< a right header, and nothing behind it that is one
        other_id,     ///< the answer to another question
    };

    dns_server();
    dns_server(const dns_server&) = delete;
    dns_server& operator=(const dns_server&) = delete;
    ~dns_server();

    /// As `client_options::dns_servers` has it.
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    dns_server& a(std::string_view name, std::string_view address);
    dns_server& aaaa(std::string_view name, std::string_view address);
    dns_server& cname(std::string_view name, std::string_view target);
    dns_server& srv(std::string_view name, std::uint16_t port, std::string_view target,
                    std::uint32_t ttl = 86400);
    /// One record of one or several strings.
    dns_server& txt(std::string_view name, const std::vector<std::string>& strings);
    dns_server& raw(std::string_view name, type of, std::vector<std::uint8_t> data,
                    std::uint32_t ttl = 86400);
    /// Takes the records of a name away; it exists no more.
    dns_server& remove(std::string_view name);
    dns_server& behave(std::string_view name, manner how);
    /// For one type of a name only, before what is said of the name.
    dns_server& behave(std::string_view name, type of, manner how);
    /// Each answer for this name comes so late.
    dns_server& delay(std::string_view name, std::chrono::milliseconds by);
    /// For one type of a name only, before what is said of the name.
    dns_server& delay(std::string_view name, type of, std::chrono::milliseconds by);

    /// How often a name was asked for, whatever the type.
    [[nodiscard]] std::size_t asked(std::string_view name) const;
    [[nodiscard]] std::size_t asked(std::string_view name, type of) const;
    [[nodiscard]] std::size_t tcp_queries() const;

 private:
    struct record {
        type of;
        std::uint32_t ttl;
        std::vector<std::uint8_t> data;
    };
    struct question {
        std::uint16_t id = 0;
        std::string name;
        std::uint16_t of = 0;
        std::vector<std::uint8_t> bytes;  ///< as it stood in the query
    };
    struct late_answer {
        std::chrono::steady_clock::time_point when;
        std::vector<std::uint8_t> bytes;
        std::uint32_t to_address;
        std::uint16_t to_port;
    };
    enum class transport { udp, tcp };

    void run();
    void receive_udp();
    /// False: it is over.
    bool serve_tcp(int fd, std::vector<std::uint8_t>& got);
    void send_late();
    [[nodiscard]] static bool parse(std::span<const std::uint8_t> query, question& into);
    /// Empty: no answer.
    [[nodiscard]] std::vector<std::uint8_t> answer(const question& q, transport by);
    [[nodiscard]] manner manner_of(const question& q) const;
    [[nodiscard]] std::chrono::milliseconds delay_of(const question& q) const;
    [[nodiscard]] bool exists(const std::string& name) const;

    int udp_ = -1;
    int tcp_ = -1;
    int stop_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::multimap<std::string, record> zone_;
    std::map<std::string, manner> manners_;
    std::map<std::pair<std::string, type>, manner> type_manners_;
    std::map<std::string, std::chrono::milliseconds> delays_;
    std::map<std::pair<std::string, type>, std::chrono::milliseconds> type_delays_;
    std::map<std::pair<std::string, std::uint16_t>, std::size_t> asked_;
    std::size_t tcp_queries_ = 0;
    std::vector<late_answer> late_;                             // the thread's own
    std::map<int, std::vector<std::uint8_t>> tcp_connections_;  // and what came in on them
    std::thread thread_;
};

}  // namespace mongoro::test
