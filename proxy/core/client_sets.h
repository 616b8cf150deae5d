#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>

#include "proxy/core/address.h"

namespace ringway::proxy {

/// Something for each client address, shared by all workers and of a fixed size: sets of `kWays` places, each with a
/// lock that is held for one look at it; memory is touched where clients are. `Entry` is trivially copyable, and all
/// zeros is a fresh one. Any thread.
template <typename Entry>
class ClientSets {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 8192;

  struct Place {
    IpAddress client;
    bool used;
    Entry entry;
  };

  /// Where there is no memory for it, it has no place for anybody.
  // NOLINTNEXTLINE(*-no-malloc,*-owning-memory): see Set
  ClientSets() : sets_(static_cast<Set*>(std::calloc(kSets, sizeof(Set)))) {}

  /// `act(places)` with those among which `client` has its own or would get one; false, and nothing is done, where
  /// there is no memory, or where nobody has been and `visit` is false.
  template <typename Act>
  bool at(const IpAddress& client, bool visit, Act&& act) const {
    const std::size_t set = std::hash<IpAddress>{}(client) % kSets;
    const std::uint64_t bit = std::uint64_t{1} << (set % kWord_bits);
    std::atomic<std::uint64_t>& word = visited_[set / kWord_bits];
    if (sets_ == nullptr || (!visit && (word.load(std::memory_order_relaxed) & bit) == 0)) {
      return false;
    }
    if (visit && (word.load(std::memory_order_relaxed) & bit) == 0) {
      word.fetch_or(bit, std::memory_order_relaxed);
    }
    const Hold hold(sets_[set]);
    act(hold.places());
    return true;
  }

  /// `act(places)` with those of each set where somebody has been.
  template <typename Act>
  void for_each(Act&& act) const {
    for (std::size_t set = 0; set < kSets; ++set) {
      if ((visited_[set / kWord_bits].load(std::memory_order_relaxed) >> (set % kWord_bits) & 1U) != 0) {
        const Hold hold(sets_[set]);
        act(hold.places());
      }
    }
  }

 private:
  /// All zeros where nobody has been, so that the pages of calloc(3) stay untouched.
  struct Set {
    std::uint32_t busy;
    std::array<Place, kWays> places;
  };
  struct Free {
    void operator()(Set* sets) const { std::free(sets); }  // NOLINT(*-no-malloc,*-owning-memory): see Set
  };
  class Hold {
   public:
    explicit Hold(Set& set) : set_(set) {
      while (std::atomic_ref(set_.busy).exchange(1, std::memory_order_acquire) != 0) {
        // The holder may be another thread of this CPU: a futex lets it go on.
        std::atomic_ref(set_.busy).wait(1, std::memory_order_relaxed);
      }
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
      std::atomic_ref(set_.busy).store(0, std::memory_order_release);
      std::atomic_ref(set_.busy).notify_one();
    }
    [[nodiscard]] std::span<Place> places() const { return set_.places; }

   private:
    Set& set_;
  };
  static constexpr std::size_t kWord_bits = 64;

  std::unique_ptr<Set[], Free> sets_;
  /// A bit for each set where a client has been. The others are not even looked at, for a lock is memory too.
  mutable std::array<std::atomic<std::uint64_t>, kSets / kWord_bits> visited_{};
};

}  // namespace ringway::proxy
