#include "bench/soak/isolation.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/harness/daemon.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/places.h"
#include "tests/harness/process.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::soak {
namespace {

using proxy::SocketAddress;

constexpr double kBar = 2;
/// The ends of the small messages share a CPU with the neighbour's, and it is not their fight for it that is measured:
/// these come first, and those last.
constexpr std::array kFirst = {"chrt", "-f", "1"};  ///< SCHED_FIFO, sched(7)
constexpr std::array kLast = {"nice", "-n", "19"};
constexpr const char* kVip = "127.96.0.10";
constexpr const char* kSink = "127.0.0.11";       ///< of the small messages
constexpr const char* kOtherSink = "127.0.0.12";  ///< of the neighbour
constexpr std::uint16_t kSinkPort = 7'000;        ///< echo; source, discard and control follow
constexpr std::uint16_t kVipPort = 8'000;         ///< to the sink of the small messages
constexpr std::uint16_t kOtherVipPort = 8'010;    ///< to the neighbour's: echo and source

enum class Neighbour : std::uint8_t { kNone, kBulk, kStalled, kFlood, kCount };
constexpr std::array<const char*, 4> kNames = {"quiet", "one bulk flow", "one stalled reader", "connect and close"};

SocketAddress at(const char* ip, std::uint16_t port) {
  return {proxy::IpAddress::parse(ip).value(), port};
}

void pin(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

std::vector<int> allowed_cpus() {
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &all)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

/// Connects and closes without a pause, on a thread of its own.
class Flood {
 public:
  explicit Flood(const SocketAddress& to)
      : thread_([this, to] {
          while (!stopping_) {
            connects_ += test::TcpClient(to).connected() ? 1 : 0;
          }
        }) {}
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  ~Flood() { stopping_ = true; }
  [[nodiscard]] std::uint64_t connects() const { return connects_; }

 private:
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> connects_{0};
  std::jthread thread_;
};

test::ServiceSpec service(const char* name, std::uint16_t vip_port, const char* sink, std::uint16_t port) {
  return {.name = name, .vip = at(kVip, vip_port), .endpoints = {at(sink, port)}, .policy = "{drain: {timeout: 10ms}}"};
}

std::unique_ptr<test::Process> start(std::vector<std::string> argv) {
  return std::make_unique<test::Process>(
      test::ProcessOptions{.argv = std::move(argv), .environment = {}, .out = {}, .err = {}, .folder = {}, .user = {}});
}

using Words = std::vector<std::string>;

Words words(const std::array<const char*, 3>& from) {
  return {from.begin(), from.end()};
}

Words run_as(Words how, const Words& program) {
  how.insert(how.end(), program.begin(), program.end());
  return how;
}

/// How to start who comes first; nothing where we may not say so.
Words first_in_line() {
  const bool allowed = test::run(run_as(words(kFirst), {"true"})).status == 0;
  return allowed ? words(kFirst) : Words();
}

/// One proxy alone on its CPU, the ends of everything on another.
class Stage {
 public:
  Stage(const std::string& engine, int ends_cpu, int proxy_cpu)
      : sink_(start(run_as(first_, {RINGWAY_SINK, "--listen", at(kSink, kSinkPort).to_string()}))),
        other_sink_(start(run_as(words(kLast), {RINGWAY_SINK, "--listen", at(kOtherSink, kSinkPort).to_string()}))) {
    pin(proxy_cpu);
    daemon_ = std::make_unique<test::Daemon>(test::DaemonOptions{
        .config = test::documents({service("small", kVipPort, kSink, kSinkPort),
                                   service("other", kOtherVipPort, kOtherSink, kSinkPort),
                                   service("source", kOtherVipPort + 1, kOtherSink, kSinkPort + 1)}),
        .spec_lines = {"workers: 1", "engine: " + engine, "log: {level: warn}", "virtualIPs: {mode: off}"}});
    pin(ends_cpu);
  }

  /// The p99 in microseconds; 0 where an error came.
  double sample(Neighbour neighbour, bool through, double seconds) {
    std::unique_ptr<test::Process> bulk;
    std::unique_ptr<Flood> flood;
    std::unique_ptr<test::TcpClient> stalled;
    if (neighbour == Neighbour::kBulk) {
      bulk =
          start(run_as(words(kLast), {RINGWAY_LOAD, "--work", "bulk", "--connections", "1", "--to",
                                      at(kVip, kOtherVipPort).to_string(), "--seconds", std::to_string(seconds + 10)}));
    } else if (neighbour == Neighbour::kStalled) {
      stalled = std::make_unique<test::TcpClient>(at(kVip, kOtherVipPort + 1));
    } else if (neighbour == Neighbour::kFlood) {
      flood = std::make_unique<Flood>(at(kVip, kOtherVipPort));
    }
    const double before = moved();
    const test::Outcome outcome =
        test::run(run_as(first_, {RINGWAY_LOAD, "--work", "ping-pong", "--connections", "64", "--bytes", "64",
                                  "--seconds", std::to_string(seconds), "--to",
                                  (through ? at(kVip, kVipPort) : at(kSink, kSinkPort)).to_string()}),
                  test::kPatience + std::chrono::seconds(static_cast<int>(seconds)));
    neighbour_moved_[static_cast<std::size_t>(neighbour)] += neighbour == Neighbour::kNone ? 0 : moved() - before;
    const auto result = nlohmann::json::parse(outcome.out, nullptr, false);
    if (outcome.status != 0 || result.is_discarded() || result.at("errors") != 0) {
      std::fprintf(stderr, "the load failed: %s%s\n", outcome.out.c_str(), outcome.err.c_str());
      return 0;
    }
    return result.at("p99_us").get<double>();
  }

  [[nodiscard]] bool stands() {
    return test::wait_until([] {
             return test::TcpClient(at(kSink, kSinkPort)).connected() &&
                    test::TcpClient(at(kOtherSink, kSinkPort)).connected();
           }) &&
           daemon_->ready();
  }
  /// What the neighbour did while samples were taken: MiB, or connections.
  [[nodiscard]] double neighbour_moved(Neighbour neighbour) const {
    return neighbour_moved_[static_cast<std::size_t>(neighbour)];
  }

 private:
  [[nodiscard]] double moved() const {
    const std::string text = daemon_->get("/metrics").body;
    return test::sum_of_samples(text, "ringway_bytes_total", {{"service", "source"}}).value_or(0) / (1 << 20) +
           test::sum_of_samples(text, "ringway_connections_total", {{"service", "other"}}).value_or(0);
  }

  Words first_ = first_in_line();
  std::unique_ptr<test::Process> sink_;
  std::unique_ptr<test::Process> other_sink_;
  std::unique_ptr<test::Daemon> daemon_;
  std::array<double, kNames.size()> neighbour_moved_{};
};

/// Everything once in each round, so that a slow minute hits all; false where a bar is broken.
bool measure(const IsolationOptions& options, const std::string& engine, int ends_cpu, int proxy_cpu) {
  Stage stage(engine, ends_cpu, proxy_cpu);
  if (!stage.stands()) {
    std::fprintf(stderr, "the sinks or the proxy do not answer\n");
    return false;
  }
  std::array<std::array<std::vector<double>, 2>, kNames.size()> p99_us;
  bool fine = true;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      for (const bool through : {true, false}) {
        const double sample_us = stage.sample(static_cast<Neighbour>(i), through, options.seconds);
        fine = fine && sample_us > 0;
        p99_us[i][through ? 0 : 1].push_back(sample_us);
      }
    }
  }
  std::printf("\n%s: p99 of 64 ping-pong connections, 64 B, median of %zu rounds\n", engine.c_str(), options.rounds);
  std::printf("  %-20s %10s %7s %18s %7s %14s %s\n", "beside", "through us", "x quiet", "past the proxy us", "x quiet",
              "neighbour", "");
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const double through_us = median(p99_us[i][0]);
    const double past_us = median(p99_us[i][1]);
    const double ratio = through_us / median(p99_us[0][0]);
    std::printf(
        "  %-20s %10.0f %7.2f %18.0f %7.2f %14.0f %s\n", kNames[i], through_us, ratio, past_us,
        past_us / median(p99_us[0][1]),
        stage.neighbour_moved(static_cast<Neighbour>(i)) / (2 * options.seconds * static_cast<double>(options.rounds)),
        i == 0          ? ""
        : ratio <= kBar ? "within 2x"
                        : "MORE THAN 2x");
    fine = fine && ratio <= kBar;
  }
  std::printf("  neighbour: MiB/s of the bulk flow, connections/s of the flood\n");
  return fine;
}

}  // namespace

int run_isolation(const IsolationOptions& options) {
  test::raise_file_limit();
  const std::vector<int> cpus = allowed_cpus();
  if (cpus.size() < 2) {
    std::printf("One CPU: the proxy shares it with the ends, and what they take from each other is in the figures.\n");
  }
  if (const std::string hindrance = test::enter_own_namespace(); !hindrance.empty()) {
    std::printf("No network namespace of our own (%s): ports may be taken.\n", hindrance.c_str());
  }
  bool fine = true;
  for (const std::string& engine : options.engines) {
    fine = measure(options, engine, cpus.front(), cpus.size() < 2 ? cpus.front() : cpus[1]) && fine;
    std::fflush(stdout);
  }
  return fine ? 0 : 1;
}

}  // namespace ringway::soak
