#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/error.hpp>

#include <cstdint>

/// What a server's reply says went wrong, as an `error`. Of the wire layer, not of the error layer,
/// as it reads BSON.
namespace mongoro::detail {

/// `command_failed` with the server's code, codeName, errmsg, labels and the whole reply if it says
/// `ok: 0` (or has a `$err`, as old proxies write it); no error if it says `ok: 1`, whatever else
/// it holds.
///
/// A `writeConcernError` beside `ok: 0` is in the error too. Other errors: `malformed_reply` (no
/// `ok`, or one that is no number), `malformed_bson`. Costs one walk over the top level where there
/// is none. Of labels the first 64 are kept, and none of more than 256 bytes.
[[nodiscard]] error command_error(bson::document_view reply);

/// As `command_error`, and for `ok: 1`: `write_failed` if there are `writeErrors` (with the write
/// concern error beside them, if any), `write_concern_failed` if there is only a
/// `writeConcernError`.
///
/// `first_index` is added to each write error's index: where the batch began in the caller's list.
/// The counts of what was applied (`error::partial`) are the operation's to add.
[[nodiscard]] error write_reply_error(bson::document_view reply, std::int64_t first_index = 0);

/// Collects the write errors, the write concern error and the labels of several replies of one
/// call.
///
/// Adds to `to` what this reply holds, and keeps what is there: the last write concern error wins,
/// a label is there once. Gives whether it had a write error or a write concern error. Never sets
/// `to.code`.
bool collect_write_errors(bson::document_view reply, std::int64_t first_index, error::details& to);

/// All that an error holds, to build another one from.
[[nodiscard]] error::details details_of(const error& e);
/// The same error under another code of the driver.
[[nodiscard]] error with_code(const error& e, errc code);

}  // namespace mongoro::detail
