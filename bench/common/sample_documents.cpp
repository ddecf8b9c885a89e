#include "common/sample_documents.hpp"

#include "common/bson_bytes.hpp"
#include "common/random.hpp"

namespace bench {
namespace {

void add_entities(bson_out& out, generator& random) {
    out.open("entities").open_array("user_mentions").open("0");
    out.open_array("indices").int32("0", 3).int32("1", 15).close();
    out.string("screen_name", random.letters(11)).string("name", random.sentence(14));
    out.int32("id", random.number(1U << 30U)).close().close();
    out.open_array("urls").close().open_array("hashtags").close().close();
}

void add_user(bson_out& out, generator& random) {
    out.open("user");
    out.int32("friends_count", random.number(1000)).string("location", random.sentence(14));
    out.string("profile_sidebar_fill_color", random.colour());
    out.boolean("verified", false).null("follow_request_sent");
    out.int32("favourites_count", random.number(100));
    out.string("profile_sidebar_border_color", random.colour());
    out.string("profile_image_url", "http://images.example/" + random.letters(28) + ".jpg");
    out.boolean("geo_enabled", false).string("created_at", "Fri Apr 17 14:02:33 +0000 2009");
    out.string("description", random.sentence(60)).string("time_zone", "Mountain Time").null("url");
    out.string("screen_name", random.letters(10)).null("notifications");
    out.string("profile_background_color", random.colour()).int32("listed_count", 1);
    out.string("lang", "en").int32("statuses_count", random.number(10000)).null("following");
    out.string("profile_background_image_url", "http://images.example/themes/9/bg.gif");
    out.string("profile_text_color", random.colour()).boolean("protected", false);
    out.boolean("show_all_inline_media", false).boolean("profile_background_tile", false);
    out.string("name", random.sentence(16)).boolean("contributors_enabled", false);
    out.string("profile_link_color", random.colour());
    out.int32("followers_count", random.number(5000)).int32("id", random.number(1U << 30U));
    out.boolean("profile_use_background_image", true).int32("utc_offset", -25200);
    out.close();
}

std::string tweet(std::uint32_t index, std::size_t text_size) {
    generator random(index);
    bson_out out;
    out.open().int32("_id", static_cast<std::int32_t>(index + 1));
    out.null("in_reply_to_status_id")
        .int32("retweet_count", random.number(100))
        .null("contributors");
    out.string("created_at", "Thu Sep 02 18:11:25 +0000 2010").null("geo").string("source", "web");
    out.null("coordinates").null("in_reply_to_screen_name").boolean("truncated", false);
    add_entities(out, random);
    out.boolean("retweeted", false).null("place");
    add_user(out, random);
    out.boolean("favorited", false).null("in_reply_to_user_id");
    out.int64("id", static_cast<std::int64_t>(22819398300 + index));
    out.string("text", random.sentence(text_size));
    return out.close().take();
}

}  // namespace

std::string small_document(std::uint32_t index) {
    // The spec's strings of eight letters make 227 bytes of BSON; these are longer so that the
    // document has the 275 bytes that the spec counts for it.
    generator random(index);
    bson_out out;
    out.open();
    for (int field = 0; field < 7; ++field) {
        out.string("field" + std::to_string(field), random.letters(field == 6 ? 14 : 15));
    }
    for (int field = 7; field < 13; ++field) {
        out.int32("field" + std::to_string(field), random.number(100'000'000));
    }
    return out.close().take();
}

std::string tweet_document(std::uint32_t index, std::size_t size) {
    static const std::size_t without_text = tweet(0, 0).size();
    return tweet(index, size > without_text ? size - without_text : 0);
}

}  // namespace bench
