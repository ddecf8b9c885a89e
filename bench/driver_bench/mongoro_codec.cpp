#include <mongoro/bson/codec.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/writer.hpp>

#include "driver_bench/codecs.hpp"

namespace bench {
namespace {

namespace bson = mongoro::bson;

bson::document_view view_of(std::string_view bytes) {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

std::string_view bytes_of(const bson::byte_buffer& buffer) {
    return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

void append_all(bson::writer& to, const document_model& from);

void append_code(bson::writer& to, const element_model& one) {
    bson::byte_buffer bytes;
    bson::writer scope(bytes);
    scope.begin_document();
    append_all(scope, one.children);
    scope.end();
    to.append_code_with_scope(one.key, one.text, scope.view());
}

void append_one(bson::writer& to, const element_model& one) {
    using bson::type;
    switch (static_cast<type>(one.type)) {
        case type::double_:
            return to.append_double(one.key, one.real);
        case type::string:
            return to.append_string(one.key, one.text);
        case type::document:
            to.begin_document(one.key);
            append_all(to, one.children);
            return to.end();
        case type::array:
            to.begin_array(one.key);
            append_all(to, one.children);
            return to.end();
        case type::binary:
            return to.append_binary(
                one.key, bson::binary_subtype::generic,
                {reinterpret_cast<const std::uint8_t*>(one.text.data()), one.text.size()});
        case type::object_id:
            return to.append(one.key, mongoro::object_id(one.id));
        case type::boolean:
            return to.append_bool(one.key, one.integer != 0);
        case type::date:
            return to.append(one.key, bson::date(std::chrono::milliseconds(one.integer)));
        case type::regex:
            return to.append_regex(one.key, one.text, one.options);
        case type::code:
            return to.append(one.key, bson::code_view{one.text});
        case type::code_with_scope:
            return append_code(to, one);
        case type::int32:
            return to.append_int32(one.key, static_cast<std::int32_t>(one.integer));
        case type::int64:
            return to.append_int64(one.key, one.integer);
        case type::timestamp:
            return to.append(one.key, bson::timestamp{static_cast<std::uint32_t>(one.integer >> 32),
                                                      static_cast<std::uint32_t>(one.integer)});
        case type::min_key:
            return to.append(one.key, bson::min_key{});
        case type::max_key:
            return to.append(one.key, bson::max_key{});
        default:
            return to.append_null(one.key);
    }
}

void append_all(bson::writer& to, const document_model& from) {
    for (const element_model& one : from) {
        append_one(to, one);
    }
}

std::uint64_t sum_of(bson::document_view all);

std::uint64_t value_of(const bson::value_view& value) {
    using bson::type;
    switch (value.type()) {
        case type::double_:
            return static_cast<std::uint64_t>(static_cast<std::int64_t>(value.get<double>()));
        case type::string:
            return value.get<std::string_view>().size();
        case type::document:
            return sum_of(value.get<bson::document_view>());
        case type::array: {
            std::uint64_t sum = 0;
            for (const bson::element& one : value.get<bson::array_view>()) {
                sum += one.key().size() + value_of(one.value());
            }
            return sum;
        }
        case type::binary:
            return value.get<bson::binary_view>().bytes.size();
        case type::object_id:
            return value.get<mongoro::object_id>().bytes()[11];
        case type::boolean:
            return value.get<bool>() ? 1 : 0;
        case type::date:
            return static_cast<std::uint64_t>(value.get<bson::date>().time_since_epoch().count());
        case type::regex:
            return value.get<bson::regex_view>().pattern.size();
        case type::code:
            return value.get<bson::code_view>().code.size();
        case type::code_with_scope: {
            const auto code = value.get<bson::code_with_scope_view>();
            return code.code.size() + sum_of(code.scope);
        }
        case type::int32:
            return static_cast<std::uint64_t>(value.get<std::int32_t>());
        case type::int64:
            return static_cast<std::uint64_t>(value.get<std::int64_t>());
        case type::timestamp:
            return value.get<bson::timestamp>().seconds;
        default:
            return 0;
    }
}

std::uint64_t sum_of(bson::document_view all) {
    std::uint64_t sum = 0;
    for (const bson::element& one : all) {
        sum += one.key().size() + value_of(one.value());
    }
    return sum;
}

class mongoro_codec final : public bson_codec {
 public:
    std::string_view encode(const document_model& from) override {
        buffer_.clear();
        bson::writer to(buffer_);
        to.begin_document();
        append_all(to, from);
        to.end();
        return bytes_of(buffer_);
    }
    std::uint64_t decode(std::string_view bson) override { return sum_of(view_of(bson)); }

    std::string_view encode_flat(const flat_struct& from) override { return encode_struct(from); }
    void decode_flat(std::string_view bson, flat_struct& into) override {
        bson::decode_document(view_of(bson), into).value();
    }
    std::string_view encode_deep(const deep_struct& from) override { return encode_struct(from); }
    void decode_deep(std::string_view bson, deep_struct& into) override {
        bson::decode_document(view_of(bson), into).value();
    }

 private:
    template <class T>
    std::string_view encode_struct(const T& from) {
        buffer_.clear();
        bson::encode_document(from, buffer_).value();
        return bytes_of(buffer_);
    }

    bson::byte_buffer buffer_;
};

}  // namespace

std::unique_ptr<bson_codec> make_mongoro_codec() {
    return std::make_unique<mongoro_codec>();
}

}  // namespace bench
