#include <mongoro/bson/array.hpp>
#include <mongoro/bson/document.hpp>

namespace mongoro::bson {

document_storage::document_storage(document_view copied) {
    if (!copied.empty()) {
        bytes_.reserve(copied.size());
        bytes_.append(copied.data(), copied.size());
    }
}

byte_buffer document_storage::release() {
    if (bytes_.empty()) {
        bytes_.append(detail::empty_document_bytes, sizeof detail::empty_document_bytes);
    }
    return std::exchange(bytes_, byte_buffer{});
}

void document_storage::append_by_copy(std::string_view key, const void* value,
                                      detail::write_function* write) {
    document_storage copy;
    copy.modify([&](writer& w) { write(w, key, value); });
    append_elements(copy.view());
}

void document_storage::append_elements(document_view from) {
    document_storage copy;
    if (detail::own_bytes(this, bytes_).have(from.data())) {
        copy = document_storage(from);
        from = copy.view();
    }
    modify([from](writer& w) { w.append_elements(from); });
}

[[gnu::hot]] void document_storage::build(const detail::brace_member* const* members,
                                          std::size_t count) {
    writer w(bytes_);
    w.begin_document();
    for (std::size_t i = 0; i < count; ++i) {
        members[i]->write(w);
    }
    close(w);
}

std::size_t document_storage::open() {
    if (bytes_.empty()) {
        bytes_.extend(4);
    } else {
        bytes_.truncate(bytes_.size() - 1);
    }
    return bytes_.size();
}

[[gnu::hot]] void document_storage::close(writer& w) {
    w.end();
    if (!w.ok()) {
        mongoro::detail::throw_error(w.error());
    }
}

void document_storage::restore(std::size_t size) noexcept {
    // The final NUL that open() took away is still allocated: this cannot fail, but for an empty
    // document, which goes back to having no bytes.
    bytes_.truncate(size);
    if (size <= 4) {
        bytes_.clear();
        return;
    }
    bytes_.push_back(0);
    const auto length = static_cast<std::int32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
}

result<document> document::from_bytes(std::span<const std::uint8_t> bytes) {
    const auto view = document_view::from_bytes(bytes);
    if (!view) {
        return view.error();
    }
    return document(*view);
}

void array::count_up() {
    if (!counted_) {
        next_ = {};
        for (auto n = view().count(); n != 0; --n) {
            ++next_;
        }
        counted_ = true;
    }
}

}  // namespace mongoro::bson
