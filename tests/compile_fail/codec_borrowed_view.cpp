// expect: mongoro: a decoded member would point into bytes that may be gone
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
    std::optional<std::string_view> text;
};
#ifndef SHOULD_FAIL
template <>
inline constexpr bool mongoro::bson::borrows<record> = true;
#endif

mongoro::result<record> use(mongoro::document_view from) {
    return mongoro::bson::decode_document<record>(from);
}
