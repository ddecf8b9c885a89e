// expect: mongoro: two members of this struct are stored under the same key
#include <mongoro/bson/codec.hpp>

#include <optional>
#include <string>
#include <string_view>

struct record {
    int first;
    int second;
};
template <>
struct mongoro::bson::fields<record> {
#ifdef SHOULD_FAIL
    static constexpr std::tuple list{rename<&record::first>("second")};
#else
    static constexpr std::tuple list{rename<&record::first>("second"),
                                     rename<&record::second>("third")};
#endif
};

mongoro::result<void> use(const record& from, mongoro::bson::byte_buffer& to) {
    return mongoro::bson::encode_document(from, to);
}
