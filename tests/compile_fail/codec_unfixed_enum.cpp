// expect: mongoro: a number from outside may be none of an enumeration's values
#include <mongoro/bson/codec.hpp>

#ifdef SHOULD_FAIL
enum color { red, green };
#else
enum color : int { red, green };
#endif

struct record {
    color of;
};

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
