#include <array>
#include <cstdint>
#include <string>

#include "discovery/port_runtime.h"

// What a port refused its clients since the last look, as one line for a person.
namespace ringway::discovery {

void PortRuntime::tell_refusals() {
  if (!key().route.empty() || !stats()->refusals_seen.exchange(false, std::memory_order_acquire)) {
    return;
  }
  std::string reasons;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < proxy::kRejections.size(); ++i) {
    std::uint64_t total = 0;
    for (const proxy::ServiceCounters& worker : stats()->all()) {
      total += worker.ended[static_cast<std::size_t>(proxy::kRejections[i])].get();
    }
    if (const std::uint64_t more = total - refused_[i]; more > 0) {
      reasons += (reasons.empty() ? "" : ", ") + std::to_string(more) + " " +
                 std::string(proxy::to_string(proxy::kRejections[i]));
      all += more;
    }
    refused_[i] = total;
  }
  if (all > 0) {
    environment_.output.say("service " + key().to_string() + ": refused " + std::to_string(all) +
                            (all == 1 ? " client: " : " clients: ") + reasons);
  }
}

}  // namespace ringway::discovery
