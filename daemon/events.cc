#include "daemon/events.h"

#include <utility>

namespace ringway::daemon {

void EventLog::add(Event event) {
  event.sequence = ++newest_;
  event.time = std::chrono::system_clock::now();
  if (events_.size() == kLimit) {
    events_.pop_front();
  }
  events_.push_back(std::move(event));
}

}  // namespace ringway::daemon
