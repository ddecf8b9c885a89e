#pragma once

#include <mongoro/options/uri.hpp>
#include <mongoro/result.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::detail {

/// What the options of a connection string have said so far.
struct option_values {
    uri_options options;
    // For the credential, which needs the user and the database as well.
    std::optional<std::string> auth_mechanism;
    std::optional<std::vector<std::pair<std::string, std::string>>> auth_properties;
    std::optional<std::string> gssapi_service_name;

    std::vector<std::string> warnings;
    error failed;  ///< of a value that is an error and not only left out
};

/// One option of the URI options specification: a row of the table.
struct uri_option {
    enum class repeated : std::uint8_t {
        warns,      ///< the last valid one counts
        adds,       ///< a list
        conflicts,  ///< an error
    };

    std::string_view name;
    /// What a value must be, for the warning about one that is not.
    std::string_view wants;
    /// Sets what the option is for; false for a value that is none.
    bool (*read)(option_values& out, const uri_option& option, std::string_view value);
    repeated when_repeated = repeated::warns;
    /// The new name of an option that has got one.
    std::string_view replaced_by = {};
};

/// All of them.
[[nodiscard]] std::span<const uri_option> uri_option_table() noexcept;
/// Null for a name that is in no row; letters' case does not matter.
[[nodiscard]] const uri_option* find_uri_option(std::string_view name) noexcept;

/// The options of a connection string, read by the table, and which of them stood there: valid ones
/// and those that were left out.
class option_reader {
 public:
    /// Errors: `errc::invalid_uri`, see `split_options`, and for a repetition that conflicts.
    [[nodiscard]] result<void> read(std::string_view text);

    [[nodiscard]] bool appears(std::string_view name) const noexcept;
    [[nodiscard]] option_values& values() noexcept { return values_; }

 private:
    option_values values_;
    std::vector<const uri_option*> seen_;
};

/// What no two options may say together. `errc::invalid_uri` with the rule.
///
/// The first by the mere presence of options in the string; the second by their values, and so
/// again when DNS has added to them.
[[nodiscard]] error check_presence(const option_reader& given, bool srv);
[[nodiscard]] error check_values(const uri_options& options, std::size_t hosts, bool srv);

}  // namespace mongoro::detail
