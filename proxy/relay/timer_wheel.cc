#include "proxy/relay/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace ringway::proxy {

void TimerWheel::set(std::uint32_t slot, Time when) {
  clear(slot);
  const Duration ahead =
      std::clamp<Duration>(when - start_, Duration::zero(), static_cast<Duration::rep>(current_) * kTick + kLongest);
  // Rounded up, so that a timer never fires early.
  timers_[slot].tick = static_cast<std::uint64_t>((ahead + kTick - Duration(1)) / kTick);
  insert(slot);
}

void TimerWheel::clear(std::uint32_t slot) {
  Timer& timer = timers_[slot];
  if (timer.list == kNone) {
    return;
  }
  if (timer.previous != kNone) {
    timers_[timer.previous].next = timer.next;
  } else {
    head(timer.list) = timer.next;
    if (timer.next == kNone && timer.list != kDueList) {
      occupied_[timer.list / kSlots] &= ~(std::uint64_t{1} << (timer.list % kSlots));
    }
  }
  if (timer.next != kNone) {
    timers_[timer.next].previous = timer.previous;
  }
  timer.list = kNone;
}

void TimerWheel::insert(std::uint32_t slot) {
  const std::uint64_t tick = timers_[slot].tick;
  if (tick <= current_) {
    link(slot, kDueList);
    return;
  }
  // The level is that of the highest group of bits in which the tick differs from now: within it, the slot lies ahead.
  const auto level = static_cast<unsigned>(std::bit_width(tick ^ current_) - 1) / kBits;
  const std::uint32_t index = (tick >> (level * kBits)) % kSlots;
  link(slot, level * kSlots + index);
}

void TimerWheel::link(std::uint32_t slot, std::uint32_t list) {
  Timer& timer = timers_[slot];
  timer.list = list;
  timer.previous = kNone;
  timer.next = head(list);
  if (timer.next != kNone) {
    timers_[timer.next].previous = slot;
  }
  head(list) = slot;
  if (list != kDueList) {
    occupied_[list / kSlots] |= std::uint64_t{1} << (list % kSlots);
  }
}

void TimerWheel::cascade(std::uint32_t list) {
  while (heads_[list] != kNone) {
    const std::uint32_t slot = heads_[list];
    clear(slot);
    insert(slot);
  }
}

std::uint64_t TimerWheel::next_tick() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    const auto index = static_cast<unsigned>((current_ >> (level * kBits)) % kSlots);
    // Slots up to the current one of a level are empty, so the lowest set bit is the next in time.
    if (occupied_[level] != 0) {
      const auto ahead = static_cast<std::uint64_t>(std::countr_zero(occupied_[level])) - index;
      const std::uint64_t base = (current_ >> (level * kBits)) + ahead;
      return base << (level * kBits);
    }
  }
  return ~std::uint64_t{0};
}

Time TimerWheel::next() const {
  if (due_ != kNone) {
    return start_ + static_cast<Duration::rep>(current_) * kTick;
  }
  const std::uint64_t tick = next_tick();
  return tick == ~std::uint64_t{0} ? Time::max() : start_ + static_cast<Duration::rep>(tick) * kTick;
}

void TimerWheel::advance(Time now) {
  const std::uint64_t target = now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / kTick);
  while (current_ < target) {
    // Between two occupied slots nothing can happen: jump.
    const std::uint64_t tick = std::min(target, next_tick());
    current_ = std::max(tick, current_ + 1);
    for (unsigned level = kLevels - 1; level > 0; --level) {
      if ((current_ & ((std::uint64_t{1} << (level * kBits)) - 1)) == 0) {
        cascade(level * kSlots + static_cast<std::uint32_t>((current_ >> (level * kBits)) % kSlots));
      }
    }
    cascade(static_cast<std::uint32_t>(current_ % kSlots));
  }
}

}  // namespace ringway::proxy
