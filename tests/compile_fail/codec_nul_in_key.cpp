// expect: a key cannot hold a NUL
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
    int first;
};
template <>
struct mongoro::bson::fields<record> {
#ifdef SHOULD_FAIL
    static constexpr std::tuple list{rename<&record::first>("a\0b")};
#else
    static constexpr std::tuple list{rename<&record::first>("ab")};
#endif
};

mongoro::result<void> use(const record& from, mongoro::bson::byte_buffer& to) {
    return mongoro::bson::encode_document(from, to);
}
