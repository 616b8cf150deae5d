#include "bench/soak/soak.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "bench/soak/director.h"
#include "bench/soak/held.h"
#include "bench/soak/scene.h"
#include "bench/soak/traffic.h"
#include "tests/harness/places.h"

namespace ringway::soak {
namespace {

/// Of the daemon: fewer sessions than a flood asks for.
constexpr std::uint64_t kFileLimit = 2'048;
/// DataPlane's share of the files for pipes: a sixteenth.
constexpr std::size_t kMostPipeEnds = kFileLimit / 16;
/// What the allocator may keep beyond the first phase's end.
constexpr std::uint64_t kPlateau_bytes = 4UL << 20;
/// An ended session may wait 30 s for a slow reader before RST.
constexpr std::chrono::seconds kDrained{60};

constexpr std::chrono::seconds kQuietLook{1};

/// One engine from the start of the daemon to its end.
class Run {
 public:
  Run(const SoakOptions& options, const std::string& engine, Verdict& verdict)
      : verdict_(verdict),
        engine_(engine),
        scene_(engine, kFileLimit, verdict),
        director_(scene_, ledger_, verdict, options.seed, options.verbose),
        seed_(options.seed),
        time_(std::chrono::duration_cast<milliseconds>(options.time) / options.engines.size()) {}

  void work() {
    const milliseconds warm_up = std::max<milliseconds>(std::chrono::seconds(5), time_ / 4);
    phase("warm-up", warm_up);
    before_ = read_quiet();
    phase("main", std::max<milliseconds>(std::chrono::seconds(5), time_ - warm_up));
    after_ = read_held(scene_.daemon().process().pid());
    check_held();
    metrics_ = scene_.daemon().get("/metrics").body;
    if (const auto status = scene_.daemon().stop(); status != 0) {
      verdict_.violated("SIGTERM without sessions ends with " + (status ? std::to_string(*status) : "nothing"));
    }
  }

  void print() const {
    std::printf("\n%s\n", engine_.c_str());
    std::printf("  %-18s %10s %10s %10s %10s %6s %10s\n", "connections", "begun", "finished", "reset by us", "excused",
                "lost", "MiB checked");
    for (std::size_t i = 0; i < kKinds; ++i) {
      const Tally& tally = total_.kinds[i];
      std::printf("  %-18s %10" PRIu64 " %10" PRIu64 " %11" PRIu64 " %10" PRIu64 " %6" PRIu64 " %10.1f\n",
                  std::string(kTraits[i].name).c_str(), tally.begun, tally.finished, tally.reset, tally.excused,
                  tally.lost, static_cast<double>(tally.bytes) / (1 << 20));
    }
    std::printf("  acts:    ");
    for (std::size_t i = 0; i < kActs; ++i) {
      std::printf("%s%" PRIu64 " %s", i == 0 ? "" : ", ", director_.done()[i], std::string(kActNames[i]).c_str());
    }
    std::printf("\n  excused: ");
    for (const auto& [what, count] : total_.excuses) {
      std::printf("%s%" PRIu64 " x %s", what == total_.excuses.begin()->first ? "" : ", ", count, what.c_str());
    }
    std::printf(
        "\n  daemon:  %.0f accepts paused, %.0f receives without a buffer, %.0f retries, %.0f MiB spliced, %.0f MiB "
        "copied\n",
        metric("ringway_accepts_paused_total"), metric("ringway_buffers_exhausted_total"),
        metric("ringway_connect_retries_total"), metric("ringway_relay_bytes_total", "splice") / (1 << 20),
        metric("ringway_relay_bytes_total", "copy") / (1 << 20));
    for (const auto& [name, held] : {std::pair("warm-up", &before_), std::pair("main", &after_)}) {
      std::printf("  after %s: RSS %.1f MiB; files: %s; %" PRIu64 " bytes in pipes\n", name,
                  static_cast<double>(held->resident_bytes) / (1 << 20), held->files_text().c_str(), held->pipe_bytes);
    }
  }

 private:
  void phase(const std::string& name, milliseconds time) {
    verdict_.enter(engine_ + ", " + name);
    Traffic traffic(scene_.targets(), seed_ + 1, ledger_, verdict_);
    director_.run(time, traffic);
    director_.finish();
    total_.add(traffic.stop());
    settle();
    scene_.check_uploads(total_);
  }

  /// All load is gone: no session may be left.
  void settle() {
    const auto left = [&](const char* name) { return scene_.daemon().metric(name).value_or(-1); };
    for (const char* name : {"ringway_connections_active", "ringway_worker_sessions_active"}) {
      if (!test::wait_until(kDrained, [&] { return left(name) == 0; })) {
        verdict_.violated(std::string(name) + " is " + std::to_string(left(name)) + " without a client");
      }
    }
    if (!scene_.daemon().process().running() || !scene_.daemon().ready()) {
      verdict_.violated("the daemon is not ready");
    }
  }

  /// A probe or an admin connection may be open at any moment: the look of a second with the fewest files.
  [[nodiscard]] Held read_quiet() {
    Held quiet = read_held(scene_.daemon().process().pid());
    test::wait_until(kQuietLook, [&] {
      const Held now = read_held(scene_.daemon().process().pid());
      quiet = now.without_pipes() < quiet.without_pipes() ? now : quiet;
      return false;
    });
    return quiet;
  }

  void check_held() {
    const pid_t pid = scene_.daemon().process().pid();
    if (!test::wait_until([&] { return (after_ = read_held(pid)).without_pipes() <= before_.without_pipes(); })) {
      verdict_.violated("files: " + before_.files_text() + " before, " + after_.files_text() + " after");
    }
    if (after_.pipes() > kMostPipeEnds) {
      verdict_.violated(std::to_string(after_.pipes()) + " ends of pipes, " + std::to_string(kMostPipeEnds) +
                        " are allowed");
    }
    if (after_.pipe_bytes != 0) {
      verdict_.violated(std::to_string(after_.pipe_bytes) + " bytes stand in pipes");
    }
    if (after_.resident_bytes > before_.resident_bytes + kPlateau_bytes) {
      verdict_.violated("RSS grew from " + std::to_string(before_.resident_bytes) + " to " +
                        std::to_string(after_.resident_bytes));
    }
  }

  [[nodiscard]] double metric(const char* name, const char* path = nullptr) const {
    return test::sum_of_samples(metrics_, name,
                                path == nullptr ? std::map<std::string, std::string>()
                                                : std::map<std::string, std::string>{{"path", path}})
        .value_or(0);
  }

  Verdict& verdict_;
  std::string engine_;
  Ledger ledger_;
  Scene scene_;
  Director director_;
  std::uint64_t seed_;
  milliseconds time_;
  TrafficReport total_;
  Held before_;
  Held after_;
  std::string metrics_;
};

}  // namespace

int run_soak(const SoakOptions& options) {
  const std::uint64_t files = test::raise_file_limit();
  std::printf("soak of %lld s, seed %" PRIu64 " (again: --seed %" PRIu64 "), %" PRIu64 " files\n",
              static_cast<long long>(options.time.count()), options.seed, options.seed, files);
  std::fflush(stdout);
  Verdict verdict;
  for (const std::string& engine : options.engines) {
    Run run(options, engine, verdict);
    run.work();
    run.print();
    std::fflush(stdout);
  }
  verdict.print();
  return verdict.kept() ? 0 : 1;
}

}  // namespace ringway::soak
