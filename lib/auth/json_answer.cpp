#include "auth/json_answer.hpp"

#include "bson/json_parser.hpp"

namespace mongoro::auth {

namespace {

// A value of BSON has at most so many bytes for one of JSON: a list's item of two characters has a
// type, an index of seven digits with its end, and eight bytes. The buffer must not move.
constexpr std::size_t most_growth = 16;

}  // namespace

result<json_answer> json_answer::parse(std::string_view text) {
    bson::json_parse_options options;
    options.syntax = bson::json_syntax::plain;
    json_answer answer(most_growth * text.size() + 64);
    bson::writer out(answer.buffer_.bytes());
    bson::detail::json_parser parser(text, options);
    parser.keep_secret();
    if (!parser.document(out)) {
        return parser.why();
    }
    return answer;
}

}  // namespace mongoro::auth
