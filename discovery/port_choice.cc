#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "discovery/port_runtime.h"

// Who of a port's endpoints may be picked.
namespace ringway::discovery {
namespace {

std::vector<std::shared_ptr<proxy::EndpointState>> states_of(const std::vector<Contender>& contenders) {
  std::vector<std::shared_ptr<proxy::EndpointState>> states;
  states.reserve(contenders.size());
  for (const Contender& one : contenders) {
    states.push_back(one.state);
  }
  return states;
}

/// For kube-proxy: ready, or terminating and still of use.
bool serves(const Candidate& about) {
  return about.terminating ? about.serving : about.ready;
}

/// None where all are alike, for then no picker needs them.
std::vector<std::uint16_t> weights_of(const std::vector<Contender>& contenders) {
  // A share of a small weight needs finer weights.
  std::uint32_t scale = 1;
  if (std::ranges::any_of(contenders, [](const Contender& one) { return one.share < 1; })) {
    const auto heaviest = std::ranges::max(contenders, {}, [](const Contender& one) { return one.about->weight; });
    scale = std::max<std::uint32_t>(1, proxy::kMaxWeight / std::max<std::uint32_t>(1, heaviest.about->weight));
  }
  std::vector<std::uint16_t> weights;
  for (const Contender& one : contenders) {
    const auto weight = static_cast<double>(one.about->weight * scale) * one.share;
    weights.push_back(static_cast<std::uint16_t>(std::max(weight, 1.0)));
  }
  return std::ranges::adjacent_find(weights, std::ranges::not_equal_to{}) == weights.end()
             ? std::vector<std::uint16_t>()
             : weights;
}

}  // namespace

// Who is ready, or else terminates and serves, is as kube-proxy's CategorizeEndpoints has it. Without one that the
// frontend reaches, but with one elsewhere on which the traffic policy turns, a load balancer shall not take a refusal
// for an answer of the Service.
PortRuntime::Choice PortRuntime::pick(const Frontend& frontend, proxy::Time now) const {
  Choice choice;
  std::vector<Contender> ready;
  std::vector<Contender> fallback;
  std::vector<std::shared_ptr<proxy::EndpointState>> ejected;
  bool any_ready = false;
  bool any_down = false;
  Frontend anywhere = frontend;
  anywhere.local = false;
  for (const auto& entry : endpoints_) {
    const Endpoint& endpoint = *entry;
    if (!reaches(frontend, endpoint)) {
      choice.silent = choice.silent || (frontend.local && reaches(anywhere, endpoint) && serves(endpoint.about));
      continue;
    }
    any_ready = any_ready || (endpoint.about.ready && !endpoint.about.terminating);
    if (endpoint.ready()) {
      any_down = any_down || endpoint.ejected || endpoint.up() == false;
      choice.healthy += endpoint.well ? 1 : 0;
      if (endpoint.ejected && endpoint.passes_check()) {
        ejected.push_back(endpoint.state);
      }
      ready.push_back({&endpoint.about, endpoint.state, endpoint.well, share_of(endpoint, now)});
    } else if (endpoint.about.terminating && endpoint.about.serving && !endpoint.drained && endpoint.about.weight > 0) {
      fallback.push_back({&endpoint.about, endpoint.state, true});
    }
  }
  choice.ready = ready.size();
  choice.panic = choice.healthy == 0 && any_down;
  Preferred preferred;
  if (choice.panic) {
    // Whoever may work is asked, wherever it is.
    preferred.endpoints = std::move(ready);
  } else {
    preferred =
        prefer(any_ready ? std::move(ready) : std::move(fallback), service_->policy, environment_.here, frontend.local);
  }
  choice.endpoints = states_of(preferred.endpoints);
  choice.weights = weights_of(preferred.endpoints);
  std::ranges::transform(preferred.reserves, std::back_inserter(choice.reserves), states_of);
  if (!choice.panic && !ejected.empty() && choice.healthy > 0) {
    // Better than nothing for who has tried all others: it may be back, and the others may be gone meanwhile.
    choice.reserves.push_back(std::move(ejected));
  }
  choice.silent = choice.silent && choice.endpoints.empty();
  choice.tier = preferred.tier;
  choice.wanted = preferred.wanted;
  choice.reach = preferred.reach;
  return choice;
}

bool PortRuntime::choose(std::uint64_t coming, proxy::Time now) {
  if (!configured()) {
    return false;
  }
  note_well(now);
  std::vector<Choice> choices;
  std::ranges::transform(fronts_, std::back_inserter(choices),
                         [&](const Front& front) { return pick(front.frontend, now); });
  mark_published(choices, coming, now);
  const auto in_panic = std::ranges::find_if(choices, &Choice::panic);
  say_panic(in_panic == choices.end() ? choices.front() : *in_panic);
  say_tier(choices.front());
  bool changed = false;
  for (std::size_t i = 0; i < fronts_.size(); ++i) {
    changed = run(fronts_[i], std::move(choices[i])) || changed;
  }
  return changed;
}

void PortRuntime::mark_published(const std::vector<Choice>& choices, std::uint64_t coming, proxy::Time now) {
  std::vector<const proxy::EndpointState*> chosen;
  std::vector<const proxy::EndpointState*> reserve;
  const auto add = [](const auto& states, std::vector<const proxy::EndpointState*>& into) {
    std::ranges::transform(states, std::back_inserter(into), [](const auto& state) { return state.get(); });
  };
  for (const Choice& choice : choices) {
    add(choice.endpoints, chosen);
    for (const auto& group : choice.reserves) {
      add(group, reserve);
    }
  }
  std::ranges::sort(chosen);
  std::ranges::sort(reserve);
  for (const auto& entry : endpoints_) {
    Endpoint& endpoint = *entry;
    const bool preferred = std::ranges::binary_search(chosen, endpoint.state.get());
    endpoint.in_reserve = !preferred && std::ranges::binary_search(reserve, endpoint.state.get());
    const bool named = preferred || endpoint.in_reserve;
    if (std::exchange(endpoint.published, named) && !named) {
      endpoint.without_since = coming;
    }
    const bool drains = endpoint.about.terminating && !named;
    if (!drains) {
      endpoint.deadline = proxy::Time::max();
      endpoint.closed = false;
    } else if (!endpoint.draining()) {
      endpoint.deadline = drain_deadline(now);
    }
  }
  for (const auto& endpoint : leaving_) {
    endpoint->in_reserve = false;
    if (std::exchange(endpoint->published, false)) {
      endpoint->without_since = coming;
    }
  }
}

void PortRuntime::say_panic(const Choice& choice) {
  if (choice.panic == std::exchange(panic_, choice.panic)) {
    return;
  }
  const std::string of_ready = " of " + std::to_string(choice.ready);
  const std::string who = "service " + key().to_string() + ": ";
  if (choice.panic) {
    environment_.output.say(who + "no healthy endpoint" + of_ready + ", sending to all ready ones");
  } else if (choice.ready == 0) {
    environment_.output.say(who + "no ready endpoint left");
  } else {
    environment_.output.say(who + std::to_string(choice.healthy) + of_ready + " endpoints healthy again");
  }
}

void PortRuntime::say_tier(const Choice& choice) {
  const bool spilled = reach_ < wanted_;
  wanted_ = choice.wanted;
  if (choice.endpoints.empty() || choice.panic) {
    return;
  }
  const std::string who = "service " + key().to_string() + ": ";
  if (choice.tier != std::exchange(tier_, choice.tier)) {
    environment_.output.say(who + "tier " + std::to_string(choice.tier + 1) + " of " +
                            std::to_string(service_->policy.tiers.size() + 1) + " takes new sessions now");
  }
  if (choice.reach != std::exchange(reach_, choice.reach) && spilled != (choice.reach < choice.wanted)) {
    environment_.output.say(who +
                            (spilled ? "enough near endpoints are healthy again, sessions stay "
                                     : "too few near endpoints are healthy, sessions go ") +
                            std::string(to_string(choice.reach)));
  }
}

}  // namespace ringway::discovery
