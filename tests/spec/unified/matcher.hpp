#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/value_view.hpp>

#include <string>
#include <string_view>

namespace mongoro::spec::unified {

/// What the names in expected values stand for. Each throws `test_failure` for a name that is none,
/// or of something else; `skip_test` for what cannot be made yet.
class named_values {
 public:
    named_values() = default;
    named_values(const named_values&) = delete;
    named_values& operator=(const named_values&) = delete;
    virtual ~named_values() = default;

    [[nodiscard]] virtual bson::value_view value(std::string_view name) const = 0;
    /// The logical session id of a session.
    [[nodiscard]] virtual bson::document_view session_id(std::string_view name) const = 0;
};

/// The matching language of the unified test format ("Evaluating Matches").
class matcher {
 public:
    /// Whether a document may have more fields than are expected of it.
    enum class level : bool { root, nested };

    /// `names` must outlive it; null if nothing has a name.
    explicit matcher(const named_values* names = nullptr) noexcept : names_(names) {}

    /// Why `actual`, which may be missing, is not what is expected; empty if it is. Throws
    /// `test_failure` for an operator that is not one of the format, or is used wrongly.
    [[nodiscard]] std::string mismatch(const bson::value_view& expected,
                                       const bson::value_view& actual,
                                       level at = level::nested) const;
    [[nodiscard]] std::string mismatch(bson::document_view expected, bson::document_view actual,
                                       level at) const;
    /// The same for an array whose documents are roots each, such as what a `find` gave.
    [[nodiscard]] std::string mismatch_each(const bson::value_view& expected,
                                            const bson::value_view& actual) const;

 private:
    [[nodiscard]] std::string of_operator(std::string_view name, const bson::value_view& operand,
                                          const bson::value_view& actual, level at) const;
    [[nodiscard]] std::string of_array(const bson::value_view& expected,
                                       const bson::value_view& actual, level elements) const;

    const named_values* names_;
};

/// Why two documents are not the same, types included, apart from the order of their keys; empty if
/// they are.
[[nodiscard]] std::string difference(const bson::value_view& a, const bson::value_view& b);
[[nodiscard]] std::string difference(bson::document_view a, bson::document_view b);

/// The value as JSON, shortened if it is long.
[[nodiscard]] std::string shown(const bson::value_view& value);
[[nodiscard]] std::string shown(bson::document_view value);

}  // namespace mongoro::spec::unified
