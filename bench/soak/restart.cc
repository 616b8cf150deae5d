#include "bench/soak/restart.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "bench/soak/verdict.h"
#include "tests/harness/daemon.h"
#include "tests/harness/echo_server.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/places.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::soak {
namespace {

using proxy::IpAddress;
using proxy::SocketAddress;
using std::chrono::milliseconds;
using test::Clock;

constexpr double kBarForThousand_ms = 200;
constexpr std::uint16_t kPort = 8'080;
constexpr std::uint32_t kLoopbackVips = 0x7F60C801;  ///< from 127.96.200.1, above what tests take
constexpr std::uint32_t kOtherVips = 0x0A600001;     ///< from 10.96.0.1
constexpr std::uint32_t kOutsideVips = 0x0A600101;   ///< from 10.96.1.1
constexpr std::chrono::seconds kRate{2};             ///< for how long connections are made one after the other
constexpr std::uint32_t kEndpoints = 0x7F00C801;     ///< from 127.0.200.1
constexpr std::uint16_t kServerPort = 7'000;
constexpr std::size_t kAddresses = 20;
constexpr const char* kInterface = "ringway0";

/// Each with an endpoint of its own.
std::vector<test::ServiceSpec> services_from(std::uint32_t first, std::size_t count) {
  std::vector<test::ServiceSpec> services;
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint32_t>(i);
    services.push_back({.name = "service-" + std::to_string(i),
                        .vip = {IpAddress::v4(first + index), kPort},
                        .endpoints = {{IpAddress::v4(kEndpoints + index), kServerPort}},
                        .policy = "{}"});
  }
  return services;
}

/// A connection reaches the server. That it is taken says little: the sockets of a killed process that used io_uring
/// listen on until the kernel has cleared its ring away.
bool serves(const SocketAddress& vip) {
  return test::TcpClient(vip).receive(1) == "s";
}

/// The address is on an interface of this namespace, and not only routed there.
bool is_local(const IpAddress& ip) {
  sockaddr_storage storage{};
  const socklen_t length = SocketAddress(ip, 0).fill(storage);
  const test::Fd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

/// From before fork until the first and the last Service take a connection.
double start_ms(test::Daemon& daemon, const std::vector<test::ServiceSpec>& services) {
  const auto begin = Clock::now();
  daemon.start();
  const auto deadline = begin + std::chrono::seconds(30);
  while ((!serves(services.back().vip) || !serves(services.front().vip)) && Clock::now() < deadline) {
    poll(nullptr, 0, 1);
  }
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// What the kernel holds: slab that it cannot give back, and pages of its own (the sockets, and the maps of steering).
std::uint64_t kernel_bytes() {
  std::istringstream lines(test::read_file("/proc/meminfo"));
  std::uint64_t bytes = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("SUnreclaim:") || line.starts_with("VmallocUsed:")) {
      bytes += std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10) * 1024;
    }
  }
  return bytes;
}

/// Connections through one Service, one after the other, with a byte each.
double connects_per_s(const SocketAddress& vip) {
  const auto begin = Clock::now();
  std::size_t made = 0;
  while (Clock::now() - begin < kRate) {
    made += serves(vip) ? 1 : 0;
  }
  return static_cast<double>(made) / std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1024 * 1024);
}

void measure_start(const RestartOptions& options, Verdict& verdict) {
  const auto services = services_from(options.outside ? kOutsideVips : kLoopbackVips, options.services);
  const std::uint64_t kernel_before = kernel_bytes();
  test::Daemon daemon({.config = test::documents(services),
                       .spec_lines = {"log: {level: warn}", "workers: " + options.workers,
                                      "virtualIPs: {mode: " + options.virtual_ips + "}"},
                       .wait_ready = false});
  test::wait_until([&] { return serves(services.back().vip) || !daemon.process().running(); });
  if (!daemon.process().running()) {
    verdict.violated("the daemon does not start: " + daemon.log().substr(0, 200));
    return;
  }
  const std::uint64_t kernel_after = kernel_bytes();
  std::vector<double> times_ms;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    daemon.kill();
    times_ms.push_back(start_ms(daemon, services));
    const auto silent = std::ranges::count_if(services, [](const auto& service) { return !serves(service.vip); });
    if (silent != 0) {
      verdict.violated(std::to_string(silent) + " Services do not serve when the first and the last do");
    }
    if (!test::wait_until([&] { return daemon.ready(); })) {
      verdict.violated("the daemon is not ready");
    }
  }
  const double middle_ms = median(times_ms);
  const double bar_ms = kBarForThousand_ms * std::max(1.0, static_cast<double>(options.services) / 1000);
  std::printf("virtualIPs.mode %s%s, workers %s: %zu files, RSS %.0f MiB, kernel %+.0f MiB, %.0f connections/s\n",
              options.virtual_ips.c_str(), daemon.metric("ringway_steer_fallback") == 1 ? " (which cannot be had)" : "",
              options.workers.c_str(), daemon.open_files(), mebibytes(daemon.resident_bytes()),
              mebibytes(kernel_after) - mebibytes(kernel_before), connects_per_s(services.front().vip));
  std::printf("%zu Services, kill -9, from exec until they serve: median %.0f ms of", options.services, middle_ms);
  for (const double time_ms : times_ms) {
    std::printf(" %.0f", time_ms);
  }
  std::printf(" (bar: %.0f)\n", bar_ms);
  if (middle_ms > bar_ms) {
    verdict.violated("a start takes more than " + std::to_string(std::lround(bar_ms)) + " ms");
  }
}

std::size_t count_local(std::uint32_t first, std::size_t count) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    found += is_local(IpAddress::v4(first + static_cast<std::uint32_t>(i))) ? 1 : 0;
  }
  return found;
}

void expect(Verdict& verdict, const std::string& what, std::size_t is, std::size_t wanted) {
  std::printf("  %-60s %3zu of %zu\n", what.c_str(), is, wanted);
  if (is != wanted) {
    verdict.violated(what + ": " + std::to_string(is) + ", and not " + std::to_string(wanted));
  }
}

/// A dummy where the kernel has them, else something else that goes nowhere.
bool add_interface() {
  return std::ranges::any_of(std::array{"dummy", "bridge", "veth"}, [](const char* type) {
    return test::run({"ip", "link", "add", kInterface, "type", type}).status == 0 && test::set_up(kInterface, true);
  });
}

/// Twenty addresses on an interface of their own: left behind by kill -9, half of them wanted again, the other half
/// replaced.
void look_at_addresses(Verdict& verdict) {
  constexpr std::size_t kHalf = kAddresses / 2;
  if (!add_interface()) {
    verdict.violated("no interface could be made");
    return;
  }
  const auto first = services_from(kOtherVips, kAddresses);
  const auto second = services_from(kOtherVips + kHalf, kAddresses);
  test::Daemon daemon({.config = test::documents(first),
                       .spec_lines = {std::string("virtualIPs: {mode: auto, interface: ") + kInterface + "}"}});
  std::printf("virtual IPs on an interface\n");
  expect(verdict, "added", count_local(kOtherVips, kAddresses), kAddresses);
  daemon.kill();
  expect(verdict, "left behind by kill -9", count_local(kOtherVips, kAddresses), kAddresses);
  daemon.write_config(test::documents(second));
  daemon.start();
  expect(verdict, "there after a start that wants half of them and new ones",
         count_local(kOtherVips + kHalf, kAddresses), kAddresses);
  const auto served =
      std::ranges::count_if(second, [](const auto& service) { return test::TcpClient(service.vip).receive(1) == "s"; });
  expect(verdict, "of those serve", static_cast<std::size_t>(served), kAddresses);
  expect(verdict, "that nobody wants any more", count_local(kOtherVips, kHalf), 0);
  if (daemon.stop() != 0) {
    verdict.violated("the daemon did not stop");
  }
  expect(verdict, "there after SIGTERM", count_local(kOtherVips, kAddresses + kHalf), 0);
}

}  // namespace

int run_restart(const RestartOptions& options) {
  test::raise_file_limit();
  Verdict verdict;
  verdict.enter("restart");
  // Before any thread: what is started from here on lives in that namespace.
  const std::string hindrance = test::enter_own_namespace();
  {
    const test::EchoServer server({.name = "server", .at = {IpAddress::v4(0), kServerPort}});
    measure_start(options, verdict);
    if (hindrance.empty()) {
      look_at_addresses(verdict);
    } else {
      std::printf("virtual IPs are not looked at: no network namespace of our own: %s\n", hindrance.c_str());
    }
  }
  verdict.print();
  return verdict.kept() ? 0 : 1;
}

}  // namespace ringway::soak
