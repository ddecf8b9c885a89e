#include "operation/read_preference.hpp"

namespace mongoro::operation {

namespace {

void append(bson::writer& body, const read_preference& preference) {
    body.begin_document("$readPreference");
    body.append("mode", to_string(preference.mode));
    if (!preference.tag_sets.empty()) {
        body.append("tags", preference.tag_sets);
    }
    if (preference.has_max_staleness()) {
        body.append("maxStalenessSeconds",
                    static_cast<std::int64_t>(preference.max_staleness->count()));
    }
    if (preference.hedge) {
        body.begin_document("hedge");
        body.append("enabled", *preference.hedge);
        body.end();
    }
    body.end();
}

}  // namespace

topology::selection_criteria criteria_of(const wire::command& c) {
    topology::selection_criteria criteria;
    criteria.operation = c.what() == wire::command::kind::write ? topology::operation_kind::write
                                                                : topology::operation_kind::read;
    criteria.writes = c.what() == wire::command::kind::write_anywhere;
    if (c.settings() != nullptr) {
        criteria.preference = c.settings()->preference();
    }
    return criteria;
}

[[gnu::hot]] void append_read_preference(wire::command& c, topology_type topology,
                                         server_type server) {
    if (c.what() == wire::command::kind::write || server == server_type::standalone) {
        return;
    }
    read_preference preference;
    if (c.settings() != nullptr) {
        preference = c.settings()->preference();
    }
    if (preference.mode == read_mode::primary) {
        // A member that is asked directly answers whatever it is.
        if (topology != topology_type::single || server == server_type::mongos) {
            return;
        }
        preference.mode = read_mode::primary_preferred;
    }
    append(c.body(), preference);
}

}  // namespace mongoro::operation
