#include <algorithm>

#include "daemon/log.h"
#include "daemon/supervisor_impl.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

/// A merge costs what exists, so it may take one part in this many of the thread's time.
constexpr int kMergeShare = 10;
/// What the machine refused to bind is tried again after this long.
constexpr std::chrono::seconds kRetryRefused{30};

}  // namespace

void Supervisor::Impl::service_changed(const std::string& id, const config::ApiService* now, proxy::Time arrived) {
  store_.count(discovery::kKubernetesSource, now != nullptr ? "upsert" : "remove");
  cluster_services_.change(id, now);
  events_.add({.kind = now != nullptr ? "ServiceChanged" : "ServiceRemoved",
               .object = "service/" + id,
               .ns = id.substr(0, id.find('/')),
               .service = id.substr(id.find('/') + 1),
               .message = std::string(discovery::kKubernetesSource) + (now != nullptr ? ": as told" : ": gone")});
  merge_soon(arrived);
}

void Supervisor::Impl::slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now,
                                     proxy::Time arrived) {
  store_.count(discovery::kKubernetesSource, now != nullptr ? "upsert" : "remove");
  const auto slash = id.find('/');
  events_.add({.kind = now != nullptr ? "SliceChanged" : "SliceRemoved",
               .object = "endpointslice/" + id,
               .ns = slash == std::string::npos ? "" : id.substr(0, slash),
               .service = now != nullptr ? now->service : "",
               .message = std::string(discovery::kKubernetesSource) + ": " +
                          (now != nullptr ? std::to_string(now->endpoints.size()) + " endpoints" : "gone")});
  reconciler_->slice_changed(id, std::move(now), arrived);
}

void Supervisor::Impl::zone_known(const std::string& zone) {
  reconciler_->set_zone(zone);
}

void Supervisor::Impl::refused(const std::string& line) {
  log::warn("source kubernetes: " + printable(line));
  events_.add({.kind = "ObjectRefused", .object = "source/kubernetes", .message = printable(line)});
}

void Supervisor::Impl::merge_soon(proxy::Time arrived) {
  oldest_service_ = std::min(oldest_service_, arrived);
  if (merge_planned_ || finished_) {
    return;
  }
  merge_planned_ = true;
  merge_timer_.expires_after(std::max<proxy::Duration>(files_->ringway.min_sync_period, merge_cost_ * kMergeShare));
  merge_timer_.async_wait([this](const auto& error) {
    if (!error && !finished_) {
      merge_services();
    }
  });
}

void Supervisor::Impl::merge_services() {
  merge_planned_ = false;
  const proxy::Time began = clock_.now();
  configure_merged();
  publish();
  merge_cost_ = clock_.now() - began;
}

void Supervisor::Impl::configure_merged() {
  if (cluster_services_.empty() && cluster_services_.refusals().empty()) {
    configuration_ = files_;
    tell_refused_external_ips();
    follow_health_ports();
    reconciler_->configure(configuration_);
    return;
  }
  const auto before = cluster_services_.refusals();
  const bool again = clock_.now() - tried_refused_at_ > kRetryRefused;
  if (again) {
    tried_refused_at_ = clock_.now();
  }
  configuration_ = cluster_services_.merge(
      *files_,
      [this](const config::Configuration& configuration) {
        return data_plane_->bind(*reconciler_->preview(configuration));
      },
      again);
  for (const auto& [id, why] : cluster_services_.refusals()) {
    if (const auto known = before.find(id); known == before.end() || known->second != why) {
      log::warn("service " + id + " of the cluster does not run: " + printable(why));
      events_.add({.kind = "ServiceRefused",
                   .object = "service/" + id,
                   .ns = id.substr(0, id.find('/')),
                   .service = id.substr(id.find('/') + 1),
                   .message = printable(why)});
    }
  }
  tell_refused_external_ips();
  follow_health_ports();
  reconciler_->configure(configuration_);
}

void Supervisor::Impl::tell_refused_external_ips() {
  std::set<std::string> lines;
  for (const config::Service& service : configuration_->services) {
    for (const std::string& ip : service.refused_external_ips) {
      const std::string id = service.metadata.ns + "/" + service.metadata.name;
      std::string line =
          "service " + id + ": external IP " + ip + " is not served, no network of spec.externalIPs.allow holds it";
      if (!refused_external_ips_.contains(line)) {
        log::warn(line);
        events_.add({.kind = "ExternalIPRefused",
                     .object = "service/" + id,
                     .ns = service.metadata.ns,
                     .service = service.metadata.name,
                     .message = line});
      }
      lines.insert(std::move(line));
    }
  }
  refused_external_ips_ = std::move(lines);
}

void Supervisor::Impl::retry_refused() {
  if (cluster_services_.may_retry() && !merge_planned_ && clock_.now() - tried_refused_at_ > kRetryRefused) {
    merge_services();
  }
}

// A file's Service that selects workloads means those of a cluster too.
void Supervisor::Impl::want_pods_of_files() {
  const auto selects = [](const config::Service& service) { return service.selects(); };
  if (kubernetes_ != nullptr && std::ranges::any_of(files_->services, selects)) {
    kubernetes_->want_pods();
  }
}

}  // namespace ringway::daemon
