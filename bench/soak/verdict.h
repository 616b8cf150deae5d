#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ringway::soak {

/// What was promised and not kept. Said at once, told again at the end. Any thread.
class Verdict {
 public:
  void violated(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (++count_ <= kShown) {
      const auto now = std::chrono::steady_clock::now() - start_;
      const std::string line = std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) +
                               " ms: " + scene_ + ": " + what;
      std::fprintf(stderr, "VIOLATED %s\n", line.c_str());
      lines_.push_back(line);
    }
  }
  /// Names what follows: the engine and the phase.
  void enter(const std::string& scene) {
    const std::lock_guard lock(mutex_);
    scene_ = scene;
  }
  [[nodiscard]] bool kept() const {
    const std::lock_guard lock(mutex_);
    return count_ == 0;
  }
  void print() const {
    const std::lock_guard lock(mutex_);
    std::printf("\n%zu promises broken\n", count_);
    for (const std::string& line : lines_) {
      std::printf("  %s\n", line.c_str());
    }
  }

 private:
  static constexpr std::size_t kShown = 100;

  mutable std::mutex mutex_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::string scene_;
  std::size_t count_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace ringway::soak
