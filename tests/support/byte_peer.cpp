#include "byte_peer.hpp"

#include <algorithm>

namespace mongoro::test {

byte_script& byte_script::add(step s) {
    steps_.push_back(std::move(s));
    return *this;
}

byte_script& byte_script::read(std::size_t bytes) {
    return add({kind::read, bytes, {}, {}});
}

byte_script& byte_script::read_message() {
    return add({kind::read_message, 0, {}, {}});
}

byte_script& byte_script::read_to_end() {
    return add({kind::read_to_end, 0, {}, {}});
}

byte_script& byte_script::write(std::span<const std::uint8_t> bytes) {
    return add({kind::write, bytes.size(), {bytes.begin(), bytes.end()}, {}});
}

byte_script& byte_script::write(std::string_view text) {
    return add({kind::write, text.size(), {text.begin(), text.end()}, {}});
}

byte_script& byte_script::write_in_pieces(std::span<const std::uint8_t> bytes, std::size_t piece,
                                          std::chrono::milliseconds between) {
    return add(
        {kind::write, std::max<std::size_t>(piece, 1), {bytes.begin(), bytes.end()}, between});
}

byte_script& byte_script::wait(std::chrono::milliseconds time) {
    return add({kind::wait, 0, {}, time});
}

byte_script& byte_script::half_close() {
    return add({kind::half_close, 0, {}, {}});
}

byte_script& byte_script::reset() {
    return add({kind::reset, 0, {}, {}});
}

byte_script& byte_script::close() {
    return add({kind::close, 0, {}, {}});
}

byte_script& byte_script::hang() {
    return add({kind::hang, 0, {}, {}});
}

byte_peer::byte_peer(byte_script script, listen_at where)
    : byte_peer(std::vector<byte_script>{std::move(script)}, where) {}

byte_peer::byte_peer(std::vector<byte_script> scripts, listen_at where)
    : scripts_(std::move(scripts)),
      listener_(where, [this](peer_socket& socket, std::size_t index) { serve(socket, index); }) {}

bool byte_peer::play(const byte_script::step& step, peer_socket& socket,
                     std::vector<std::uint8_t>& got) {
    using kind = byte_script::kind;
    switch (step.what) {
        case kind::read:
            return socket.read_exactly(step.size, got);
        case kind::read_message:
            return socket.read_message(got);
        case kind::read_to_end:
            socket.read_to_end(got);
            return true;
        case kind::write:
            for (std::size_t at = 0; at < step.bytes.size();) {
                const std::size_t size = std::min(step.size, step.bytes.size() - at);
                if (!socket.write(std::span(step.bytes).subspan(at, size))) {
                    return false;
                }
                at += size;
                if (at < step.bytes.size() && !socket.wait(step.time)) {
                    return false;
                }
            }
            return true;
        case kind::wait:
            return socket.wait(step.time);
        case kind::half_close:
            socket.shut_down_writing();
            return true;
        case kind::reset:
            socket.reset();
            return true;
        case kind::close:
            socket.close();
            return true;
        case kind::hang:
            socket.hang();
            return true;
    }
    return false;
}

void byte_peer::serve(peer_socket& socket, std::size_t index) {
    std::vector<std::uint8_t> got;
    bool finished = true;
    update(index, got, false, false);
    if (!scripts_.empty()) {
        for (const auto& step : scripts_[std::min(index, scripts_.size() - 1)].steps_) {
            finished = play(step, socket, got);
            update(index, got, false, false);
            if (!finished) {
                break;
            }
        }
    }
    socket.close();
    update(index, got, true, finished);
}

void byte_peer::update(std::size_t index, const std::vector<std::uint8_t>& got, bool ended,
                       bool finished) {
    const std::lock_guard lock(mutex_);
    if (records_.size() <= index) {
        records_.resize(index + 1);
    }
    records_[index] = {got, ended, finished};
    changed_.notify_all();
}

std::vector<std::uint8_t> byte_peer::received(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return index < records_.size() ? records_[index].received : std::vector<std::uint8_t>();
}

bool byte_peer::finished(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return index < records_.size() && records_[index].finished;
}

bool byte_peer::wait_for_ended(std::size_t count, std::chrono::milliseconds limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] {
        return static_cast<std::size_t>(std::count_if(records_.begin(), records_.end(),
                                                      [](const record& r) { return r.ended; })) >=
               count;
    });
}

}  // namespace mongoro::test
