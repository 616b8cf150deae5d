#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ringway::proxy {

/// A text that several places hold, like the name of a workload: kept once, 8 bytes for each holder, never changed. One
/// object is one thread's, copies are any thread's.
class SharedText {
 public:
  SharedText() = default;  ///< ""
  explicit SharedText(std::string_view text);
  SharedText(const SharedText& other) noexcept : kept_(other.kept_) { hold(); }
  SharedText(SharedText&& other) noexcept : kept_(std::exchange(other.kept_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(kept_, other.kept_);
    return *this;
  }
  ~SharedText() { release(); }

  [[nodiscard]] bool empty() const { return kept_ == nullptr; }
  [[nodiscard]] std::string_view view() const;
  // NOLINTNEXTLINE(google-explicit-constructor): it is a text
  operator std::string_view() const { return view(); }

  friend bool operator==(const SharedText& left, const SharedText& right) {
    return left.kept_ == right.kept_ || left.view() == right.view();
  }
  friend bool operator==(const SharedText& left, std::string_view right) { return left.view() == right; }

 private:
  /// What stands before the bytes of a text, in one piece with them.
  struct Kept {
    std::atomic<std::uint32_t> holders{1};
    std::uint32_t size = 0;
  };

  void hold() const {
    if (kept_ != nullptr) {
      kept_->holders.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void release();

  Kept* kept_ = nullptr;  ///< null: ""
};

}  // namespace ringway::proxy
