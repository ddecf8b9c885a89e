#pragma once

#include <mongoro/bson/document_view.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec::unified {

/// A connection string taken apart just so far that another one can be made of it.
class uri_text {
 public:
    explicit uri_text(std::string_view text);

    [[nodiscard]] const std::vector<std::string>& hosts() const noexcept { return hosts_; }
    /// Of the first option of that name, letters' case aside; none if it is not given.
    [[nodiscard]] std::optional<std::string> option(std::string_view name) const;
    [[nodiscard]] bool has_credential() const {
        return !user_.empty() || option("authMechanism").has_value();
    }

    void keep_host(std::string_view host) { hosts_.assign(1, std::string(host)); }
    void remove(std::string_view option);
    /// In the place of the option's earlier values.
    void set(std::string_view option, const bson::value_view& value);

    [[nodiscard]] std::string to_string() const;

 private:
    struct pair {
        std::string name;
        std::string value;  // percent-encoded
    };

    std::string scheme_;
    std::string user_;
    std::vector<std::string> hosts_;
    std::string database_;
    std::vector<pair> options_;
};

/// The connection string of a client entity: `base` with the entity's `uriOptions`, which win.
/// A placeholder stands for what `base` has there, and throws `skip_test` where that is nothing.
[[nodiscard]] uri_text client_uri(std::string_view base, bson::document_view entity);

}  // namespace mongoro::spec::unified
