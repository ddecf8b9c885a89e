#include "unified/entities.hpp"

#include "unified/failure.hpp"

#include <array>

namespace mongoro::spec::unified {

std::string_view kind_of(const entity& e) noexcept {
    constexpr std::array<std::string_view, 7> kinds{
        "client", "database", "collection", "cursor", "thread", "topologyDescription", "value"};
    if (const auto* const unbuilt = std::get_if<unbuilt_entity>(&e)) {
        return unbuilt->kind;
    }
    return kinds[e.index()];
}

void entity_map::add(std::string_view name, entity value) {
    if (!all_.try_emplace(std::string(name), std::move(value)).second) {
        throw test_failure("there are two entities " + std::string(name));
    }
}

entity& entity_map::find(std::string_view name) {
    const auto found = all_.find(name);
    if (found == all_.end()) {
        throw test_failure("there is no entity " + std::string(name));
    }
    return found->second;
}

const entity& entity_map::find(std::string_view name) const {
    return const_cast<entity_map&>(*this).find(name);
}

void entity_map::refuse(std::string_view name, const entity& found) {
    if (const auto* const unbuilt = std::get_if<unbuilt_entity>(&found)) {
        throw skip_test("entity not built: " + unbuilt->kind);
    }
    throw test_failure("the entity " + std::string(name) + " is a " + std::string(kind_of(found)));
}

bson::value_view entity_map::value(std::string_view name) const {
    const auto& found = find(name);
    const auto* const it = std::get_if<bson::value>(&found);
    if (it == nullptr) {
        refuse(name, found);
    }
    return it->view();
}

bson::document_view entity_map::session_id(std::string_view name) const {
    refuse(name, find(name));
}

}  // namespace mongoro::spec::unified
