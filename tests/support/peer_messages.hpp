#pragma once

#include <mongoro/bson/document.hpp>
#include <mongoro/options/uri.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mongoro::test {

/// A command as it came, in bytes of its own.
struct received_command {
    std::size_t connection = 0;
    std::int32_t request_id = 0;
    std::uint32_t flags = 0;
    std::optional<compressor>
        compressed{};  ///< what its OP_COMPRESSED was made with, if it had one
    std::string name;  ///< the body's first key
    bson::document body;
    std::map<std::string, std::vector<bson::document>> sequences;

    [[nodiscard]] std::string database() const;
};

/// How a reply differs from a right one.
struct reply_options {
    std::uint32_t flags = 0;                    ///< besides those that the script sets itself
    std::optional<std::int32_t> response_to{};  ///< instead of the request's id
    bool checksum = false;
    bool wrong_checksum = false;
    /// Compressed with this, whatever was negotiated. By default as mongod does it: like the
    /// request.
    std::optional<compressor> compress_with{};
    bool never_compress = false;
};

/// "hello" for each of its spellings, every other name as it is.
[[nodiscard]] std::string normal_name(const std::string& name);
/// Why the OP_MSG cannot be read; empty if it can.
[[nodiscard]] std::string read_command(std::span<const std::uint8_t> message,
                                       received_command& out);
/// The reply as an OP_MSG.
[[nodiscard]] std::vector<std::uint8_t> encode_reply(const std::vector<std::uint8_t>& body,
                                                     std::int32_t id, std::int32_t response_to,
                                                     const reply_options& options);

}  // namespace mongoro::test
