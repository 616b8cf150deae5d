#include "discovery/reconciler.h"

#include <utility>

#include "discovery/reconciler_impl.h"

namespace ringway::discovery {

Reconciler::Reconciler(std::size_t workers, const proxy::Clock& clock, HealthChecker& checker, Output& output)
    : impl_(std::make_unique<Impl>(workers, clock, checker, output)) {}

Reconciler::~Reconciler() = default;

void Reconciler::set_node_addresses(std::vector<proxy::IpAddress> addresses) {
  impl_->set_node_addresses(std::move(addresses));
}

std::shared_ptr<const proxy::Snapshot> Reconciler::preview(const config::Configuration& configuration) const {
  return impl_->preview(configuration);
}

void Reconciler::configure(std::shared_ptr<const config::Configuration> configuration) {
  impl_->configure(std::move(configuration));
}

void Reconciler::workload_changed(const Workload* before, const Workload* after, proxy::Time arrived) {
  impl_->workload_changed(before, after, arrived);
}

void Reconciler::slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now,
                               proxy::Time arrived) {
  impl_->slice_changed(id, std::move(now), arrived);
}

void Reconciler::set_zone(const std::string& zone) {
  impl_->set_zone(zone);
}

Reconciler::DrainPlan Reconciler::plan_drain(std::string_view endpoint, std::optional<DrainLifetime> lifetime) {
  return impl_->plan_drain(endpoint, lifetime);
}
void Reconciler::set_drains(DrainMarks marks) {
  impl_->set_drains(std::move(marks));
}
const DrainMarks& Reconciler::drains() const {
  return impl_->drains();
}

std::shared_ptr<const proxy::Snapshot> Reconciler::build() {
  return impl_->build();
}

proxy::Time Reconciler::oldest_pending() const {
  return impl_->oldest_pending();
}

proxy::Time Reconciler::expire(std::uint64_t in_force) {
  return impl_->expire(in_force);
}

void Reconciler::review_sessions() {
  impl_->review_sessions();
}

std::vector<ServiceView> Reconciler::services() const {
  return impl_->services();
}

std::vector<EndpointView> Reconciler::endpoints(const proxy::ServiceKey& key) const {
  return impl_->endpoints(key);
}

std::vector<ServicePortView> Reconciler::ports_after(const proxy::ServiceKey* after, std::size_t limit) const {
  return impl_->ports_after(after, limit);
}

std::vector<EndpointView> Reconciler::endpoints_after(const proxy::ServiceKey& key,
                                                      const std::optional<proxy::SocketAddress>& after,
                                                      std::size_t limit) const {
  return impl_->endpoints_after(key, after, limit);
}

}  // namespace ringway::discovery
