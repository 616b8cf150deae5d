#include "daemon/text.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace ringway::daemon {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

struct Unit {
  std::int64_t milliseconds;
  const char* name;
};

}  // namespace

std::string to_line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_pretty(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
      continue;
    }
    std::array<char, 5> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
    out += escaped.data();
  }
  return out;
}

std::string to_rfc3339(std::chrono::system_clock::time_point when) {
  const auto since = std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> date{};
  const std::size_t length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(since % 1000));
  return std::string(date.data(), length) + fraction.data();
}

std::string to_duration(milliseconds duration) {
  constexpr std::array<Unit, 4> kUnits = {{{3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
  std::int64_t rest = duration.count();
  if (rest == 0) {
    return "0s";
  }
  if (rest % 1'000 != 0 && rest < 60'000) {
    return std::to_string(rest) + "ms";
  }
  std::string out;
  for (const auto& unit : kUnits) {
    if (const std::int64_t count = rest / unit.milliseconds; count > 0) {
      out += std::to_string(count) + unit.name;
      rest %= unit.milliseconds;
    }
  }
  return out;
}

std::string to_age(milliseconds age) {
  constexpr std::array<Unit, 4> kUnits = {{{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
  std::int64_t rest = age.count();
  std::string out;
  int shown = 0;
  for (const auto& unit : kUnits) {
    const std::int64_t count = rest / unit.milliseconds;
    rest %= unit.milliseconds;
    if (count > 0) {
      out += std::to_string(count) + unit.name;
    }
    if ((count > 0 || shown > 0) && ++shown == 2) {
      break;
    }
  }
  return out.empty() ? "0s" : out;
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string to_size(std::uint64_t bytes) {
  if (bytes < 1024) {
    return std::to_string(bytes);
  }
  constexpr std::array<const char*, 6> kUnits = {"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 100 ? "%.1f%s" : "%.0f%s", value, kUnits[unit]);
  return text.data();
}

}  // namespace ringway::daemon
