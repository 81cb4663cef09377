// runtime/src/base/intrusive_list.h
// A doubly linked list whose links live inside its elements: no allocation, removal from the middle in O(1).
//
//   who        whoever holds the lock that guards the list
//   invariants a link is in one list or in none (next_ == nullptr)
//   tested     tests/unit/base/intrusive_list_test.cc
#pragma once

#include "base/check.h"

namespace novelo::rt {

// Elements derive from ListLink: the way back from a link to its element is a static_cast.
class ListLink {
 public:
  constexpr ListLink() noexcept = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;

  bool is_linked() const noexcept { return next_ != nullptr; }

  // Takes the element out of the list it is in. Requires: is_linked().
  void unlink() noexcept {
    NOVELO_DCHECK(is_linked());
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T>
  friend class IntrusiveList;
  ListLink* next_ = nullptr;
  ListLink* previous_ = nullptr;
};

template <class T>
class IntrusiveList {
 public:
  constexpr IntrusiveList() noexcept { head_.next_ = head_.previous_ = &head_; }

  bool empty() const noexcept { return head_.next_ == &head_; }
  T* front() const noexcept { return empty() ? nullptr : static_cast<T*>(head_.next_); }

  void push_back(T& item) noexcept {
    ListLink& link = item;
    NOVELO_DCHECK(!link.is_linked());
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }

  void push_front(T& item) noexcept {
    ListLink& link = item;
    NOVELO_DCHECK(!link.is_linked());
    link.next_ = head_.next_;
    link.previous_ = &head_;
    head_.next_->previous_ = &link;
    head_.next_ = &link;
  }

  // Takes over all that is in `other`, which is empty then. Requires: this list is empty.
  void take(IntrusiveList& other) noexcept {
    NOVELO_DCHECK(empty());
    if (other.empty()) return;
    head_.next_ = other.head_.next_;
    head_.previous_ = other.head_.previous_;
    head_.next_->previous_ = head_.previous_->next_ = &head_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
  }

  T* pop_front() noexcept {
    T* item = front();
    if (item != nullptr) static_cast<ListLink*>(item)->unlink();
    return item;
  }

  // The one behind `item`, or nullptr at the end.
  T* next(T& item) const noexcept {
    ListLink* link = static_cast<ListLink&>(item).next_;
    return link == &head_ ? nullptr : static_cast<T*>(link);
  }

 private:
  ListLink head_;
};

}  // namespace novelo::rt
