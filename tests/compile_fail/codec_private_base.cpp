// expect: mongoro: this class is not an aggregate (it has private members, a base
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct base {
    int number;
};
#ifdef SHOULD_FAIL
class record : base {
 public:
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
