// expect: mongoro: an index_model only looks at its documents
#include <mongoro/bson/build.hpp>
#include <mongoro/options/admin.hpp>

#include <cstddef>

std::size_t use() {
#ifdef SHOULD_FAIL
    const mongoro::index_model models[] = {{.keys = mongoro::doc({"a", 1})}};
#else
    const mongoro::document keys = mongoro::doc({"a", 1});
    const mongoro::index_model models[] = {{.keys = keys}, {.keys = keys.view()}};
#endif
    return models[0].keys.size();
}
