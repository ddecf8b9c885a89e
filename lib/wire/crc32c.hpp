#pragma once

#include <cstdint>
#include <span>

namespace mongoro::wire {

/// CRC-32C (Castagnoli, reflected 0x82F63B78), the checksum of an OP_MSG.
///
/// To go on over several pieces pass the previous return value as `crc`; 0 starts. Uses the SSE4.2
/// instruction where the processor has it, else a table (8 bytes a step).
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes,
                                   std::uint32_t crc = 0) noexcept;

/// The table form alone, so that a test compares the two on one machine.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<const std::uint8_t> bytes,
                                            std::uint32_t crc = 0) noexcept;

}  // namespace mongoro::wire
