#include "data/spec_sets.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "common/random.hpp"

namespace bench {
namespace {

constexpr int documents_a_file = 5'000;
constexpr std::size_t ldjson_line = 1'130;
constexpr std::size_t large_document = 2'731'089;
constexpr std::size_t tweet_text = 36;

std::string json_text(std::string_view text) {
    std::string made;
    made.reserve(text.size() + 2);
    made.push_back('"');
    made.append(text).push_back('"');
    return made;
}

std::string json_array(std::string_view elements) {
    std::string made;
    made.push_back('[');
    made.append(elements).push_back(']');
    return made;
}

/// A JSON object that grows.
class json_out {
 public:
    json_out& add(std::string_view key, const std::string& value) {
        text_.append(text_.size() == 1 ? "" : ",").append(json_text(key)).append(":").append(value);
        return *this;
    }
    /// A key of `size` letters. The key is made first, whatever order a compiler evaluates
    /// arguments in: the data has to be the same everywhere.
    template <class Value>
    json_out& add_random(generator& random, std::size_t size, Value&& value) {
        const std::string key = random.letters(size);
        return add(key, value());
    }
    std::size_t size() const { return text_.size() + 1; }
    std::string take() {
        text_.push_back('}');
        return std::move(text_);
    }

 private:
    std::string text_ = "{";
};

std::string wrapped(std::string_view type, std::string_view value) {
    return json_out().add(type, json_text(value)).take();
}

std::string hex(generator& random, std::size_t digits) {
    std::string made;
    while (made.size() < digits) {
        made += random.colour();
    }
    return made.substr(0, digits);
}

std::string date(generator& random) {
    return json_out()
        .add("$date", wrapped("$numberLong", std::to_string(random.next() % 4'000'000'000'000)))
        .take();
}

/// One value of each type of the FULL set, and of the FLAT set by its first five.
std::string value_of(int type, generator& random) {
    switch (type) {
        case 0:
            return json_text(random.letters(80));
        case 1:
            return wrapped("$numberInt", std::to_string(random.number(1U << 30U)));
        case 2:
            return wrapped("$numberLong", std::to_string(random.next() >> 1U));
        case 3:
            return wrapped("$numberDouble", std::to_string(random.number(1U << 30U)) + ".25");
        case 4:
            return random.number(2) == 1 ? "true" : "false";
        case 5:
            return R"({"$minKey":1})";
        case 6:
            return R"({"$maxKey":1})";
        case 7:
            return json_array(json_text(random.letters(8)) + R"(,"first","second")");
        case 8: {
            // 80 letters are 60 bytes in base64.
            json_out binary;
            binary.add("base64", json_text(random.letters(80))).add("subType", json_text("00"));
            return json_out().add("$binary", binary.take()).take();
        }
        case 9:
            return date(random);
        case 10: {
            json_out regex;
            regex.add("pattern", json_text(random.letters(80))).add("options", json_text("i"));
            return json_out().add("$regularExpression", regex.take()).take();
        }
        case 11:
            return wrapped("$code", random.letters(80));
        case 12:
            return json_out()
                .add("$code", json_text(random.letters(80)))
                .add("$scope", "{}")
                .take();
        case 13:
            return "{}";
        default: {
            json_out timestamp;
            timestamp.add("t", std::to_string(random.number(1U << 30U))).add("i", "1");
            return json_out().add("$timestamp", timestamp.take()).take();
        }
    }
}

/// An `_id` and `each` values of each of the first `types` types, mixed.
std::string mixed_document(int types, int each, std::uint64_t seed) {
    generator random(seed);
    json_out out;
    out.add("_id", wrapped("$oid", hex(random, 24)));
    for (int round = 0; round < each; ++round) {
        for (int type = 0; type < types; ++type) {
            out.add_random(random, 8, [&] { return value_of(type, random); });
        }
    }
    return out.take();
}

std::string tree(int levels, generator& random) {
    if (levels == 1) {
        const std::string left = json_text(random.letters(8));
        return json_out()
            .add("leftValue", left)
            .add("rightValue", json_text(random.letters(8)))
            .take();
    }
    const std::string left = tree(levels - 1, random);
    return json_out().add("left", left).add("right", tree(levels - 1, random)).take();
}

std::string small_document_json() {
    generator random(11);
    json_out out;
    for (int at = 0; at < 7; ++at) {
        out.add_random(random, 8, [&] { return json_text(random.letters(8)); });
    }
    for (int at = 0; at < 6; ++at) {
        out.add_random(random, 8,
                       [&] { return std::to_string(10'000'000 + random.number(80'000'000)); });
    }
    return out.take();
}

std::string large_document_json() {
    generator random(12);
    json_out out;
    const std::size_t field =
        out.add_random(random, 12, [&] { return json_text(random.letters(12)); }).size();
    while (out.size() + field < large_document) {
        out.add_random(random, 12, [&] { return json_text(random.letters(12)); });
    }
    return out.take();
}

std::string user_json(generator& random) {
    json_out out;
    out.add("friends_count", "179").add("profile_sidebar_fill_color", json_text(random.colour()));
    out.add("location", json_text(random.sentence(27))).add("verified", "false");
    out.add("follow_request_sent", "null").add("favourites_count", "0");
    out.add("profile_sidebar_border_color", json_text(random.colour()));
    out.add("profile_image_url", json_text("http://images.example/" + random.letters(44) + ".jpg"));
    out.add("geo_enabled", "false").add("created_at", json_text("Wed Jan 28 15:26:45 +0000 2009"));
    out.add("description", json_text(random.sentence(60)))
        .add("time_zone", json_text("Central Time"));
    out.add("url", "null").add("screen_name", json_text(random.letters(9)));
    out.add("notifications", "null").add("profile_background_color", json_text(random.colour()));
    out.add("listed_count", "4").add("lang", json_text("en")).add("statuses_count", "1427");
    out.add("profile_background_image_url", json_text("http://images.example/themes/8/bg.gif"));
    out.add("profile_text_color", json_text(random.colour())).add("protected", "false");
    out.add("show_all_inline_media", "true").add("profile_background_tile", "false");
    out.add("name", json_text(random.sentence(13))).add("contributors_enabled", "false");
    out.add("profile_link_color", json_text(random.colour())).add("followers_count", "117");
    out.add("id", "41832464").add("profile_use_background_image", "true");
    return out.add("utc_offset", "-21600").take();
}

/// `text_size` letters in the field that sizes it.
std::string tweet_json(std::uint64_t seed, std::size_t text_size) {
    generator random(seed);
    json_out mention;
    mention.add("indices", "[0,9]").add("screen_name", json_text(random.letters(9)));
    mention.add("name", json_text(random.sentence(17))).add("id", "41832464");
    json_out entities;
    entities.add("user_mentions", json_array(mention.take())).add("urls", "[]");
    entities.add("hashtags", "[]");
    json_out out;
    out.add("text", json_text(random.sentence(text_size)));
    out.add("in_reply_to_status_id", "22773233453").add("retweet_count", "null");
    out.add("contributors", "null").add("created_at", json_text("Thu Sep 02 19:38:18 +0000 2010"));
    out.add("geo", "null").add("source", json_text("web")).add("coordinates", "null");
    out.add("in_reply_to_screen_name", json_text(random.letters(9))).add("truncated", "false");
    out.add("entities", entities.take()).add("retweeted", "false").add("place", "null");
    out.add("user", user_json(random)).add("favorited", "false");
    out.add("in_reply_to_user_id", "41832464");
    return out.add("id", std::to_string(22820000000 + seed % 100'000)).take();
}

/// Lines of about the specification's size: a document of strings and numbers.
std::string line_json(std::uint64_t seed) {
    generator random(seed);
    json_out out;
    while (out.size() + 100 < ldjson_line - 40) {
        out.add_random(random, 8, [&] { return json_text(random.letters(80)); });
        out.add_random(random, 8, [&] { return std::to_string(random.number(100'000'000)); });
    }
    const std::size_t left =
        ldjson_line - 1 - out.size() - std::string_view(R"(,"padding":"")").size();
    return out.add("padding", json_text(random.letters(left))).take();
}

void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    // Whole, or not there: a run that was broken off leaves no half of a data set.
    const std::filesystem::path half = path.string() + ".part";
    std::ofstream file(half, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
        throw std::runtime_error("cannot write " + path.string());
    }
    std::filesystem::rename(half, path);
}

void write_ldjson(const std::filesystem::path& path, int number) {
    if (std::filesystem::exists(path)) {
        return;
    }
    std::string text;
    text.reserve(ldjson_line * documents_a_file);
    for (int line = 0; line < documents_a_file; ++line) {
        text += line_json(static_cast<std::uint64_t>(number) * documents_a_file +
                          static_cast<std::uint64_t>(line) + 100);
        text += '\n';
    }
    write(path, text);
}

}  // namespace

void write_spec_sets(const std::string& folder, int files) {
    const std::filesystem::path root = folder;
    generator random(13);
    write(root / "extended_bson/flat_bson.json", mixed_document(5, 24, 14));
    write(root / "extended_bson/deep_bson.json", tree(6, random));
    write(root / "extended_bson/full_bson.json", mixed_document(15, 6, 15));
    write(root / "single_and_multi_document/small_doc.json", small_document_json());
    write(root / "single_and_multi_document/tweet.json", tweet_json(16, tweet_text));
    write(root / "single_and_multi_document/large_doc.json", large_document_json());
    for (int number = 0; number < files; ++number) {
        const std::string digits = std::to_string(number);
        write_ldjson(root / "parallel/ldjson_multi" /
                         ("ldjson" + std::string(3 - digits.size(), '0') + digits + ".txt"),
                     number);
    }
}

}  // namespace bench
