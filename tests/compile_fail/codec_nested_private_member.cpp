// expect: mongoro: this class is not an aggregate (it has private members
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

class part {
#ifndef SHOULD_FAIL
 public:
#endif
    [[maybe_unused]] int hidden = 0;
};
struct record {
    int number;
    std::optional<part> nested;
};

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
