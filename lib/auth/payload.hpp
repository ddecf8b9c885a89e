#pragma once

#include "auth/sasl.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/result.hpp>

namespace mongoro::auth {

/// The payload of a reply as the document that the mechanisms of clouds send. Points into it.
///
/// Errors: `authentication_failed` with what is wrong as its cause.
[[nodiscard]] result<bson::document_view> payload_document(const sasl_reply& reply);

}  // namespace mongoro::auth
