#include "proxy/ring/simulated/timeline.h"

#include <algorithm>

namespace ringway::proxy::simulated {

void Timeline::at(Time when, Actor& actor, std::uint32_t what, std::uint32_t subject) {
  events_.push_back({std::max(when, now_), order_++, &actor, what, subject});
  std::ranges::push_heap(events_, Later());
}

void Timeline::advance(Time when) {
  while (!events_.empty() && events_.front().at <= when) {
    std::ranges::pop_heap(events_, Later());
    const Event event = events_.back();
    events_.pop_back();
    now_ = event.at;
    ++happened_;
    event.actor->act(event.what, event.subject);
  }
  now_ = std::max(now_, when);
}

}  // namespace ringway::proxy::simulated
