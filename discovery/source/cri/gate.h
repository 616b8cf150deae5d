#pragma once

#include <atomic>

namespace ringway::discovery {

/// Counts the calls that gRPC's threads have not ended yet, so that their owner can outlive them. Shared by those
/// threads and the control thread.
class CallGate {
 public:
  void enter() { inside_.fetch_add(1, std::memory_order_relaxed); }
  /// The last thing that a gRPC thread does for a call.
  void leave() {
    if (inside_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      inside_.notify_all();
    }
  }
  /// Waits until nobody is inside: after a cancel that is soon, whatever the server does.
  void wait() const {
    int now = inside_.load(std::memory_order_acquire);
    while (now > 0) {
      inside_.wait(now, std::memory_order_acquire);
      now = inside_.load(std::memory_order_acquire);
    }
  }

 private:
  std::atomic<int> inside_{0};
};

}  // namespace ringway::discovery
