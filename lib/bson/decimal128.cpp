#include <mongoro/bson/decimal128.hpp>

#include <bson/bson.h>

#include <string>

namespace mongoro::bson {

result<decimal128> decimal128::from_string(std::string_view text) {
    // libbson takes the text with a length, but looks for "inf" and "nan" up to a NUL: without one
    // of our own behind the text it would read on, and not know them. It also stops at a NUL
    // inside.
    bson_decimal128_t value;
    if (text.empty() || text.size() > 0x7FFFFFFF || text.find('\0') != std::string_view::npos) {
        return error(errc::invalid_argument, "not a decimal128");
    }
    const std::string ended(text);
    if (!bson_decimal128_from_string_w_len(ended.c_str(), static_cast<int>(ended.size()), &value)) {
        return error(errc::invalid_argument, "not a decimal128");
    }
    return decimal128(value.high, value.low);
}

std::string decimal128::to_string() const {
    bson_decimal128_t value;
    value.high = high_;
    value.low = low_;
    char text[BSON_DECIMAL128_STRING];
    bson_decimal128_to_string(&value, text);
    return text;
}

}  // namespace mongoro::bson
