#include <mongoro/bson/value_view.hpp>

namespace mongoro::bson {

result<document_view> document_view::from_bytes(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 5) {
        return error(errc::malformed_bson, "a document has at least 5 bytes");
    }
    const auto said = detail::load<std::int32_t>(bytes.data());
    if (said < 5 || static_cast<std::size_t>(said) != bytes.size()) {
        return error(errc::malformed_bson, "the document's length is not that of its bytes");
    }
    if (bytes.back() != 0) {
        return error(errc::malformed_bson, "the document does not end with a NUL");
    }
    return document_view(bytes.data(), bytes.size());
}

result<array_view> array_view::from_bytes(std::span<const std::uint8_t> bytes) {
    const auto view = document_view::from_bytes(bytes);
    if (!view) {
        return view.error();
    }
    return array_view(*view);
}

std::size_t document_view::count() const noexcept {
    std::size_t n = 0;
    for (auto it = begin(); it != end() && !it.malformed(); ++it) {
        ++n;
    }
    return n;
}

value_view array_view::at(std::size_t index) const noexcept {
    return value_view::find_at(as_document(), index, as_document());
}

}  // namespace mongoro::bson
