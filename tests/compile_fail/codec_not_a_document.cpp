// expect: mongoro: this type is a BSON value but no document
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

#ifdef SHOULD_FAIL
using record = int;
#else
struct record {
    int number;
};
#endif

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
