#include "auth/json_answer.hpp"

#include "auth/wipe.hpp"

#include <mongoro/bson/json.hpp>

namespace mongoro::auth {

result<json_answer> json_answer::parse(std::string_view text) {
    bson::json_parse_options options;
    options.syntax = bson::json_syntax::plain;
    auto read = bson::from_json(text, options);
    if (!read) {
        return read.error();
    }
    return json_answer(std::move(*read));
}

json_answer::~json_answer() {
    if (!document_.empty()) {
        auto bytes = document_.release();
        wipe(bytes.data(), bytes.size());
    }
}

}  // namespace mongoro::auth
