// expect: mongoro: the fields of this struct cannot be seen; is one a reference
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
    int number;
#ifdef SHOULD_FAIL
    std::string& text;
#else
    std::string text;
#endif
};

mongoro::result<void> use(const record& from, mongoro::bson::byte_buffer& to) {
    return mongoro::bson::encode_document(from, to);
}
