#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace ringway::proxy {

/// A vector whose copies share what they have in common, so that a copy with one element changed costs a 64th of the
/// whole, and two of them are compared without a look at what they share. Elements are read in place and written by
/// `set` alone. Copies may be read on any thread; one object is one thread's.
template <typename T>
class SharedVector {
 public:
  SharedVector() = default;
  SharedVector(std::initializer_list<T> elements) : SharedVector(std::vector<T>(elements)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): the same elements, only shared
  SharedVector(const std::vector<T>& elements) {
    for (const T& element : elements) {
      push_back(element);
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const T& operator[](std::size_t index) const { return (*chunks_[index / kChunk])[index % kChunk]; }

  /// Throws std::out_of_range for a place that there is no memory for.
  [[nodiscard]] const T& at(std::size_t index) const { return chunks_.at(index / kChunk)->at(index % kChunk); }

  void set(std::size_t index, T element) { own(index / kChunk)[index % kChunk] = std::move(element); }
  void push_back(T element) {
    resize(size_ + 1);
    set(size_ - 1, std::move(element));
  }
  /// New elements are T().
  void resize(std::size_t size) {
    const std::size_t count = (size + kChunk - 1) / kChunk;
    for (std::size_t index = size; index < std::min(size_, count * kChunk); ++index) {
      set(index, T());
    }
    chunks_.resize(count);
    for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend() && *chunk == nullptr; ++chunk) {
      *chunk = std::make_shared<Chunk>();
    }
    size_ = size;
  }

  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using reference = const T&;
    using pointer = const T*;

    Iterator() = default;
    Iterator(const SharedVector& of, std::size_t index) : of_(&of), index_(index) {}
    reference operator*() const { return (*of_)[index_]; }
    pointer operator->() const { return &(*of_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const SharedVector* of_ = nullptr;
    std::size_t index_ = 0;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size_}; }

  /// Calls `visit(index)` for each place, up to the longer one's end, where they differ. What one of them does not have
  /// is T() there.
  template <typename Visit>
  static void for_each_difference(const SharedVector& left, const SharedVector& right, Visit&& visit) {
    const T none{};
    for (std::size_t chunk = 0; chunk < std::max(left.chunks_.size(), right.chunks_.size()); ++chunk) {
      if (chunk < left.chunks_.size() && chunk < right.chunks_.size() && left.chunks_[chunk] == right.chunks_[chunk]) {
        continue;
      }
      for (std::size_t index = chunk * kChunk; index < (chunk + 1) * kChunk; ++index) {
        if (!(left.at_or(index, none) == right.at_or(index, none))) {
          visit(index);
        }
      }
    }
  }
  friend bool operator==(const SharedVector& left, const SharedVector& right) {
    bool equal = left.size_ == right.size_;
    for_each_difference(left, right, [&equal](std::size_t) { equal = false; });
    return equal;
  }

 private:
  static constexpr std::size_t kChunk = 64;
  using Chunk = std::array<T, kChunk>;

  [[nodiscard]] const T& at_or(std::size_t index, const T& otherwise) const {
    return index < size_ ? (*this)[index] : otherwise;
  }

  Chunk& own(std::size_t chunk) {
    if (chunks_[chunk].use_count() > 1) {
      chunks_[chunk] = std::make_shared<Chunk>(*chunks_[chunk]);
    }
    return *chunks_[chunk];
  }

  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace ringway::proxy
