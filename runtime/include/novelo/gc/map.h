// novelo/gc/map.h
// An ordered map whose entries are on the collected heap: std::map's shape and names, for keys and values that may
// refer to collected objects. Included by novelo/gc.h.
//
//   from   as gc::make(): goroutines
//   cost   find, insert and erase O(log n); one object an entry; an entry keeps its place as long as it is in the map
//   how    a treap: ordered by key, and a heap by a random number of each entry, which keeps it flat
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "novelo/gc/layout.h"

namespace novelo::gc {

template <class T, class... A>
Ptr<T> make(A&&... args);

namespace internal {

template <class K, class V>
struct MapEntry {
  Ptr<MapEntry> left;
  Ptr<MapEntry> right;
  Ptr<MapEntry> parent;
  std::uint64_t weight;  // no child's is larger
  std::pair<const K, V> value;
};

template <class Entry>
Ptr<Entry> leftmost(Ptr<Entry> entry) noexcept {
  while (entry && entry->left) entry = entry->left;
  return entry;
}
template <class Entry>
Ptr<Entry> rightmost(Ptr<Entry> entry) noexcept {
  while (entry && entry->right) entry = entry->right;
  return entry;
}

}  // namespace internal

template <class K, class V, class Less = std::less<K>>
class Map {
  using Entry = internal::MapEntry<K, V>;

  template <bool kIsConst>
  class Iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = std::pair<const K, V>;
    using difference_type = std::ptrdiff_t;
    using reference = std::conditional_t<kIsConst, const value_type&, value_type&>;
    using pointer = std::conditional_t<kIsConst, const value_type*, value_type*>;

    Iterator() noexcept = default;
    template <bool kOther>
      requires(kIsConst && !kOther)
    Iterator(const Iterator<kOther>& other) noexcept : map_(other.map_), entry_(other.entry_) {}

    reference operator*() const noexcept { return entry_->value; }
    pointer operator->() const noexcept { return &entry_->value; }
    Iterator& operator++() noexcept {
      if (entry_->right) {
        entry_ = internal::leftmost(entry_->right);
        return *this;
      }
      Ptr<Entry> below = std::exchange(entry_, entry_->parent);
      while (entry_ && entry_->right == below) below = std::exchange(entry_, entry_->parent);
      return *this;
    }
    Iterator& operator--() noexcept {
      if (!entry_) {
        entry_ = internal::rightmost(map_->top_);
        return *this;
      }
      if (entry_->left) {
        entry_ = internal::rightmost(entry_->left);
        return *this;
      }
      Ptr<Entry> below = std::exchange(entry_, entry_->parent);
      while (entry_ && entry_->left == below) below = std::exchange(entry_, entry_->parent);
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    Iterator operator--(int) noexcept {
      Iterator before = *this;
      --*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.entry_ == b.entry_; }

   private:
    friend class Map;
    Iterator(const Map* map, Ptr<Entry> entry) noexcept : map_(map), entry_(entry) {}
    const Map* map_ = nullptr;
    Ptr<Entry> entry_;  // null: past the last
  };

 public:
  using key_type = K;
  using mapped_type = V;
  using value_type = std::pair<const K, V>;
  using size_type = std::size_t;
  using iterator = Iterator<false>;
  using const_iterator = Iterator<true>;

  Map() noexcept = default;
  Map(std::initializer_list<value_type> values) {
    for (const value_type& value : values) insert(value);
  }
  Map(const Map& other) {
    for (const value_type& value : other) insert(value);
  }
  Map(Map&& other) noexcept
      : top_(std::exchange(other.top_, nullptr)), size_(std::exchange(other.size_, 0)), random_(other.random_) {}
  Map& operator=(const Map& other) {
    Map copy(other);
    swap(copy);
    return *this;
  }
  Map& operator=(Map&& other) noexcept {
    top_ = std::exchange(other.top_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  void swap(Map& other) noexcept {
    std::swap(top_, other.top_);
    std::swap(size_, other.size_);
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  void clear() noexcept {
    top_ = nullptr;
    size_ = 0;
  }
  iterator begin() noexcept { return {this, internal::leftmost(top_)}; }
  iterator end() noexcept { return {this, nullptr}; }
  const_iterator begin() const noexcept { return {this, internal::leftmost(top_)}; }
  const_iterator end() const noexcept { return {this, nullptr}; }

  iterator find(const K& key) { return {this, entry_of(key)}; }
  const_iterator find(const K& key) const { return {this, entry_of(key)}; }
  bool contains(const K& key) const { return entry_of(key) != nullptr; }
  std::size_t count(const K& key) const { return contains(key) ? 1 : 0; }
  // The first that is not before `key`.
  iterator lower_bound(const K& key) { return {this, first_not_before(key)}; }
  const_iterator lower_bound(const K& key) const { return {this, first_not_before(key)}; }

  // Throw std::out_of_range without such a key.
  V& at(const K& key) { return found(entry_of(key)); }
  const V& at(const K& key) const { return found(entry_of(key)); }
  V& operator[](const K& key) { return try_emplace(key).first->second; }

  // Change nothing when the key is there already.
  template <class... A>
  std::pair<iterator, bool> try_emplace(const K& key, A&&... args) {
    Ptr<Entry> parent;
    bool is_left = false;
    for (Ptr<Entry> at = top_; at;) {
      parent = at;
      if (Less()(key, at->value.first)) {
        is_left = true;
        at = at->left;
      } else if (Less()(at->value.first, key)) {
        is_left = false;
        at = at->right;
      } else {
        return {iterator(this, at), false};
      }
    }
    const Ptr<Entry> entry = make<Entry>(nullptr, nullptr, parent, next_weight(),
                                         value_type(std::piecewise_construct, std::forward_as_tuple(key),
                                                    std::forward_as_tuple(std::forward<A>(args)...)));
    if (!parent) {
      top_ = entry;
    } else if (is_left) {
      parent->left = entry;
    } else {
      parent->right = entry;
    }
    while (entry->parent && entry->parent->weight < entry->weight) rotate_up(entry);
    ++size_;
    return {iterator(this, entry), true};
  }
  std::pair<iterator, bool> insert(const value_type& value) { return try_emplace(value.first, value.second); }
  std::pair<iterator, bool> insert(value_type&& value) { return try_emplace(value.first, std::move(value.second)); }
  template <class... A>
  std::pair<iterator, bool> emplace(A&&... args) {
    return insert(value_type(std::forward<A>(args)...));
  }
  template <class U>
  std::pair<iterator, bool> insert_or_assign(const K& key, U&& value) {
    const auto [at, is_new] = try_emplace(key);
    at->second = std::forward<U>(value);
    return {at, is_new};
  }

  std::size_t erase(const K& key) {
    const Ptr<Entry> entry = entry_of(key);
    if (entry) remove(entry);
    return entry ? 1 : 0;
  }
  // Returns the one behind it.
  iterator erase(iterator at) {
    iterator behind = at;
    ++behind;
    remove(at.entry_);
    return behind;
  }

  friend bool operator==(const Map& a, const Map& b) {
    if (a.size_ != b.size_) return false;
    for (auto i = a.begin(), k = b.begin(); i != a.end(); ++i, ++k) {
      if (!(*i == *k)) return false;
    }
    return true;
  }

 private:
  static V& found(Ptr<Entry> entry) {
    if (!entry) throw std::out_of_range("gc::Map::at: there is no such key");
    return entry->value.second;
  }
  Ptr<Entry> first_not_before(const K& key) const {
    Ptr<Entry> best;
    for (Ptr<Entry> at = top_; at;) {
      if (Less()(at->value.first, key)) {
        at = at->right;
      } else {
        best = at;
        at = at->left;
      }
    }
    return best;
  }
  Ptr<Entry> entry_of(const K& key) const {
    const Ptr<Entry> entry = first_not_before(key);
    return entry && !Less()(key, entry->value.first) ? entry : nullptr;
  }
  std::uint64_t next_weight() noexcept {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_;
  }
  void put_below(Ptr<Entry> parent, Ptr<Entry> old_child, Ptr<Entry> child) noexcept {
    if (!parent) {
      top_ = child;
    } else if (parent->left == old_child) {
      parent->left = child;
    } else {
      parent->right = child;
    }
    if (child) child->parent = parent;
  }
  // It takes its parent's place.
  void rotate_up(Ptr<Entry> entry) noexcept {
    const Ptr<Entry> parent = entry->parent;
    put_below(parent->parent, parent, entry);
    const bool was_left = parent->left == entry;
    const Ptr<Entry> between = was_left ? entry->right : entry->left;
    (was_left ? parent->left : parent->right) = between;
    if (between) between->parent = parent;
    (was_left ? entry->right : entry->left) = parent;
    parent->parent = entry;
  }
  void remove(Ptr<Entry> entry) noexcept {
    while (entry->left && entry->right) {
      rotate_up(entry->left->weight > entry->right->weight ? entry->left : entry->right);
    }
    put_below(entry->parent, entry, entry->left ? entry->left : entry->right);
    --size_;
  }

  Ptr<Entry> top_;
  std::size_t size_ = 0;
  std::uint64_t random_ = 0x9E37'79B9'7F4A'7C15;
};

namespace internal {

template <class K, class V, class Less>
struct Places<Map<K, V, Less>> {
  static constexpr bool kIsKnown = true;
  static constexpr std::array<std::size_t, 1> kOffsets = {0};  // its first member
};

}  // namespace internal
}  // namespace novelo::gc
