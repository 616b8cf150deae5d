#include "discovery/verdict.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "discovery/labels/mismatch.h"

namespace ringway::discovery {
namespace {

std::string name_of(const Workload& workload) {
  return workload.ns.empty() ? workload.name : workload.ns + "/" + workload.name;
}

std::span<const Requirement> requirements_of(const config::Service& service) {
  return service.selector ? std::span(service.selector->requirements()) : std::span<const Requirement>();
}

bool other_namespace(const config::Service& service, const Workload& workload) {
  return !workload.ns.empty() && workload.ns != service.metadata.ns;
}

/// A workload that is not selected, or, where nothing is amiss, one that is.
struct Miss {
  std::size_t amiss = 0;
  std::size_t absent = 0;  ///< of those, labels that it does not have at all: a label with another value is nearer
  const Workload* workload = nullptr;
};

Miss look_at(const config::Service& service, const Workload& workload) {
  Miss miss{.amiss = other_namespace(service, workload) ? 1U : 0U, .absent = 0, .workload = &workload};
  for (const Requirement& requirement : requirements_of(service)) {
    if (!requirement.matches(workload.labels)) {
      ++miss.amiss;
      miss.absent += workload.labels.contains(requirement.key) ? 0 : 1;
    }
  }
  return miss;
}

std::string port_text(const ServicePortView& port) {
  const std::string& name = port.configured->name;
  return "port " + (name.empty() ? std::to_string(port.configured->port) : name) + ": ";
}

std::string checks_text(const HealthChecker::Subscription* check) {
  if (check == nullptr || check->failures() == 0) {
    return "";  // what a check of before a reload found still holds
  }
  const std::uint64_t all = check->failures() + check->successes();
  return std::to_string(check->failures()) + " of " + std::to_string(all) + " checks failed: ";
}

std::string state_text(const EndpointView& view) {
  switch (view.condition) {
    case EndpointCondition::kNotReady:
      return view.source + " says: " + view.reason;
    case EndpointCondition::kDown:
      return "health: " + checks_text(view.check) + view.reason;
    case EndpointCondition::kUnknown:
      return "health: " + view.reason;
    default:
      return view.reason;
  }
}

/// What one endpoint of one port is, and why.
std::string endpoint_text(const EndpointView& view) {
  const std::string state = state_text(view);
  if (!view.usable) {
    return state;
  }
  const std::string in = "takes new sessions at " + view.state->address.to_string();
  return state.empty() ? in : in + " for want of a better one (" + state + ")";
}

bool is_of(const EndpointView& view, const Verdict& verdict) {
  return view.source == verdict.source && view.state->workload == verdict.workload;
}

/// One that is selected and has no endpoint of its own: another one has its address, or there is none yet.
std::string why_no_endpoint(const ServicePortView& port, const Workload& workload) {
  for (const EndpointView& view : port.endpoints) {
    if (std::ranges::find(workload.addresses, view.state->address.ip()) != workload.addresses.end()) {
      return "has the address " + view.state->address.to_string() + " together with " +
             std::string(view.state->workload);
    }
  }
  return "selected, and not an endpoint yet";
}

Verdict selected(const ServiceView& service, const Workload& workload) {
  Verdict verdict{
      .workload = name_of(workload), .source = workload.source, .selected = true, .in = false, .reasons = {}};
  const bool of_service = look_at(*service.service, workload).amiss == 0;
  for (const ServicePortView& port : service.ports) {
    bool found = false;
    for (const EndpointView& view : port.endpoints) {
      if (is_of(view, verdict)) {
        verdict.in = verdict.in || view.usable;
        const std::string& route = view.state->service().route;
        verdict.reasons.push_back(port_text(port) + (route.empty() ? "" : "route " + route + ": ") +
                                  endpoint_text(view));
        found = true;
      }
    }
    if (!found && of_service) {
      verdict.reasons.push_back(port_text(port) + why_no_endpoint(port, workload));
    }
  }
  if (verdict.reasons.empty()) {
    verdict.reasons.emplace_back("selected, and the Service has no port that runs");
  }
  return verdict;
}

Verdict not_wanted(const config::Service& service, const Workload& workload) {
  Verdict verdict{
      .workload = name_of(workload), .source = workload.source, .selected = false, .in = false, .reasons = {}};
  if (other_namespace(service, workload)) {
    verdict.reasons.push_back("namespace is '" + workload.ns + "', wanted '" + service.metadata.ns + "'");
  }
  for (const Requirement& requirement : requirements_of(service)) {
    if (std::string why = mismatch(requirement, workload.labels); !why.empty()) {
      verdict.reasons.push_back(std::move(why));
    }
  }
  return verdict;
}

/// A Service without a selector: one for each target of its EndpointSlices.
Verdicts judge_slices(const ServiceView& service) {
  std::map<std::string, Verdict> by_name;
  for (const ServicePortView& port : service.ports) {
    for (const EndpointView& view : port.endpoints) {
      const std::string name =
          view.state->workload.empty() ? view.state->address.to_string() : std::string(view.state->workload);
      Verdict& verdict = by_name[name];
      verdict.workload = name;
      verdict.source = view.source;
      verdict.selected = true;
      verdict.in = verdict.in || view.usable;
      verdict.reasons.push_back(port_text(port) + endpoint_text(view));
    }
  }
  Verdicts out;
  for (auto& [name, verdict] : by_name) {
    out.items.push_back(std::move(verdict));
  }
  return out;
}

/// Selected by a route of one of its ports.
bool of_a_route(const ServiceView& service, const Workload& workload) {
  return std::ranges::any_of(service.ports, [&workload](const ServicePortView& port) {
    return std::ranges::any_of(
        port.routes, [&workload](const RouteView& route) { return look_at(*route.service, workload).amiss == 0; });
  });
}

}  // namespace

Verdicts judge(const ServiceView& service, const std::map<std::pair<std::string, std::string>, Workload>& workloads) {
  if (requirements_of(*service.service).empty()) {
    return judge_slices(service);
  }
  Verdicts out;
  std::vector<Miss> misses;
  for (const auto& [key, workload] : workloads) {
    const Miss miss = look_at(*service.service, workload);
    if (miss.amiss > 0 && !of_a_route(service, workload)) {
      misses.push_back(miss);
    } else {
      out.items.push_back(selected(service, workload));
    }
  }
  std::ranges::stable_sort(misses, {}, [](const Miss& miss) { return std::pair(miss.amiss, miss.absent); });
  const std::size_t all = misses.size();
  if (all > kNamedMisses) {
    std::erase_if(misses, [](const Miss& miss) { return miss.amiss > 1; });
    misses.resize(std::min(misses.size(), kNamedMisses));
  }
  for (const Miss& miss : misses) {
    out.items.push_back(not_wanted(*service.service, *miss.workload));
  }
  out.left_out = all - misses.size();
  return out;
}

}  // namespace ringway::discovery
