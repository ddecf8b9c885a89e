// expect: mongoro: a rule of bson::fields<T> names a member of another type
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
    int first;
};
struct other {
    int first;
};
template <>
struct mongoro::bson::fields<record> {
#ifdef SHOULD_FAIL
    static constexpr std::tuple list{rename<&other::first>("_id")};
#else
    static constexpr std::tuple list{rename<&record::first>("_id")};
#endif
};

mongoro::result<void> use(const record& from, mongoro::bson::byte_buffer& to) {
    return mongoro::bson::encode_document(from, to);
}
