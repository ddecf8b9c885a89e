#pragma once

#include "monitoring/logger.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/json.hpp>
#include <mongoro/log.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::test {

/// An environment of a test's own.
inline monitoring::environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
}

/// A record that outlives the call.
struct kept_record {
    log_component component;
    log_level level;
    std::string message;
    document data;
    std::string line;
};

/// A logger that keeps what is written.
class recorder {
 public:
    explicit recorder(log_level level = log_level::debug, log_options options = {}) {
        options.all = options.all.value_or(level);
        options.callback = [records = records_](const log_record& r) {
            records->push_back(
                {r.component, r.level, std::string(r.message), document(r.data), r.to_string()});
        };
        auto made = monitoring::logger::create(options, environment_of({}));
        REQUIRE(made);
        log_ = std::move(*made);
    }

    [[nodiscard]] const monitoring::logger& log() const noexcept { return log_; }
    [[nodiscard]] monitoring::logger take() noexcept { return std::move(log_); }
    [[nodiscard]] const std::vector<kept_record>& records() const noexcept { return *records_; }
    /// The only record since the last call.
    [[nodiscard]] kept_record only() {
        REQUIRE(records_->size() == 1);
        auto one = std::move(records_->front());
        records_->clear();
        return one;
    }

 private:
    std::shared_ptr<std::vector<kept_record>> records_ =
        std::make_shared<std::vector<kept_record>>();
    monitoring::logger log_;
};

}  // namespace mongoro::test
