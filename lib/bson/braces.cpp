#include <mongoro/bson/build.hpp>

namespace mongoro::bson::detail {

void write_c_string(writer& w, std::string_view key, const void* object) {
    w.append_string(key, static_cast<const char*>(object));
}

bool brace_node::is_document() const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        const brace_slot& s = slot(i);
        if (s.leaf != nullptr || !static_cast<const brace_node*>(s.object)->is_pair()) {
            return false;
        }
    }
    return true;
}

void brace_node::write(writer& w, std::string_view key) const {
    if (is_document()) {
        w.begin_document(key);
        for (std::size_t i = 0; i < count_; ++i) {
            const auto& pair = *static_cast<const brace_node*>(slot(i).object);
            pair.slots_[1].write(w,
                                 {static_cast<const char*>(pair.slots_[0].object), pair.key_size_});
        }
    } else {
        w.begin_array(key);
        index_key index;
        for (std::size_t i = 0; i < count_; ++i, ++index) {
            slot(i).write(w, index);
        }
    }
    w.end();
}

array build_array(const brace_slot* slots, std::size_t count) {
    byte_buffer bytes;
    writer w(bytes);
    w.begin_document();
    index_key index;
    for (std::size_t i = 0; i < count; ++i, ++index) {
        slots[i].write(w, index);
    }
    w.end();
    if (!w.ok()) {
        mongoro::detail::throw_error(w.error());
    }
    return array(std::move(bytes));
}

}  // namespace mongoro::bson::detail
