#include "bench/e2e/load/window.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// All time since the start in which a CPU was not idle.
double machine_seconds() {
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  double ticks = 0;
  // user nice system idle iowait irq softirq steal
  for (int column = 0; column < 8; ++column) {
    double value = 0;
    stat >> value;
    ticks += column == 3 || column == 4 ? 0 : value;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

Watched watch(const std::string& text) {
  const auto sign = text.find('=');
  pid_t pid = 0;
  if (sign != std::string::npos) {
    std::from_chars(text.data() + sign + 1, text.data() + text.size(), pid);
  }
  Watched watched{text.substr(0, sign), {}};
  if (pid <= 0 || clock_getcpuclockid(pid, &watched.clock) != 0) {
    throw std::invalid_argument("'" + text + "' is not NAME=PID of a process");
  }
  return watched;
}

Moment Window::look() const {
  Moment moment;
  if (control_ >= 0) {
    const std::byte ask{};
    send_all(control_, {&ask, 1});
    receive_all(control_, std::as_writable_bytes(std::span(&moment.tally, 1)));
  }
  moment.time_ns = now_ns();
  moment.machine_s = machine_seconds();
  for (const Watched& watched : watched_) {
    moment.cpu_s.push_back(cpu_seconds(watched.clock));
  }
  moment.cpu_s.push_back(cpu_seconds(CLOCK_PROCESS_CPUTIME_ID));
  return moment;
}

nlohmann::json Window::report() const {
  // A name may stand for several processes, as nginx is.
  nlohmann::json cpu_s = nlohmann::json::object();
  double other_s = end_.machine_s - begin_.machine_s;
  for (std::size_t index = 0; index < end_.cpu_s.size(); ++index) {
    const std::string name = index < watched_.size() ? watched_[index].name : "load";
    const double used_s = end_.cpu_s[index] - begin_.cpu_s[index];
    cpu_s[name] = cpu_s.value(name, 0.0) + used_s;
    other_s -= used_s;
  }
  nlohmann::json result = {
      {"seconds", seconds()}, {"cpu_s", cpu_s}, {"other_cpus", std::max(0.0, other_s / seconds())}};
  if (control_ >= 0) {
    const auto bytes = static_cast<double>(end_.tally.received_bytes - begin_.tally.received_bytes);
    const auto sink_ns = static_cast<double>(end_.tally.time_ns - begin_.tally.time_ns);
    result["up_bytes"] = bytes;
    result["up_bytes_per_s"] = bytes * 1e9 / sink_ns;
  }
  return result;
}

}  // namespace ringway::bench
