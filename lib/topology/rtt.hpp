#pragma once

#include "topology/server_description.hpp"

#include <array>
#include <chrono>
#include <cstddef>

namespace mongoro::topology {

/// The round trip times of one server: their average, where a new one weighs a fifth, and the least
/// of the last ten.
///
/// Samples are the handshake and the hellos of a monitor that are not awaited. Specs:
/// server-selection, "Calculation of Average Round Trip Times"; server-monitoring, "Measuring RTT".
class rtt {
 public:
    using duration = std::chrono::nanoseconds;

    rtt() noexcept = default;
    /// Goes on from an average.
    explicit rtt(duration average) noexcept : known_{average} {}

    /// A negative one, of a clock that went back, is not taken.
    void add(duration sample) noexcept;
    /// The server is not available any more.
    void reset() noexcept { *this = rtt(); }
    /// Both, for a description.
    [[nodiscard]] round_trip get() const noexcept { return known_; }

 private:
    round_trip known_;
    std::array<duration, 10> last_{};
    std::size_t count_ = 0;
};

}  // namespace mongoro::topology
