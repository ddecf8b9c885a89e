#include "auth/payload.hpp"

namespace mongoro::auth {

result<bson::document_view> payload_document(const sasl_reply& reply) {
    const auto document = bson::document_view::from_bytes(reply.payload);
    if (!document) {
        return error(errc::authentication_failed, "the payload of the server's answer",
                     document.error());
    }
    return *document;
}

}  // namespace mongoro::auth
