#include "topology/rtt.hpp"

#include <algorithm>

namespace mongoro::topology {

void rtt::add(duration sample) noexcept {
    if (sample < duration::zero()) {
        return;
    }
    // A fifth of the way to it; both differences and times stay far below what a tick count holds.
    known_.average = known_.average ? *known_.average + (sample - *known_.average) / 5 : sample;

    last_[count_ % last_.size()] = sample;
    ++count_;
    if (count_ >= 2) {
        const auto end =
            last_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, last_.size()));
        known_.min = *std::min_element(last_.begin(), end);
    }
}

}  // namespace mongoro::topology
