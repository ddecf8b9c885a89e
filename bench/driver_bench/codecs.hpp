#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "driver_bench/model.hpp"
#include "driver_bench/structs.hpp"

namespace bench {

/// One library doing BSON: everything that is compared, and each result can be looked at.
///
/// `encode` works in a buffer that it keeps, and `decode` reads every value of every element.
class bson_codec {
 public:
    bson_codec() = default;
    bson_codec(const bson_codec&) = delete;
    bson_codec& operator=(const bson_codec&) = delete;
    virtual ~bson_codec() = default;

    virtual std::string_view encode(const document_model& from) = 0;
    /// A sum over all that was read.
    virtual std::uint64_t decode(std::string_view bson) = 0;

    virtual std::string_view encode_flat(const flat_struct& from) = 0;
    virtual void decode_flat(std::string_view bson, flat_struct& into) = 0;
    virtual std::string_view encode_deep(const deep_struct& from) = 0;
    virtual void decode_deep(std::string_view bson, deep_struct& into) = 0;
};

std::unique_ptr<bson_codec> make_mongoro_codec();
std::unique_ptr<bson_codec> make_libbson_codec();

}  // namespace bench
