#pragma once

#include <mongoro/detail/context.hpp>

namespace mongoro::io {

using detail::ready_node;

/// A doubly linked list of things to run: nodes can leave from the middle.
class ready_list {
 public:
    ready_list() noexcept { head_.next = head_.prev = &head_; }
    ready_list(const ready_list&) = delete;
    ready_list& operator=(const ready_list&) = delete;

    [[nodiscard]] bool empty() const noexcept { return head_.next == &head_; }

    [[nodiscard]] bool contains(const ready_node& n) const noexcept {
        const ready_node* at = head_.next;
        while (at != &head_ && at != &n) {
            at = at->next;
        }
        return at == &n;
    }

    void push_back(ready_node& n) noexcept {
        n.queued = true;
        n.prev = head_.prev;
        n.next = &head_;
        head_.prev->next = &n;
        head_.prev = &n;
    }

    static void remove(ready_node& n) noexcept {
        n.prev->next = n.next;
        n.next->prev = n.prev;
        n.prev = n.next = nullptr;
        n.queued = false;
    }

    /// Precondition: not empty.
    ready_node& pop_front() noexcept {
        ready_node& n = *head_.next;
        remove(n);
        return n;
    }

    /// Moves all of `other` behind this list's own.
    void splice(ready_list& other) noexcept {
        if (other.empty()) {
            return;
        }
        ready_node* first = other.head_.next;
        ready_node* last = other.head_.prev;
        first->prev = head_.prev;
        head_.prev->next = first;
        last->next = &head_;
        head_.prev = last;
        other.head_.next = other.head_.prev = &other.head_;
    }

 private:
    ready_node head_;
};

}  // namespace mongoro::io
