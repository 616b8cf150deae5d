#include "discovery/labels/weight.h"

#include <charconv>

namespace ringway::discovery {

std::expected<std::optional<std::uint16_t>, std::string> read_weight(const Labels& labels) {
  const auto found = labels.find(kWeightKey);
  if (found == labels.end()) {
    return std::nullopt;
  }
  const std::string& text = found->second;
  std::uint16_t weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end != text.data() + text.size() || weight > kMaxWeight) {
    return std::unexpected("'" + text.substr(0, 40) + "' is no weight, a whole number from 0 to " +
                           std::to_string(kMaxWeight) + " is needed");
  }
  return weight;
}

}  // namespace ringway::discovery
