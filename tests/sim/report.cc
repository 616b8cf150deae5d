#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "tests/sim/world.h"

// The trace for a person: one line for each thing that happened to the session concerned.
namespace ringway::sim {
namespace {

using proxy::simulated::Trace;

std::string words_for(std::int64_t result) {
  return result < 0 ? strerrorname_np(static_cast<int>(-result)) : std::to_string(result);
}

}  // namespace

std::string World::trace(std::size_t limit) const {
  const Conversation* concerned = outcome_.violation ? checker_.conversation_of(outcome_.violation->end) : nullptr;
  const auto side_of = [&](EndId end) {
    const Conversation* conversation = checker_.conversation_of(end);
    return conversation == nullptr ? "?" : (conversation->client ^ end) <= 1U ? "client" : "upstream";
  };
  std::vector<std::string> lines;
  for (const Trace::Line& line : trace_.lines()) {
    if (concerned != nullptr && line.end != kNoEnd && checker_.conversation_of(line.end) != concerned) {
      continue;
    }
    std::array<char, 160> text{};
    const auto at_ns = (line.at - Time(std::chrono::hours(1))).count();
    int used = std::snprintf(text.data(), text.size(), "%14.6f ms  ", static_cast<double>(at_ns) / 1e6);
    if (line.end != kNoEnd) {
      used += std::snprintf(text.data() + used, text.size() - static_cast<std::size_t>(used), "%-8s end %-5u ",
                            side_of(line.end), line.end);
    }
    if (line.fd >= 0) {
      used += std::snprintf(text.data() + used, text.size() - static_cast<std::size_t>(used), "fd %-4d ", line.fd);
    }
    used += std::snprintf(text.data() + used, text.size() - static_cast<std::size_t>(used), "%s %s", line.what,
                          words_for(line.result).c_str());
    if (line.has_token && line.token.operation != 0) {
      std::snprintf(text.data() + used, text.size() - static_cast<std::size_t>(used), "  (slot %u.%u)", line.token.slot,
                    line.token.generation);
    }
    lines.emplace_back(text.data());
  }
  std::string all;
  for (std::size_t at = lines.size() > limit ? lines.size() - limit : 0; at < lines.size(); ++at) {
    all += lines[at] + "\n";
  }
  return all;
}

}  // namespace ringway::sim
