#include "dns/answer.hpp"

#include "dns/cares.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace mongoro::dns {

namespace {

constexpr std::uint16_t class_in = 1;
constexpr std::size_t header_size = 12;

error malformed(std::string_view what) {
    return {errc::name_resolution_failed, "malformed answer: " + std::string(what)};
}

struct string_free {
    void operator()(char* text) const noexcept { ares_free_string(text); }
};

/// A position in a message. Reading past its end gives zeros, and `failed()`.
class reader {
 public:
    explicit reader(std::span<const std::uint8_t> message) noexcept : message_(message) {}

    [[nodiscard]] bool failed() const noexcept { return failed_; }

    std::uint16_t u16() noexcept {
        const auto bytes = take(2);
        return bytes.empty() ? std::uint16_t{0}
                             : static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
    }
    std::uint32_t u32() noexcept {
        const std::uint32_t high = u16();
        return high << 16U | u16();
    }
    std::span<const std::uint8_t> take(std::size_t size) noexcept {
        if (size > message_.size() - at_) {
            failed_ = true;
            at_ = message_.size();
            return {};
        }
        const auto bytes = message_.subspan(at_, size);
        at_ += size;
        return bytes;
    }
    /// Passes over a name; what a pointer of its points at is not looked at.
    void skip_name() noexcept {
        for (;;) {
            const auto length = take(1);
            if (length.empty() || length[0] == 0) {
                return;
            }
            if (length[0] >= 0xC0) {
                take(1);
                return;
            }
            if (length[0] > 63) {
                failed_ = true;
                return;
            }
            take(length[0]);
        }
    }

 private:
    std::span<const std::uint8_t> message_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

struct record {
    std::uint16_t type;
    std::chrono::seconds ttl;
    std::span<const std::uint8_t> data;
};

/// Calls `each(record)` for every answer of class IN until it gives an error.
template <typename Each>
error for_each_answer(std::span<const std::uint8_t> message, Each each) {
    if (message.size() < header_size) {
        return malformed("shorter than its header");
    }
    reader in(message);
    in.take(4);
    const auto questions = in.u16();
    const auto answers = in.u16();
    in.take(4);
    for (unsigned i = 0; i < questions && !in.failed(); ++i) {
        in.skip_name();
        in.take(4);
    }
    for (unsigned i = 0; i < answers && !in.failed(); ++i) {
        in.skip_name();
        record r{};
        r.type = in.u16();
        const auto of_class = in.u16();
        const auto ttl = in.u32();
        // RFC 2181, section 8: one whose top bit is set is none.
        r.ttl = std::chrono::seconds(ttl >= 0x80000000U ? 0U : ttl);
        r.data = in.take(in.u16());
        if (in.failed()) {
            break;
        }
        if (of_class == class_in) {
            if (auto e = each(r)) {
                return e;
            }
        }
    }
    return in.failed() ? malformed("shorter than it says") : error();
}

bool is_host_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// A name in lower case, as c-ares writes it; empty for the root. Nothing for one that is
/// malformed.
std::optional<std::string> read_name(std::span<const std::uint8_t> message,
                                     std::span<const std::uint8_t> at) {
    if (at.empty()) {
        return std::nullopt;
    }
    char* expanded = nullptr;
    long encoded = 0;
    if (ares_expand_name(at.data(), message.data(), static_cast<int>(message.size()), &expanded,
                         &encoded) != ARES_SUCCESS) {
        return std::nullopt;
    }
    const std::unique_ptr<char, string_free> owned(expanded);
    if (static_cast<std::size_t>(encoded) != at.size()) {
        return std::nullopt;
    }
    std::string host(expanded);
    for (auto& c : host) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return host;
}

std::string_view fault_of(const srv_record& r) noexcept {
    // An escaped dot inside of a label would pass for one between labels.
    return !std::ranges::all_of(r.host, is_host_character)
               ? "the target of an SRV record is no host name"
           : r.port == 0 ? "the port of an SRV record is 0"
                         : "";
}

}  // namespace

result<std::vector<srv_record>> parse_srv(std::span<const std::uint8_t> message) {
    constexpr std::uint16_t type_srv = 33;
    std::vector<srv_record> found;
    auto failed = for_each_answer(message, [&](const record& r) -> error {
        if (r.type != type_srv) {
            return {};
        }
        if (r.data.size() < 7) {
            return malformed("an SRV record is too short");
        }
        auto host = read_name(message, r.data.subspan(6));
        if (!host) {
            return malformed("the target of an SRV record is no name");
        }
        if (host->empty()) {
            return {};  // RFC 2782: no such service here
        }
        const auto port = static_cast<std::uint16_t>(r.data[4] << 8U | r.data[5]);
        found.push_back({std::move(*host), port, r.ttl});
        found.back().fault = fault_of(found.back());
        return {};
    });
    if (failed) {
        return failed;
    }
    return found;
}

result<std::vector<std::string>> parse_txt(std::span<const std::uint8_t> message) {
    constexpr std::uint16_t type_txt = 16;
    std::vector<std::string> found;
    auto failed = for_each_answer(message, [&](const record& r) -> error {
        if (r.type != type_txt) {
            return {};
        }
        std::string text;
        for (auto rest = r.data; !rest.empty();) {
            const std::size_t size = rest[0];
            if (size > rest.size() - 1) {
                return malformed("a string of a TXT record is too long");
            }
            text.append(reinterpret_cast<const char*>(rest.data()) + 1, size);
            rest = rest.subspan(1 + size);
        }
        found.push_back(std::move(text));
        return {};
    });
    if (failed) {
        return failed;
    }
    return found;
}

}  // namespace mongoro::dns
