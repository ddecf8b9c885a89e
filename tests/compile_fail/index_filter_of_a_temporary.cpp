// expect: mongoro: an index_model only looks at its documents
#include <mongoro/bson/build.hpp>
#include <mongoro/options/admin.hpp>

#include <cstddef>

std::size_t use(const mongoro::document& keys) {
    const mongoro::document adults = mongoro::doc({"age", 18});
#ifdef SHOULD_FAIL
    const mongoro::index_model model{.keys = keys,
                                     .partial_filter_expression = mongoro::document(adults)};
#else
    const mongoro::index_model model{.keys = keys, .partial_filter_expression = adults};
#endif
    return model.partial_filter_expression->size();
}
