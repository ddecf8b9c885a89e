#pragma once

#include "unified/matcher.hpp"
#include "unified/observer.hpp"

#include <mongoro/bson/value.hpp>
#include <mongoro/client.hpp>
#include <mongoro/cursor.hpp>
#include <mongoro/topology_description.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace mongoro::spec::unified {

struct client_entity {
    mongoro::client handle;
    std::shared_ptr<observer> seen;
};

/// A cursor, and the document that making it has fetched already.
struct cursor_entity {
    cursor<> handle;
    std::optional<std::optional<document>> fetched = std::nullopt;
};

/// Operations that run one after the other, beside those of the test.
struct thread_entity {
    std::deque<bson::document_view> waiting;
    bool running = false;
    bool ended = false;   ///< takes no more operations
    std::string failure;  ///< of the first operation that failed
    std::string skipped;  ///< of the first operation that is to be left out
};

/// What this version of the driver has not; a test that uses it is skipped.
struct unbuilt_entity {
    std::string kind;
};

using entity = std::variant<client_entity, database, collection<>, std::shared_ptr<cursor_entity>,
                            std::shared_ptr<thread_entity>, topology_description_ptr, bson::value,
                            unbuilt_entity>;

/// As the format calls it: "collection".
[[nodiscard]] std::string_view kind_of(const entity& e) noexcept;

/// The entities of one test, by their names.
class entity_map final : public named_values {
 public:
    /// Throws `test_failure` if the name is taken.
    void add(std::string_view name, entity value);
    /// Throws `test_failure` if there is none.
    [[nodiscard]] entity& find(std::string_view name);
    [[nodiscard]] const entity& find(std::string_view name) const;
    /// Throws `test_failure` also if it is something else, `skip_test` if it is not built.
    template <typename T>
    [[nodiscard]] T& get(std::string_view name) {
        auto& found = find(name);
        if (auto* const it = std::get_if<T>(&found)) {
            return *it;
        }
        refuse(name, found);
    }

    [[nodiscard]] bson::value_view value(std::string_view name) const override;
    [[nodiscard]] bson::document_view session_id(std::string_view name) const override;

    /// Calls `use` with every entity of the type.
    template <typename T, typename Use>
    void each(Use use) {
        for (auto& [name, e] : all_) {
            if (auto* const it = std::get_if<T>(&e)) {
                use(*it);
            }
        }
    }
    void clear() noexcept { all_.clear(); }

 private:
    [[noreturn]] static void refuse(std::string_view name, const entity& found);

    std::map<std::string, entity, std::less<>> all_;
};

}  // namespace mongoro::spec::unified
