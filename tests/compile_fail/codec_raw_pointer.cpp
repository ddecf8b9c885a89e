// expect: mongoro: a raw pointer has no BSON form
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
    int number;
#ifdef SHOULD_FAIL
    int* pointer;
#else
    std::optional<int> pointer;
#endif
};

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
