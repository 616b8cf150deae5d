#include "config/duration.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace ringway::config {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kMax = std::chrono::years{100};
constexpr std::string_view kAllowed = "a duration like 1500ms, 2s, 1m30s or 1h is needed";

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// The longer name first where one begins another.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"µs", 1'000},
                                         {"μs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

std::unexpected<std::string> refuse(std::string_view why) {
  return std::unexpected(std::string(why) + (why.empty() ? "" : ", ") + std::string(kAllowed));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Nanoseconds of one NUMBER UNIT at the begin of `text`, which is moved behind it.
std::expected<double, std::string> parse_part(std::string_view& text) {
  double number = 0;
  double scale = 1;
  bool digits = false;
  bool fraction = false;
  for (; !text.empty() && (is_digit(text.front()) || (text.front() == '.' && !fraction)); text.remove_prefix(1)) {
    if (text.front() == '.') {
      fraction = true;
      continue;
    }
    digits = true;
    number = number * 10 + (text.front() - '0');
    scale *= fraction ? 10 : 1;
  }
  if (!digits) {
    return refuse("");
  }
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return number / scale * static_cast<double>(unit.nanoseconds);
    }
  }
  return refuse(text.empty() ? "the unit is missing" : "the unit is unknown (ns, us, ms, s, m or h)");
}

// `smallest` is what `Unit` is called in the error for a duration that is shorter and not zero.
template <typename Unit>
std::expected<Unit, std::string> parse(std::string_view text, std::string_view smallest) {
  if (text == "0") {
    return Unit(0);
  }
  if (text.starts_with('-') || text.starts_with('+')) {
    return refuse("a sign is not allowed");
  }
  if (text.empty()) {
    return refuse("");
  }
  double total = 0;
  bool zero = true;
  while (!text.empty()) {
    const auto part = parse_part(text);
    if (!part) {
      return std::unexpected(part.error());
    }
    total += *part;
    zero = zero && *part == 0;
    if (total > static_cast<double>(kMax.count())) {
      return refuse("more than 100 years");
    }
  }
  // Rounded, for sums like 0.1 + 0.2 fall just short.
  const auto result = std::chrono::floor<Unit>(nanoseconds(std::llround(total)));
  if (result.count() == 0 && !zero) {
    return refuse("less than a " + std::string(smallest));
  }
  return result;
}

}  // namespace

std::expected<milliseconds, std::string> parse_duration(std::string_view text) {
  return parse<milliseconds>(text, "millisecond");
}

std::expected<microseconds, std::string> parse_short_duration(std::string_view text) {
  return parse<microseconds>(text, "microsecond");
}

std::string print_duration(milliseconds duration) {
  if (duration.count() % 1000 != 0) {
    return std::to_string(duration.count()) + "ms";
  }
  const std::int64_t seconds = duration.count() / 1000;
  std::string text;
  for (const auto& [size, name] : {std::pair{3600, "h"}, std::pair{60, "m"}, std::pair{1, "s"}}) {
    const std::int64_t value = size == 3600 ? seconds / 3600 : size == 60 ? seconds % 3600 / 60 : seconds % 60;
    if (value > 0) {
      text += std::to_string(value) + name;
    }
  }
  return text.empty() ? "0" : text;
}

}  // namespace ringway::config
