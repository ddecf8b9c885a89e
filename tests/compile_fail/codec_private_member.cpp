// expect: mongoro: this class is not an aggregate (it has private members
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

class record {
 public:
    int number;
#ifdef SHOULD_FAIL
 private:
    [[maybe_unused]] int hidden = 0;
#endif
};

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
