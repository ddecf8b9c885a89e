// libbson's own calls, as one writes them by hand: append each field, walk and take each field.
#include <bson/bson.h>

#include <cstring>

#include "driver_bench/codecs.hpp"
#include "driver_bench/iterations.hpp"

namespace bench {
namespace {

void append_all(bson_t* to, const document_model& from);

void append_code(bson_t* to, const element_model& one) {
    bson_t scope = BSON_INITIALIZER;
    append_all(&scope, one.children);
    bson_append_code_with_scope(to, one.key.data(), static_cast<int>(one.key.size()),
                                one.text.c_str(), &scope);
    bson_destroy(&scope);
}

void append_one(bson_t* to, const element_model& one) {
    const char* key = one.key.data();
    const int size = static_cast<int>(one.key.size());
    bson_t child;
    switch (static_cast<bson_type_t>(one.type)) {
        case BSON_TYPE_DOUBLE:
            bson_append_double(to, key, size, one.real);
            return;
        case BSON_TYPE_UTF8:
            bson_append_utf8(to, key, size, one.text.data(), static_cast<int>(one.text.size()));
            return;
        case BSON_TYPE_DOCUMENT:
            bson_append_document_begin(to, key, size, &child);
            append_all(&child, one.children);
            bson_append_document_end(to, &child);
            return;
        case BSON_TYPE_ARRAY:
            bson_append_array_begin(to, key, size, &child);
            append_all(&child, one.children);
            bson_append_array_end(to, &child);
            return;
        case BSON_TYPE_BINARY:
            bson_append_binary(to, key, size, BSON_SUBTYPE_BINARY,
                               reinterpret_cast<const std::uint8_t*>(one.text.data()),
                               static_cast<std::uint32_t>(one.text.size()));
            return;
        case BSON_TYPE_OID: {
            bson_oid_t id;
            std::memcpy(id.bytes, one.id.data(), sizeof id.bytes);
            bson_append_oid(to, key, size, &id);
            return;
        }
        case BSON_TYPE_BOOL:
            bson_append_bool(to, key, size, one.integer != 0);
            return;
        case BSON_TYPE_DATE_TIME:
            bson_append_date_time(to, key, size, one.integer);
            return;
        case BSON_TYPE_REGEX:
            bson_append_regex(to, key, size, one.text.c_str(), one.options.c_str());
            return;
        case BSON_TYPE_CODE:
            bson_append_code(to, key, size, one.text.c_str());
            return;
        case BSON_TYPE_CODEWSCOPE:
            append_code(to, one);
            return;
        case BSON_TYPE_INT32:
            bson_append_int32(to, key, size, static_cast<std::int32_t>(one.integer));
            return;
        case BSON_TYPE_INT64:
            bson_append_int64(to, key, size, one.integer);
            return;
        case BSON_TYPE_TIMESTAMP:
            bson_append_timestamp(to, key, size, static_cast<std::uint32_t>(one.integer >> 32),
                                  static_cast<std::uint32_t>(one.integer));
            return;
        case BSON_TYPE_MINKEY:
            bson_append_minkey(to, key, size);
            return;
        case BSON_TYPE_MAXKEY:
            bson_append_maxkey(to, key, size);
            return;
        default:
            bson_append_null(to, key, size);
    }
}

void append_all(bson_t* to, const document_model& from) {
    for (const element_model& one : from) {
        append_one(to, one);
    }
}

std::uint64_t sum_of(bson_iter_t& iter);

std::uint64_t sum_of_scope(const std::uint8_t* bytes, std::uint32_t size) {
    bson_t scope;
    bson_iter_t iter;
    if (!bson_init_static(&scope, bytes, size) || !bson_iter_init(&iter, &scope)) {
        throw failure("broken BSON");
    }
    return sum_of(iter);
}

std::uint64_t value_of(const bson_iter_t& iter) {
    std::uint32_t size = 0;
    bson_iter_t child;
    switch (bson_iter_type(&iter)) {
        case BSON_TYPE_DOUBLE:
            return static_cast<std::uint64_t>(static_cast<std::int64_t>(bson_iter_double(&iter)));
        case BSON_TYPE_UTF8:
            bson_iter_utf8(&iter, &size);
            return size;
        case BSON_TYPE_DOCUMENT:
        case BSON_TYPE_ARRAY:
            return bson_iter_recurse(&iter, &child) ? sum_of(child) : 0;
        case BSON_TYPE_BINARY: {
            bson_subtype_t subtype{};
            const std::uint8_t* bytes = nullptr;
            bson_iter_binary(&iter, &subtype, &size, &bytes);
            return size;
        }
        case BSON_TYPE_OID:
            return bson_iter_oid(&iter)->bytes[11];
        case BSON_TYPE_BOOL:
            return bson_iter_bool(&iter) ? 1 : 0;
        case BSON_TYPE_DATE_TIME:
            return static_cast<std::uint64_t>(bson_iter_date_time(&iter));
        case BSON_TYPE_REGEX: {
            const char* options = nullptr;
            return std::strlen(bson_iter_regex(&iter, &options));
        }
        case BSON_TYPE_CODE:
            bson_iter_code(&iter, &size);
            return size;
        case BSON_TYPE_CODEWSCOPE: {
            std::uint32_t scope_size = 0;
            const std::uint8_t* scope = nullptr;
            bson_iter_codewscope(&iter, &size, &scope_size, &scope);
            return size + sum_of_scope(scope, scope_size);
        }
        case BSON_TYPE_INT32:
            return static_cast<std::uint64_t>(bson_iter_int32(&iter));
        case BSON_TYPE_INT64:
            return static_cast<std::uint64_t>(bson_iter_int64(&iter));
        case BSON_TYPE_TIMESTAMP: {
            std::uint32_t seconds = 0;
            std::uint32_t increment = 0;
            bson_iter_timestamp(&iter, &seconds, &increment);
            return seconds;
        }
        default:
            return 0;
    }
}

std::uint64_t sum_of(bson_iter_t& iter) {
    std::uint64_t sum = 0;
    while (bson_iter_next(&iter)) {
        sum += bson_iter_key_len(&iter) + value_of(iter);
    }
    return sum;
}

/// The next element, which has to be this one: the order is known, as it is in a program's own
/// data.
void expect(bson_iter_t& iter, const char* key, bson_type_t type) {
    if (!bson_iter_next(&iter) || std::strcmp(bson_iter_key(&iter), key) != 0 ||
        bson_iter_type(&iter) != type) {
        throw failure(std::string("not the field ") + key);
    }
}

void read_text(bson_iter_t& iter, const char* key, std::string& into) {
    expect(iter, key, BSON_TYPE_UTF8);
    std::uint32_t size = 0;
    const char* text = bson_iter_utf8(&iter, &size);
    into.assign(text, size);
}

void append_text(bson_t* to, const char* key, const std::string& text) {
    bson_append_utf8(to, key, -1, text.data(), static_cast<int>(text.size()));
}

void append_node(bson_t* to, const deep_leaf& from) {
    append_text(to, "leftValue", from.leftValue);
    append_text(to, "rightValue", from.rightValue);
}

template <class Child>
void append_node(bson_t* to, const deep_node<Child>& from) {
    bson_t child;
    bson_append_document_begin(to, "left", 4, &child);
    append_node(&child, from.left);
    bson_append_document_end(to, &child);
    bson_append_document_begin(to, "right", 5, &child);
    append_node(&child, from.right);
    bson_append_document_end(to, &child);
}

void read_node(bson_iter_t& iter, deep_leaf& into) {
    read_text(iter, "leftValue", into.leftValue);
    read_text(iter, "rightValue", into.rightValue);
}

template <class Child>
void read_node(bson_iter_t& iter, deep_node<Child>& into) {
    bson_iter_t child;
    expect(iter, "left", BSON_TYPE_DOCUMENT);
    bson_iter_recurse(&iter, &child);
    read_node(child, into.left);
    expect(iter, "right", BSON_TYPE_DOCUMENT);
    bson_iter_recurse(&iter, &child);
    read_node(child, into.right);
}

class libbson_codec final : public bson_codec {
 public:
    libbson_codec() { bson_init(&buffer_); }
    libbson_codec(const libbson_codec&) = delete;
    libbson_codec& operator=(const libbson_codec&) = delete;
    ~libbson_codec() override { bson_destroy(&buffer_); }

    std::string_view encode(const document_model& from) override {
        bson_reinit(&buffer_);
        append_all(&buffer_, from);
        return encoded();
    }
    std::uint64_t decode(std::string_view bson) override {
        bson_iter_t iter = start(bson);
        return sum_of(iter);
    }

    std::string_view encode_flat(const flat_struct& from) override {
        bson_reinit(&buffer_);
#define BENCH_APPEND(NAME) \
    bson_append_utf8(&buffer_, #NAME, 8, from.NAME.data(), static_cast<int>(from.NAME.size()));
        BENCH_FLAT_STRINGS(BENCH_APPEND)
#undef BENCH_APPEND
#define BENCH_APPEND(NAME) bson_append_int32(&buffer_, #NAME, 8, from.NAME);
        BENCH_FLAT_INT32S(BENCH_APPEND)
#undef BENCH_APPEND
#define BENCH_APPEND(NAME) bson_append_int64(&buffer_, #NAME, 8, from.NAME);
        BENCH_FLAT_INT64S(BENCH_APPEND)
#undef BENCH_APPEND
#define BENCH_APPEND(NAME) bson_append_double(&buffer_, #NAME, 8, from.NAME);
        BENCH_FLAT_DOUBLES(BENCH_APPEND)
#undef BENCH_APPEND
#define BENCH_APPEND(NAME) bson_append_bool(&buffer_, #NAME, 8, from.NAME);
        BENCH_FLAT_BOOLS(BENCH_APPEND)
#undef BENCH_APPEND
        return encoded();
    }
    void decode_flat(std::string_view bson, flat_struct& into) override {
        bson_iter_t iter = start(bson);
#define BENCH_READ(NAME) read_text(iter, #NAME, into.NAME);
        BENCH_FLAT_STRINGS(BENCH_READ)
#undef BENCH_READ
#define BENCH_READ(NAME)                  \
    expect(iter, #NAME, BSON_TYPE_INT32); \
    into.NAME = bson_iter_int32(&iter);
        BENCH_FLAT_INT32S(BENCH_READ)
#undef BENCH_READ
#define BENCH_READ(NAME)                  \
    expect(iter, #NAME, BSON_TYPE_INT64); \
    into.NAME = bson_iter_int64(&iter);
        BENCH_FLAT_INT64S(BENCH_READ)
#undef BENCH_READ
#define BENCH_READ(NAME)                   \
    expect(iter, #NAME, BSON_TYPE_DOUBLE); \
    into.NAME = bson_iter_double(&iter);
        BENCH_FLAT_DOUBLES(BENCH_READ)
#undef BENCH_READ
#define BENCH_READ(NAME)                 \
    expect(iter, #NAME, BSON_TYPE_BOOL); \
    into.NAME = bson_iter_bool(&iter);
        BENCH_FLAT_BOOLS(BENCH_READ)
#undef BENCH_READ
    }
    std::string_view encode_deep(const deep_struct& from) override {
        bson_reinit(&buffer_);
        append_node(&buffer_, from);
        return encoded();
    }
    void decode_deep(std::string_view bson, deep_struct& into) override {
        bson_iter_t iter = start(bson);
        read_node(iter, into);
    }

 private:
    std::string_view encoded() {
        return {reinterpret_cast<const char*>(bson_get_data(&buffer_)), buffer_.len};
    }
    bson_iter_t start(std::string_view bson) {
        bson_iter_t iter;
        if (!bson_init_static(&view_, reinterpret_cast<const std::uint8_t*>(bson.data()),
                              bson.size()) ||
            !bson_iter_init(&iter, &view_)) {
            throw failure("broken BSON");
        }
        return iter;
    }

    bson_t buffer_;
    bson_t view_{};
};

}  // namespace

std::unique_ptr<bson_codec> make_libbson_codec() {
    return std::make_unique<libbson_codec>();
}

}  // namespace bench
