// expect: mongoro: this type has no BSON form (of characters use
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
#ifdef SHOULD_FAIL
    char letter;
#else
    signed char letter;
#endif
};

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
