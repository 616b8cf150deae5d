#include "daemon/events.h"

#include <string_view>
#include <utility>

namespace ringway::daemon {

namespace {

void cut(std::string& text, std::size_t limit) {
  constexpr std::string_view kMark = "...";
  if (text.size() > limit) {
    text.resize(limit - kMark.size());
    text += kMark;
    text.shrink_to_fit();
  }
}

}  // namespace

void EventLog::add(Event event) {
  cut(event.object, kMaxObject);
  cut(event.message, kMaxMessage);
  event.sequence = ++newest_;
  event.time = std::chrono::system_clock::now();
  if (events_.size() == kLimit) {
    events_.pop_front();
  }
  events_.push_back(std::move(event));
}

std::uint64_t EventLog::lost_since(std::uint64_t last) const {
  const std::uint64_t oldest = newest_ - events_.size() + 1;
  return oldest > last + 1 ? oldest - last - 1 : 0;
}

}  // namespace ringway::daemon
