#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <random>

#include "bench/soak/isolation.h"
#include "bench/soak/restart.h"
#include "bench/soak/soak.h"

namespace {

/// 1 also for what the harness has seen by itself: a daemon that died, a server that could not bind.
int with_harness(int status) {
  return ::testing::Test::HasFailure() ? 1 : status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Ringway under load and fault", "ringway-soak");
  app.require_subcommand(1);
  ringway::soak::SoakOptions soak{.seed = std::random_device()()};
  std::int64_t seconds = soak.time.count();
  CLI::App* soak_command = app.add_subcommand("soak", "mixed work beside a schedule of faults, and nothing lost");
  soak_command->add_option("--seconds", seconds, "in all, shared by the engines")->capture_default_str();
  soak_command->add_option("--seed", soak.seed, "of an earlier run, for the same schedule");
  soak_command->add_option("--engines", soak.engines, "io_uring, epoll")->delimiter(',');
  soak_command->add_flag("--verbose", soak.verbose, "tells each fault");

  ringway::soak::IsolationOptions isolation;
  CLI::App* isolation_command = app.add_subcommand("isolation", "small messages beside those who take much");
  isolation_command->add_option("--rounds", isolation.rounds, "the median is told")->capture_default_str();
  isolation_command->add_option("--seconds", isolation.seconds, "of each sample")->capture_default_str();
  isolation_command->add_option("--engines", isolation.engines, "io_uring, epoll")->delimiter(',');

  ringway::soak::RestartOptions restart;
  CLI::App* restart_command = app.add_subcommand("restart", "kill -9 and start again with many Services");
  restart_command->add_option("--services", restart.services, "one port and one endpoint each")->capture_default_str();
  restart_command->add_option("--rounds", restart.rounds, "the median is told")->capture_default_str();
  restart_command->add_option("--virtual-ips", restart.virtual_ips, "auto, steer: spec.virtualIPs.mode")
      ->capture_default_str();
  restart_command->add_option("--workers", restart.workers, "spec.workers")->capture_default_str();
  restart_command->add_flag("--outside", restart.outside, "virtual IPs of 10.96.0.0/16, not of 127.0.0.0/8");
  CLI11_PARSE(app, argc, argv);
  soak.time = std::chrono::seconds(seconds);
  if (*soak_command) {
    return with_harness(ringway::soak::run_soak(soak));
  }
  return with_harness(*isolation_command ? ringway::soak::run_isolation(isolation)
                                         : ringway::soak::run_restart(restart));
}
