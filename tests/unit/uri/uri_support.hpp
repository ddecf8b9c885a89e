#pragma once

#include <mongoro/uri.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace mongoro::test {

/// A connection string that must be right.
inline uri parsed(std::string_view text) {
    CAPTURE(text);
    auto read = uri::parse(text);
    REQUIRE_MESSAGE(read, read.error().to_string());
    return *read;
}

/// One that must be right and give no warning.
inline uri clean(std::string_view text) {
    CAPTURE(text);
    auto read = parsed(text);
    CHECK_MESSAGE(read.warnings().empty(), read.warnings().front());
    return read;
}

/// One that must be right and give one warning, which names `what`.
inline uri warned(std::string_view text, std::string_view what) {
    CAPTURE(text);
    auto read = parsed(text);
    CHECK(read.warnings().size() == 1);
    CHECK(
        (!read.warnings().empty() && read.warnings().front().find(what) != std::string_view::npos));
    return read;
}

/// One that must be refused, with a message that names `what`.
inline void refused(std::string_view text, std::string_view what = {}) {
    CAPTURE(text);
    CAPTURE(what);
    const auto read = uri::parse(text);
    CHECK(!read);
    CHECK(read.error() == errc::invalid_uri);
    CAPTURE(std::string(read.error().message()));
    CHECK(!read.error().message().empty());
    CHECK(read.error().message().find(what) != std::string_view::npos);
}

}  // namespace mongoro::test
