#pragma once

#include <mongoro/bson/document_view.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mongoro::spec::unified {

/// The newest minor version of the format that is read; its major version is 1.
inline constexpr unsigned newest_minor_version = 28;

/// A server's or the format's version, as far as it is compared.
struct version {
    unsigned parts[3] = {0, 0, 0};
    friend auto operator<=>(const version&, const version&) = default;
};
/// Reads `1`, `1.2` or `1.2.3`, and nothing of what follows a further part.
[[nodiscard]] std::optional<version> parse_version(std::string_view text);

/// Why the file is not of the format (schema-1.28.json), with the path of what is wrong; empty if
/// it is. Says nothing of the arguments of operations.
[[nodiscard]] std::string schema_violation(bson::document_view file);
/// The same for one element of `createEntities`, which an operation can create as well.
[[nodiscard]] std::string entity_violation(bson::document_view entity);
/// … for one expected event, of whichever type, which an operation can wait for
[[nodiscard]] std::string event_violation(bson::document_view event);
/// … and for one operation, which a thread can run.
[[nodiscard]] std::string operation_violation(bson::document_view operation);

/// Why a file of this version cannot be run; empty if it can.
[[nodiscard]] std::string version_problem(std::string_view schema_version);

}  // namespace mongoro::spec::unified
