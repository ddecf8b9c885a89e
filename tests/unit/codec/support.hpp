#pragma once

#include <mongoro/bson/codec.hpp>
#include <mongoro/bson/json.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

/// A struct as canonical Extended JSON without spaces, by way of its bytes.
template <typename T>
std::string json_of(const T& value) {
    mongoro::bson::byte_buffer bytes;
    const auto done = mongoro::bson::encode_document(value, bytes);
    REQUIRE_MESSAGE(done.has_value(), done.error().to_string());
    const std::string spaced = mongoro::bson::to_json(
        mongoro::document_view(bytes.data(), bytes.size()), mongoro::bson::json_mode::canonical);
    std::string json;
    for (const char c : spaced) {
        if (c != ' ' || (!json.ends_with(',') && !json.ends_with(':'))) {
            json += c;
        }
    }
    return json;
}

/// Through bytes and back.
template <typename T>
T round_trip(const T& value) {
    mongoro::bson::byte_buffer bytes;
    const auto done = mongoro::bson::encode_document(value, bytes);
    REQUIRE_MESSAGE(done.has_value(), done.error().to_string());
    auto out =
        mongoro::bson::decode_document<T>(mongoro::document_view(bytes.data(), bytes.size()));
    REQUIRE_MESSAGE(out.has_value(), out.error().to_string());
    return std::move(*out);
}

template <typename T>
mongoro::result<T> read_json(std::string_view json) {
    const auto document = mongoro::bson::from_json(json);
    REQUIRE_MESSAGE(document.has_value(), document.error().to_string());
    return mongoro::bson::decode_document<T>(document->view());
}

/// The message of the error that reading gives; empty if there is none.
template <typename T>
std::string error_of(std::string_view json, mongoro::errc code) {
    const auto out = read_json<T>(json);
    if (out) {
        return {};
    }
    CHECK(out.error() == code);
    return std::string(out.error().message());
}
