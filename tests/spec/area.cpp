#include "area.hpp"

#include <array>
#include <iostream>

namespace mongoro::spec {

std::span<const area_entry> built_areas() {
    static constexpr std::array<area_entry, 16> areas{{
        {"bson-corpus", make_bson_corpus},
        {"bson-binary-vector", make_bson_binary_vector},
        {"connection-monitoring-and-pooling", make_connection_monitoring_and_pooling},
        {"max-staleness", make_server_selection},
        {"server-discovery-and-monitoring", make_server_discovery_and_monitoring},
        {"server-selection", make_server_selection},
        {"connection-string", make_connection_string},
        {"uri-options", make_connection_string},
        {"auth", make_auth},
        {"initial-dns-seedlist-discovery", make_initial_dns_seedlist_discovery},
        {"mongodb-handshake", make_unified},
        {"command-logging-and-monitoring", make_unified},
        {"load-balancers", make_unified},
        {"client-backpressure", make_unified},
        {"client-side-operations-timeout", make_unified},
        {"unified-test-format", make_unified},
    }};
    return areas;
}

bool checks::expect(bool right, std::string_view what) {
    ++made_;
    if (!right) {
        failures_ += failures_.empty() ? "" : "; ";
        failures_ += what;
    }
    return right;
}

outcome checks::result() const noexcept {
    if (!failures_.empty()) {
        return outcome::failed;
    }
    if (!skipped_.empty()) {
        return outcome::skipped;
    }
    return made_ == 0 ? outcome::failed : outcome::passed;
}

std::string checks::reason() const {
    if (!failures_.empty()) {
        return failures_;
    }
    return made_ == 0 && skipped_.empty() ? "the test checks nothing" : skipped_;
}

bool file_run::begin(std::string_view description, const std::string& name) {
    ++tests_;
    if (mode_ == mode::list) {
        std::cout << "    " << name << '\n';
        return false;
    }
    row_ = known_ == nullptr ? nullptr : known_->rows.find(file_, description);
    if (row_ == nullptr && known_ != nullptr && name != description) {
        row_ = known_->rows.find(file_, name);
    }
    wants_several_members_ = row_ != nullptr && row_->kind == exception_kind::deployment;
    if (wants_several_members_) {
        row_ = nullptr;
    }
    if (row_ != nullptr && !known_->check) {
        checks left_out;
        end(name, left_out);
        return false;
    }
    return true;
}

void file_run::end(const std::string& name, const checks& made) {
    auto result = made.result();
    auto reason = made.reason();
    if (row_ != nullptr) {
        const bool out_of_date = known_->check && result == outcome::passed;
        result = out_of_date ? outcome::failed : outcome::skipped;
        reason = out_of_date ? "the exception is out of date: it passes"
                             : "exception, " + std::string(to_string(row_->kind));
    }
    results_.add({file_.area, file_.shown, name, result, std::move(reason)});
}

}  // namespace mongoro::spec
