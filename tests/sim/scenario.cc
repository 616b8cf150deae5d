#include "tests/sim/scenario.h"

#include <algorithm>

namespace ringway::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Draws probabilities: calm seeds have few faults and small ones, savage seeds many and large ones.
class Severity {
 public:
  explicit Severity(Random& random) : random_(random), level_(random.chance(0.15) ? 0 : random.unit()) {}

  double draw(double most) {
    if (!random_.chance(0.2 + 0.6 * level_) || level_ == 0) {
      return 0;
    }
    const double part = random_.unit();
    return most * level_ * part * part;
  }

 private:
  Random& random_;
  double level_;
};

Manners draw_manners(Severity& severity, Random& random) {
  return {.resets = severity.draw(0.8),
          .closes = severity.draw(0.8),
          .vanishes = severity.draw(0.2),
          .stalls = severity.draw(0.3),
          .slow = severity.draw(0.6),
          .answers = random.unit(),
          .fin_last = random.unit() * 0.7,
          .silent = severity.draw(0.3),
          .large = severity.draw(0.15),
          .pauses = severity.draw(0.3)};
}

proxy::simulated::Faults draw_faults(Severity& severity, Random& random) {
  return {.short_receive = severity.draw(0.8),
          .short_send = severity.draw(0.8),
          .send_again = random.chance(0.3) ? 1.0 : severity.draw(1.0),
          .no_buffer = severity.draw(0.5),
          .end_multishot = severity.draw(0.8),
          .delayed_start = severity.draw(1.0),
          .late_completion = severity.draw(1.0),
          .most_late = random.chance(0.1) ? Duration(milliseconds(20)) : Duration(microseconds(1 + random.below(300))),
          .success_despite_cancel = severity.draw(1.0),
          .groundless_await = severity.draw(0.5),
          .groundless_again = severity.draw(0.5),
          .urgent_mark = severity.draw(0.3),
          .masked_refusal = severity.draw(1.0),
          .no_file = severity.draw(0.3),
          .port_taken = severity.draw(0.5),
          .reorder = severity.draw(1.0),
          .early_return = severity.draw(0.2),
          .most_turn_cost = microseconds(random.below(random.chance(0.1) ? 3000 : 40))};
}

std::uint32_t power_between(Random& random, std::uint32_t least_bits, std::uint32_t most_bits) {
  const std::uint32_t power = 1U << random.between(least_bits, most_bits);
  return power - random.below(power / 4 + 1);
}

proxy::simulated::RingLimits draw_limits(std::uint32_t sessions, Severity& severity, Random& random) {
  proxy::simulated::RingLimits limits;
  limits.buffer_bytes = power_between(random, 4, random.chance(0.1) ? 14 : 10);
  limits.buffer_count = std::min(sessions * 4 + 16, 2048U);
  if (severity.draw(1.0) > 0.1) {
    limits.buffer_count = 2 + random.below(16);
  }
  limits.offered_buffers = random.chance(0.3) ? 1 + random.below(8) : 256;
  limits.pipe_count = random.chance(0.3) ? random.below(4) : 64;
  limits.pipe_bytes = power_between(random, 6, random.chance(0.1) ? 18 : 14);
  if (severity.draw(1.0) > 0.15) {
    limits.files = 12 + random.below(2 * sessions);
  }
  limits.close_at_once = random.chance(0.5);
  return limits;
}

}  // namespace

Scenario draw_scenario(std::uint64_t seed, std::uint32_t sessions) {
  Random random(seed * 0x2545f4914f6cdd1dULL + 0x5851f42d4c957f2dULL);
  Severity severity(random);
  Scenario drawn;
  drawn.seed = seed;
  drawn.sessions = random.chance(0.0005) ? 1000 + random.below(2000) : 5 + random.below(35);
  if (sessions > 0) {
    drawn.sessions = sessions;
  }
  drawn.arrivals =
      random.between(milliseconds(1), random.chance(0.3) ? Duration(seconds(3)) : Duration(milliseconds(50)));
  drawn.services = 1 + random.below(3);
  drawn.session_budget = random.chance(0.2) ? 1 + random.below(drawn.sessions) : drawn.sessions + 1;
  drawn.weather.most_latency = microseconds(random.below(random.chance(0.2) ? 5000 : 200) + 6);
  drawn.weather.segment_bytes = power_between(random, 4, 16);
  drawn.weather.least_socket_bytes = power_between(random, 5, 12);
  drawn.weather.most_socket_bytes = drawn.weather.least_socket_bytes << random.below(random.chance(0.05) ? 8 : 4);
  drawn.weather.lost_before_reset = severity.draw(1.0);
  drawn.faults = draw_faults(severity, random);
  drawn.limits = draw_limits(drawn.sessions, severity, random);
  drawn.clients = draw_manners(severity, random);
  drawn.upstreams = draw_manners(severity, random);
  drawn.troubles = {.refuses = severity.draw(0.8),
                    .unreachable = severity.draw(0.4),
                    .silent = severity.draw(0.3),
                    .slow = severity.draw(0.6)};
  drawn.idle_timeouts = random.chance(0.4);
  drawn.switches = random.chance(0.5) ? random.below(12) : 0;
  drawn.closed_endpoints = random.chance(0.2) ? random.below(4) : 0;
  drawn.drains = random.chance(0.15);
  drawn.stops_early = random.chance(0.15);
  drawn.max_ages = random.chance(0.2);
  drawn.bandwidths = random.chance(0.2);
  return drawn;
}

}  // namespace ringway::sim
