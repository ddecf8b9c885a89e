#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Writes BSON bytes for the benchmark's own programs. Nothing here uses the library, so that a
/// defect or a cost of the library is never on both sides of a comparison.
class bson_out {
 public:
    bson_out& open() {
        levels_.push_back(bytes_.size());
        put<std::int32_t>(0);
        return *this;
    }
    bson_out& open(std::string_view key) { return element(3, key).open(); }
    bson_out& open_array(std::string_view key) { return element(4, key).open(); }
    bson_out& close() {
        bytes_.push_back('\0');
        const auto length = static_cast<std::int32_t>(bytes_.size() - levels_.back());
        std::memcpy(bytes_.data() + levels_.back(), &length, sizeof length);
        levels_.pop_back();
        return *this;
    }

    bson_out& int32(std::string_view key, std::int32_t value) {
        return element(16, key).put(value);
    }
    bson_out& int64(std::string_view key, std::int64_t value) {
        return element(18, key).put(value);
    }
    bson_out& real(std::string_view key, double value) { return element(1, key).put(value); }
    bson_out& date(std::string_view key, std::int64_t milliseconds) {
        return element(9, key).put(milliseconds);
    }
    bson_out& null(std::string_view key) { return element(10, key); }
    bson_out& boolean(std::string_view key, bool value) {
        return element(8, key).put(static_cast<char>(value));
    }
    bson_out& string(std::string_view key, std::string_view value) {
        element(2, key).put(static_cast<std::int32_t>(value.size() + 1));
        bytes_.append(value).push_back('\0');
        return *this;
    }
    bson_out& object_id(std::string_view key, std::string_view twelve_bytes) {
        element(7, key);
        bytes_.append(twelve_bytes);
        return *this;
    }
    bson_out& binary(std::string_view key, char subtype, std::string_view value) {
        element(5, key).put(static_cast<std::int32_t>(value.size())).put(subtype);
        bytes_.append(value);
        return *this;
    }
    /// A whole document's bytes under `key`.
    bson_out& document(std::string_view key, std::string_view bytes) {
        element(3, key);
        bytes_.append(bytes);
        return *this;
    }

    std::size_t size() const { return bytes_.size(); }
    std::string take() { return std::move(bytes_); }

 private:
    bson_out& element(char type, std::string_view key) {
        bytes_.push_back(type);
        bytes_.append(key).push_back('\0');
        return *this;
    }
    template <class T>
    bson_out& put(T value) {
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        bytes_.append(raw, sizeof value);
        return *this;
    }

    std::string bytes_;
    std::vector<std::size_t> levels_;
};

}  // namespace bench
