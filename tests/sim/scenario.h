#pragma once

#include <cstdint>

#include "proxy/ring/simulated/faults.h"
#include "proxy/ring/simulated/random.h"
#include "proxy/ring/simulated/simulated_ring.h"

namespace ringway::sim {

using proxy::Duration;
using proxy::simulated::Random;

/// The clients have so many addresses, from here on.
inline constexpr std::uint32_t kFirstClient = 0x0a800001;
inline constexpr std::uint32_t kClientAddresses = 32;

/// How peers behave, each a probability for one peer.
struct Manners {
  double resets = 0;    ///< sends RST at any time
  double closes = 0;    ///< closes as soon as it has said all, whatever may still come
  double vanishes = 0;  ///< its host goes away
  double stalls = 0;    ///< stops reading for a long time
  double slow = 0;      ///< reads little at a time
  double answers = 0;   ///< says something only when it has read something
  double fin_last = 0;  ///< ends when the other has ended
  double silent = 0;    ///< says nothing
  double large = 0;     ///< says much
  double pauses = 0;    ///< waits for seconds between two chunks
};

/// How upstreams take connections, each a probability for one attempt.
struct Troubles {
  double refuses = 0;
  double unreachable = 0;
  double silent = 0;
  double slow = 0;
};

/// All that one seed decides before it begins.
struct Scenario {
  std::uint64_t seed = 0;
  std::uint32_t sessions = 0;
  Duration arrivals{};  ///< all clients come within this
  std::uint32_t services = 1;
  std::uint32_t session_budget = 0;
  proxy::simulated::Weather weather;
  proxy::simulated::Faults faults;
  proxy::simulated::RingLimits limits;
  Manners clients;
  Manners upstreams;
  Troubles troubles;
  bool idle_timeouts = false;
  bool max_ages = false;
  bool bandwidths = false;
  std::uint32_t switches = 0;          ///< changes of the plan
  std::uint32_t closed_endpoints = 0;  ///< times that the sessions of one endpoint are closed
  bool drains = false;
  bool stops_early = false;
};

/// `sessions`: that many in place of what the seed says, 0 for that.
Scenario draw_scenario(std::uint64_t seed, std::uint32_t sessions);

}  // namespace ringway::sim
