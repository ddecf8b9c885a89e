#pragma once

#include <mongoro/log.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace mongoro::monitoring {

inline constexpr std::size_t component_count = 5;
inline constexpr std::size_t default_max_document_length = 1000;

/// `std::getenv`, or a test's stand-in.
using environment = std::function<const char*(const char* name)>;

/// What a client's options and the environment come to.
struct log_settings {
    std::array<log_level, component_count> levels{};  ///< by `log_component`
    std::size_t max_document_length = default_max_document_length;
    std::string path;                   ///< empty: stderr
    bool path_is_an_option = false;     ///< not out of the environment: a wrong one is an error
    std::vector<std::string> warnings;  ///< about the environment's values, without these

    [[nodiscard]] bool logs_anything() const noexcept;
};

/// The options beat the environment, which is not read for what they say. No I/O.
[[nodiscard]] log_settings resolve(const log_options& options, const environment& env);

}  // namespace mongoro::monitoring
