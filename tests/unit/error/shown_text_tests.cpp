#include "error/shown_text.hpp"

#include <mongoro/error.hpp>

#include <doctest/doctest.h>

#include <string>

using mongoro::detail::shown_text;

TEST_CASE("shown text has no control character and is no longer than it may be") {
    CHECK(shown_text("") == "");
    CHECK(shown_text("address.zip") == "address.zip");
    CHECK(shown_text("a\nb\x1b[31m\x7f") == "a\\x0ab\\x1b[31m\\x7f");
    CHECK(shown_text("\u009b31m \u00e4\u00a0\u20ac") == "\\x9b31m \u00e4\u00a0\u20ac");
    CHECK(shown_text(std::string("\0", 1)) == "\\x00");
    CHECK(shown_text("\xc2") == "\xc2");
    CHECK(shown_text(std::string(256, 'a')) == std::string(256, 'a'));
    CHECK(shown_text(std::string(257, 'a')) == std::string(256, 'a') + "...");
    CHECK(shown_text("aa\u00e4b", 3) == "aa...");
    CHECK(shown_text("aa\u00e4b", 4) == "aa\u00e4...");
    CHECK(shown_text("\x80\x80\x80", 2) == "...");
}

TEST_CASE("a server's name for its error stays in the line and is cut") {
    mongoro::error::details d;
    d.code = make_error_code(mongoro::errc::command_failed);
    d.server_code = 1;
    d.server_code_name = "Bad\n" + std::string(1'000, 'n');
    const mongoro::error e(std::move(d));
    const auto text = e.to_string();
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find("Bad\\x0an") != std::string::npos);
    CHECK(text.size() < 400);
    CHECK(e.server_code_name().size() == 1'004);
}
