#include "discovery/source/docker_signal.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>

namespace ringway::discovery {
namespace {

/// The bounds and names of moby's sys/signal table, which numbers real-time signals from 34.
constexpr int kLastSignal = 64;
constexpr std::array<std::pair<std::string_view, int>, 2> kRealTime = {{{"RTMIN", 34}, {"RTMAX", kLastSignal}}};

int whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

int signal_number(std::string_view text) {
  if (const int number = whole_number(text); number > 0 && number <= kLastSignal) {
    return number;
  }
  if (text.starts_with("SIG")) {
    text.remove_prefix(3);
  }
  for (const auto& [name, base] : kRealTime) {
    if (!text.starts_with(name)) {
      continue;
    }
    const auto offset = text.substr(name.size());
    const int number = base + (offset.starts_with('+') ? whole_number(offset.substr(1)) : whole_number(offset));
    return number <= kLastSignal ? number : 0;
  }
  for (int number = 1; number < kRealTime[0].second; ++number) {
    const char* name = sigabbrev_np(number);
    if (name != nullptr && text == name) {
      return number;
    }
  }
  return 0;
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

bool is_stop_signal(int number, int stop_signal) {
  return number != 0 &&
         (number == stop_signal || number == SIGTERM || number == SIGKILL || number == SIGINT || number == SIGQUIT);
}

}  // namespace ringway::discovery
