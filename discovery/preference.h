#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/values.h"
#include "discovery/candidates.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// Where this daemon runs. Who has no node or zone is near to nobody.
struct Place {
  std::string node;
  std::string zone;

  bool operator==(const Place&) const = default;
};

/// Whether the endpoint is on this node, by the name of the node alone, as kube-proxy's `IsLocal` has it.
[[nodiscard]] bool is_on(const Candidate& about, const Place& here);

/// How far sessions of a port go.
enum class Reach : std::uint8_t { kAnywhere, kSameZone, kSameNode };

/// An endpoint that may get sessions as far as its source, its operator and its weight say.
struct Contender {
  const Candidate* about = nullptr;
  std::shared_ptr<proxy::EndpointState> state;
  bool healthy = false;
  double share = 1;  ///< of its weight: less while it starts slowly
};

/// Who of them is picked first, and who for retries.
struct Preferred {
  std::vector<Contender> endpoints;
  std::vector<std::vector<Contender>> reserves;  ///< none of them is empty
  std::size_t tier = 0;
  Reach wanted = Reach::kAnywhere;
  Reach reach = Reach::kAnywhere;  ///< `wanted`, or farther where too few are near
};

/// The healthy ones of the first tier that has any (as HAProxy's `backup` has it); of those the near ones, unless less
/// than `min_healthy` of the near ones are healthy: then those of the next wider circle, the near ones too. Envoy
/// begins to spill at 1/1.4 = 71 % (its overprovisioning factor). All that are left out are reserves, near before far
/// and tier by tier. Everybody counts as healthy where none is. Where `all_near`, the contenders are this node's and
/// none of them is nearer than another, whatever was hinted.
[[nodiscard]] Preferred prefer(std::vector<Contender> contenders, const config::Policy& policy, const Place& here,
                               bool all_near = false);

}  // namespace ringway::discovery
