// expect: mongoro: a struct with a base class has no order of fields
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct base {
    int number;
};
#ifdef SHOULD_FAIL
struct record : base {
    int other;
};
#else
struct record {
    base number;
    int other;
};
#endif

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
