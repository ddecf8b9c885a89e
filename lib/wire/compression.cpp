#include "wire/compression.hpp"

#include "wire/codecs.hpp"
#include "wire/little_endian.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mongoro::wire {

namespace {

constexpr std::size_t opcode_offset = header_size;
constexpr std::size_t size_offset = header_size + 4;
constexpr std::size_t id_offset = header_size + 8;
// The command's first element: behind header, flags, section kind and the body's length.
constexpr std::size_t first_element = header_size + 4 + 1 + 4;
constexpr std::uint8_t embedded_document = 0x03;

// In the order of `compressor`; the wire's ids are one more, as 0 is "not compressed".
constexpr std::array<std::string_view, 3> names{"snappy", "zlib", "zstd"};

std::uint8_t id_of(compressor method) noexcept {
    return static_cast<std::uint8_t>(static_cast<unsigned>(method) + 1);
}

error malformed(std::string message) {
    return {make_error_code(errc::malformed_message), std::move(message)};
}

// In lower case.
constexpr std::array<std::string_view, 11> never_compressed{
    "hello",      "ismaster",   "saslstart",       "saslcontinue",   "getnonce", "authenticate",
    "createuser", "updateuser", "copydbsaslstart", "copydbgetnonce", "copydb",
};

bool same(std::string_view lower, std::string_view name) noexcept {
    return std::equal(lower.begin(), lower.end(), name.begin(), name.end(), [](char a, char b) {
        return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
}

bool shows_a_secret(std::string_view command) noexcept {
    return std::any_of(never_compressed.begin(), never_compressed.end(),
                       [&](std::string_view lower) { return same(lower, command); });
}

}  // namespace

std::string_view compressor_name(compressor method) noexcept {
    return names[static_cast<std::size_t>(method)];
}

bool is_built(compressor method) noexcept {
    return codecs::is_built(method);
}

compressor_set built_compressors() noexcept {
    compressor_set all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (const auto method = static_cast<compressor>(i); is_built(method)) {
            all.add(method);
        }
    }
    return all;
}

std::vector<compressor> built_of(std::span<const compressor> wanted) {
    std::vector<compressor> out;
    for (const auto method : wanted) {
        if (is_built(method) && std::find(out.begin(), out.end(), method) == out.end()) {
            out.push_back(method);
        }
    }
    return out;
}

std::optional<compressor> choose_compressor(std::span<const compressor> offered,
                                            std::span<const std::string> answer) {
    for (const auto method : offered) {
        if (std::find(answer.begin(), answer.end(), compressor_name(method)) != answer.end()) {
            return method;
        }
    }
    return std::nullopt;
}

bool may_compress(std::span<const std::uint8_t> message) noexcept {
    if (message.size() < first_element + 2 ||
        load_i32(message.data() + 12) != static_cast<std::int32_t>(opcode::msg)) {
        return false;
    }
    // Our own message, so its body is well-formed; a name without its end is refused all the same.
    auto rest = message.subspan(first_element);
    for (int depth = 0; depth < 2; ++depth) {
        const std::uint8_t type = rest[0];
        const auto* const name = reinterpret_cast<const char*>(rest.data()) + 1;
        const void* const nul = std::memchr(name, 0, rest.size() - 1);
        if (nul == nullptr) {
            return false;
        }
        const auto length = static_cast<std::size_t>(static_cast<const char*>(nul) - name);
        if (shows_a_secret({name, length})) {
            return false;
        }
        // As in {explain: {<command>: …}}: the secret would be as much in it.
        if (type != embedded_document || rest.size() < 1 + length + 1 + 4 + 2) {
            break;
        }
        rest = rest.subspan(1 + length + 1 + 4);
    }
    return true;
}

std::size_t compressed_bound(compressor method, std::size_t message_size) noexcept {
    return compressed_header_size + codecs::bound(method, message_size - header_size);
}

std::size_t compress(std::span<const std::uint8_t> message, compressor method, std::int32_t level,
                     std::span<std::uint8_t> out) {
    const auto inside = message.subspan(header_size);
    const std::size_t size =
        codecs::pack(method, level, inside, out.subspan(compressed_header_size));
    if (size == 0) {
        return 0;
    }
    const std::size_t whole = compressed_header_size + size;
    encode_header(out.data(), {.message_length = static_cast<std::int32_t>(whole),
                               .request_id = load_i32(message.data() + 4),
                               .response_to = load_i32(message.data() + 8),
                               .op_code = static_cast<std::int32_t>(opcode::compressed)});
    store_i32(out.data() + opcode_offset, load_i32(message.data() + 12));
    store_i32(out.data() + size_offset, static_cast<std::int32_t>(inside.size()));
    out[id_offset] = id_of(method);
    return whole;
}

result<compressed_message> decode_compressed(std::span<const std::uint8_t> bytes,
                                             compressor_set accepted,
                                             std::int32_t max_message_size) {
    const auto outer = decode_header(bytes, max_message_size, compressed_frames::accepted);
    if (!outer) {
        return outer.error();
    }
    if (outer->op_code != static_cast<std::int32_t>(opcode::compressed) ||
        static_cast<std::size_t>(outer->message_length) != bytes.size()) {
        return malformed("not one OP_COMPRESSED");
    }
    const std::int32_t size = load_i32(bytes.data() + size_offset);
    if (size <= 0) {
        return malformed("an uncompressed size of " + std::to_string(size));
    }
    if (size > max_message_size - static_cast<std::int32_t>(header_size)) {
        return error(make_error_code(errc::message_too_large),
                     std::to_string(size) + " bytes in an OP_COMPRESSED, the limit is " +
                         std::to_string(max_message_size) + " with the header");
    }
    compressed_message out;
    const unsigned id = bytes[id_offset];
    if (id == 0 || id > names.size() || !accepted.has(static_cast<compressor>(id - 1))) {
        return malformed("compressor " + std::to_string(id) + " was not negotiated");
    }
    out.method = static_cast<compressor>(id - 1);

    // The header that the message would have had: it has to hold by the rules for all others.
    std::array<std::uint8_t, header_size> plain{};
    encode_header(plain.data(), {.message_length = size + static_cast<std::int32_t>(header_size),
                                 .request_id = outer->request_id,
                                 .response_to = outer->response_to,
                                 .op_code = load_i32(bytes.data() + opcode_offset)});
    if (load_i32(plain.data() + 12) == static_cast<std::int32_t>(opcode::compressed)) {
        return malformed("an OP_COMPRESSED inside of another");
    }
    const auto inner = decode_header(plain, max_message_size);
    if (!inner) {
        return inner.error();
    }
    out.header = *inner;
    out.payload = bytes.subspan(compressed_header_size);
    if (!codecs::claims(out.method, out.payload, static_cast<std::size_t>(size))) {
        return malformed(std::string(compressor_name(out.method)) + " data that is not of " +
                         std::to_string(size) + " bytes");
    }
    return out;
}

error decompress(const compressed_message& message, std::span<std::uint8_t> out) {
    if (!codecs::unpack(message.method, message.payload, out.subspan(header_size))) {
        return malformed(std::string(compressor_name(message.method)) +
                         " data that is damaged or not of " +
                         std::to_string(out.size() - header_size) + " bytes");
    }
    encode_header(out.data(), message.header);
    return {};
}

}  // namespace mongoro::wire
