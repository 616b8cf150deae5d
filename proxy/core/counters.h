#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "proxy/core/cause.h"
#include "proxy/core/retry_budget.h"

namespace ringway::proxy {

/// A number with one writer and any number of readers: a plain add for the writer, never a locked instruction.
class Counter {
 public:
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// The largest that one writer saw since a reader last took it.
class Peak {
 public:
  void see(std::uint64_t value) {
    if (value > value_.load(std::memory_order_relaxed)) {
      value_.store(value, std::memory_order_relaxed);
    }
  }
  /// Of all readers one gets it. What the writer sees meanwhile may stand in this or in the next.
  [[nodiscard]] std::uint64_t take() const { return value_.exchange(0, std::memory_order_relaxed); }

 private:
  mutable std::atomic<std::uint64_t> value_{0};
};

/// Upper bounds of the buckets of `ringway_connect_seconds`, in microseconds; one more bucket takes the rest.
/// From one loopback round trip to the longest sensible `connect.timeout`.
inline constexpr std::array<std::uint32_t, 13> kConnectBucketBounds_us = {
    50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 50'000, 100'000, 500'000, 1'000'000, 5'000'000};

/// What one worker counts for one port of a Service. Written by that worker alone, read by the control thread.
struct alignas(64) ServiceCounters {
  Counter connections;       ///< accepted
  Counter active;            ///< sessions now, connecting ones included
  Counter bytes_upstream;    ///< from client to upstream
  Counter bytes_downstream;  ///< from upstream to client
  Counter queued;            ///< sessions that wait now for one of others to end
  Counter retries;           ///< connect attempts after the first
  Counter retries_unpaid;    ///< sessions that the retry budget denied another attempt
  Counter source_unmatched;  ///< attempts from the kernel's choice, for want of a `source` of the endpoint's family
  std::array<Counter, 2> bandwidth_waits;  ///< times that reading paused, from the client and from the upstream
  RetryBudget retry_budget;                ///< the worker's alone: not for readers
  std::array<Counter, kCauseCount> ended;
  std::array<Counter, kConnectBucketBounds_us.size() + 1> connect_buckets;
  Counter connect_total_us;

  void observe_connect(std::uint64_t elapsed_us);
};

/// What one worker counts for itself. Written by that worker alone.
struct alignas(64) WorkerCounters {
  Counter sessions_active;
  Counter accepts_paused;  ///< times that accepting stopped for want of file descriptors or session slots
  Counter busy_us;         ///< time not spent waiting
  Counter idle_us;
  Peak longest_turn_us;       ///< between two waits
  Counter buffers_exhausted;  ///< receives that had to wait because the buffer pool was empty
  Counter relay_copy_bytes;
  Counter relay_splice_bytes;
  Counter access_log_dropped;
};

/// The counters of one port of a Service, for all workers. Made by the Reconciler, lives as long as the port's key is
/// configured (and longer while a snapshot names it), so that counters survive a reload.
class ServiceStats {
 public:
  explicit ServiceStats(std::size_t workers) : count_(workers), counters_(new ServiceCounters[workers]) {}

  [[nodiscard]] ServiceCounters& worker(std::size_t index) { return counters_[index]; }
  [[nodiscard]] std::span<const ServiceCounters> all() const { return {counters_.get(), count_}; }

  /// Sessions now, over all workers.
  [[nodiscard]] std::uint64_t active() const {
    std::uint64_t sum = 0;
    for (const ServiceCounters& worker : all()) {
      sum += worker.active.get();
    }
    return sum;
  }

  /// Those of `active` that wait in the queue.
  [[nodiscard]] std::uint64_t queued() const {
    std::uint64_t sum = 0;
    for (const ServiceCounters& worker : all()) {
      sum += worker.queued.get();
    }
    return sum;
  }

  /// Shared by all workers, so that round robin is one order and not one order for each worker.
  std::atomic<std::uint64_t> round_robin_cursor{0};
  /// A connect failed or a session was reset early since the control thread last took this back.
  std::atomic<bool> failures_seen{false};
  /// And a session was counted that ended without having reached an endpoint.
  std::atomic<bool> refusals_seen{false};

 private:
  std::size_t count_;
  std::unique_ptr<ServiceCounters[]> counters_;
};

}  // namespace ringway::proxy
