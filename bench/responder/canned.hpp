#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/sample_documents.hpp"
#include "responder/request.hpp"

namespace bench {

struct canned_options {
    /// Documents that a find on the collection "many" has.
    std::int64_t many = 10'000;
    std::size_t document_bytes = tweet_size;
    /// A hello is that of a mongos rather than of a standalone server.
    bool mongos = false;
};

/// The answers. Each is built once, at its first use, and kept; only `responseTo` differs after
/// that.
///
/// The collection's name decides what a find returns: "many" (and `perftest.corpus`) a cursor over
/// `many` documents in batches of up to 16 MB (101 in the first, as a server does), "small" one
/// small document, "empty" none, every other name one tweet (for "hold", "held" and "release" see
/// `withheld`). A cursor's id says its next document and its end, so that no state stands behind it
/// and a recorded getMore can be replayed.
class canned {
 public:
    explicit canned(canned_options options) : options_(options) {}

    using reply = std::shared_ptr<const std::string>;
    const reply& answer(const request& asked);

 private:
    std::string build(const request& asked) const;
    std::string build_cursor(const request& asked, std::int64_t from, bool first) const;
    std::string document_of(const request& asked, std::int64_t index) const;

    canned_options options_;
    std::string key_;
    std::unordered_map<std::string, reply> replies_;
};

}  // namespace bench
