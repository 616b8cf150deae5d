#include "discovery/preference.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace ringway::discovery {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool on_node(const Candidate& about, const Place& here) {
  const config::Placement& place = about.place;
  const bool near = place.hint_nodes.empty() ? place.node == here.node : contains(place.hint_nodes, here.node);
  return near && !here.node.empty();
}

bool in_zone(const Candidate& about, const Place& here) {
  const config::Placement& place = about.place;
  const bool near = place.hint_zones.empty() ? place.zone == here.zone : contains(place.hint_zones, here.zone);
  return near && !here.zone.empty();
}

/// The innermost circle around this node that holds it.
Reach reach_of(const Candidate& about, const Place& here, Reach wanted) {
  if (wanted == Reach::kSameNode && on_node(about, here)) {
    return Reach::kSameNode;
  }
  return wanted != Reach::kAnywhere && in_zone(about, here) ? Reach::kSameZone : Reach::kAnywhere;
}

/// Hints count only where every endpoint has them, as with kube-proxy: else somebody would get nothing.
Reach wanted_reach(const std::vector<Contender>& contenders, const config::Policy& policy) {
  if (policy.prefer) {
    constexpr std::array kReaches = {Reach::kAnywhere, Reach::kSameZone, Reach::kSameNode};
    return kReaches.at(static_cast<std::size_t>(*policy.prefer));
  }
  const auto all = [&contenders](std::vector<std::string> config::Placement::* hints) {
    return std::ranges::none_of(contenders,
                                [hints](const Contender& one) { return (one.about->place.get().*hints).empty(); });
  };
  if (all(&config::Placement::hint_nodes)) {
    return Reach::kSameNode;
  }
  return all(&config::Placement::hint_zones) ? Reach::kSameZone : Reach::kAnywhere;
}

}  // namespace

bool is_on(const Candidate& about, const Place& here) {
  return about.place.get().node == here.node && !here.node.empty();
}

Preferred prefer(std::vector<Contender> contenders, const config::Policy& policy, const Place& here, bool all_near) {
  Preferred result;
  if (contenders.empty()) {
    return result;
  }
  result.wanted = all_near ? Reach::kSameNode : wanted_reach(contenders, policy);
  if (std::ranges::none_of(contenders, &Contender::healthy)) {
    std::ranges::for_each(contenders, [](Contender& one) { one.healthy = true; });
  }
  result.tier = policy.tiers.size();
  for (const Contender& one : contenders) {
    result.tier = one.healthy ? std::min<std::size_t>(result.tier, one.about->tier) : result.tier;
  }
  // Near and healthy, near at all: of the tier, in each circle and what lies inside of it.
  std::array<std::size_t, 3> healthy{};
  std::array<std::size_t, 3> all{};
  const auto circle = [&](const Contender& one) {
    return all_near ? Reach::kSameNode : reach_of(*one.about, here, result.wanted);
  };
  for (const Contender& one : contenders) {
    if (one.about->tier == result.tier) {
      for (std::size_t outer = 0; outer <= static_cast<std::size_t>(circle(one)); ++outer) {
        ++all.at(outer);
        healthy.at(outer) += one.healthy ? 1 : 0;
      }
    }
  }
  const auto enough = [&](Reach reach) {
    const auto at = static_cast<std::size_t>(reach);
    return healthy.at(at) > 0 &&
           static_cast<double>(healthy.at(at)) >= policy.min_healthy * static_cast<double>(all.at(at));
  };
  result.reach = result.wanted;
  while (!all_near && result.reach != Reach::kAnywhere && !enough(result.reach)) {
    result.reach = result.reach == Reach::kSameNode ? Reach::kSameZone : Reach::kAnywhere;
  }

  // Reserves by tier, and in a tier from near to far.
  std::map<std::pair<std::size_t, int>, std::vector<Contender>> reserves;
  for (Contender& one : contenders) {
    const Reach where = circle(one);
    if (!one.healthy) {
      continue;
    }
    if (one.about->tier == result.tier && where >= result.reach) {
      result.endpoints.push_back(std::move(one));
    } else {
      reserves[{one.about->tier, -static_cast<int>(where)}].push_back(std::move(one));
    }
  }
  for (auto& [rank, group] : reserves) {
    result.reserves.push_back(std::move(group));
  }
  return result;
}

}  // namespace ringway::discovery
