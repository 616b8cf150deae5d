#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "discovery/reconciler_impl.h"

namespace ringway::discovery {

Reconciler::DrainPlan Reconciler::Impl::plan_drain(std::string_view endpoint, std::optional<DrainLifetime> lifetime) {
  settle();
  const auto address = proxy::SocketAddress::parse(endpoint);
  DrainPlan plan{.marks = drain_marks_, .named = 0};
  std::vector<DrainMark> named;
  for (const auto& [key, port] : ports_) {
    std::ranges::move(port->named(endpoint, address), std::back_inserter(named));
  }
  plan.named = named.size();
  if (lifetime) {
    for (DrainMark& mark : named) {
      // Who was named by its workload is meant wherever that is.
      add_drain(plan.marks, address ? std::move(mark) : DrainMark{std::nullopt, std::move(mark.workload)}, *lifetime);
    }
    return plan;
  }
  for (const DrainMark& mark : named) {
    plan.marks.erase(mark);
    if (const auto whole = plan.marks.find({std::nullopt, mark.workload}); whole != plan.marks.end()) {
      const DrainLifetime kept = whole->second;
      plan.marks.erase(whole);
      keep_others(plan.marks, mark, kept, address);
    }
  }
  plan.named += std::erase_if(plan.marks, [&address, endpoint](const auto& mark) {
    return address ? mark.first.address == *address : names_workload(endpoint, mark.first.workload);
  });
  return plan;
}

/// A workload was drained by its name, and one of its addresses is put back: the others stay drained.
void Reconciler::Impl::keep_others(DrainMarks& marks, const DrainMark& back, DrainLifetime lifetime,
                                   const std::optional<proxy::SocketAddress>& address) const {
  if (!address) {
    return;
  }
  for (const auto& [key, port] : ports_) {
    for (DrainMark& other : port->named(back.workload, std::nullopt)) {
      if (other.workload == back.workload && other.address != address) {
        add_drain(marks, std::move(other), lifetime);
      }
    }
  }
}

void Reconciler::Impl::set_drains(DrainMarks marks) {
  settle();
  drain_marks_ = std::move(marks);
  for (const auto& [key, port] : ports_) {
    if (port->follow(drain_marks_)) {
      mark(*port);
    }
  }
  if (!dirty_ports_.empty()) {
    want_snapshot();
  }
}

}  // namespace ringway::discovery
