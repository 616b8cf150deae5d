#include "config/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace ringway::config {
namespace {

constexpr std::string_view kAllowed =
    "a quantity is needed: a number with a suffix of k, M, G, T, Ki, Mi, Gi, Ti or none, like 10Mi";
/// A double holds every whole number up to this (2^53).
constexpr double kMost = 9'007'199'254'740'992.0;

struct Suffix {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Suffix, 8> kSuffixes = {{{"Ti", std::uint64_t{1} << 40},
                                              {"Gi", std::uint64_t{1} << 30},
                                              {"Mi", std::uint64_t{1} << 20},
                                              {"Ki", std::uint64_t{1} << 10},
                                              {"T", 1'000'000'000'000},
                                              {"G", 1'000'000'000},
                                              {"M", 1'000'000},
                                              {"k", 1000}}};

}  // namespace

std::expected<std::uint64_t, std::string> parse_quantity(std::string_view text) {
  const auto suffix = std::ranges::find_if(kSuffixes, [text](const Suffix& one) { return text.ends_with(one.name); });
  const std::string_view number = suffix == kSuffixes.end() ? text : text.substr(0, text.size() - suffix->name.size());
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size() || number.starts_with('-') ||
      !std::isfinite(value)) {
    return std::unexpected(std::string(kAllowed));
  }
  value = std::ceil(value * static_cast<double>(suffix == kSuffixes.end() ? 1 : suffix->factor));
  if (value > kMost) {
    return std::unexpected("'" + std::string(text) + "' is too much");
  }
  return static_cast<std::uint64_t>(value);
}

std::string print_quantity(std::uint64_t value) {
  std::string shortest = std::to_string(value);
  for (const Suffix& suffix : kSuffixes) {
    if (value == 0 || value % suffix.factor != 0) {
      continue;
    }
    if (std::string text = std::to_string(value / suffix.factor).append(suffix.name); text.size() < shortest.size()) {
      shortest = std::move(text);
    }
  }
  return shortest;
}

}  // namespace ringway::config
