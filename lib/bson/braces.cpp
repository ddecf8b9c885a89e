#include <mongoro/bson/build.hpp>

namespace mongoro::bson::detail {

void write_c_string(writer& w, std::string_view key, const void* object) {
    w.append_string(key, static_cast<const char*>(object));
}

bool brace_node::is_document() const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        const brace_slot& s = slot(i);
        if (s.write != &brace_node::write || !static_cast<const brace_node*>(s.object)->is_pair()) {
            return false;
        }
    }
    return true;
}

void brace_node::write(writer& w, std::string_view key, const void* node) {
    const auto& self = *static_cast<const brace_node*>(node);
    if (self.is_document()) {
        w.begin_document(key);
        for (std::size_t i = 0; i < self.count_; ++i) {
            const auto& pair = *static_cast<const brace_node*>(self.slot(i).object);
            const brace_slot& value = pair.slots_[1];
            value.write(w, {static_cast<const char*>(pair.slots_[0].object), pair.key_size_},
                        value.object);
        }
    } else {
        w.begin_array(key);
        index_key index;
        for (std::size_t i = 0; i < self.count_; ++i, ++index) {
            const brace_slot& s = self.slot(i);
            s.write(w, index, s.object);
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
        slots[i].write(w, index, slots[i].object);
    }
    w.end();
    if (!w.ok()) {
        mongoro::detail::throw_error(w.error());
    }
    return array(std::move(bytes));
}

}  // namespace mongoro::bson::detail
