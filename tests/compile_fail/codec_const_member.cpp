// expect: mongoro: a const member cannot be decoded
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
#ifdef SHOULD_FAIL
    const int number = 1;
#else
    int number = 1;
#endif
};

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
