#include "bench/discovery/cluster.h"

#include <algorithm>

#include "proxy/core/address.h"

namespace ringway::bench {
namespace {

constexpr std::size_t kSliceEndpoints = 100;
constexpr std::uint32_t kFirstVip = 0x7F600001;       ///< from 127.96.0.1
constexpr std::uint32_t kFirstEndpoint = 0x0A000001;  ///< from 10.0.0.1
constexpr std::uint16_t kPort = 80;
constexpr std::uint16_t kTargetPort = 8'080;
constexpr std::size_t kNodes = 100;
constexpr std::size_t kZones = 3;

}  // namespace

std::string id_of(const config::EndpointSlice& slice) {
  return slice.metadata.ns + "/" + slice.metadata.name;
}

Cluster::Cluster(const std::vector<Kind>& kinds) {
  for (const Kind& kind : kinds) {
    first_slices_.push_back(slices_.size());
    for (std::size_t i = 0; i < kind.services; ++i) {
      const std::size_t number = configuration_->services.size();
      config::Service service;
      service.metadata.ns = "team-" + std::to_string(number % kNodes);
      service.metadata.name = "service-" + std::to_string(number);
      service.cluster_ips = {proxy::IpAddress::v4(kFirstVip + static_cast<std::uint32_t>(number)).to_string()};
      service.ports = {{"http", kPort, config::Protocol::kTcp, kTargetPort}};
      configuration_->services.push_back(service);
      add_slices(service.metadata.name, kind.endpoints);
    }
  }
}

void Cluster::add_slices(const std::string& service, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    config::EndpointSlice slice;
    slice.metadata.ns = configuration_->services.back().metadata.ns;
    slice.metadata.name = service + "-" + std::to_string(slices_.size());
    slice.metadata.labels = {{"kubernetes.io/service-name", service},
                             {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"}};
    slice.service = service;
    slice.ports = {{"http", kTargetPort, config::Protocol::kTcp}};
    for (std::size_t i = 0; i < std::min(kSliceEndpoints, count - done); ++i) {
      const std::string number = std::to_string(endpoints_);
      config::SliceEndpoint& endpoint = slice.endpoints.emplace_back();
      endpoint.address = proxy::IpAddress::v4(kFirstEndpoint + static_cast<std::uint32_t>(endpoints_));
      endpoint.place = config::Placement{.node = "node-" + std::to_string(endpoints_ % kNodes),
                                         .zone = "zone-" + std::to_string(endpoints_ % kZones),
                                         .hint_zones = {},
                                         .hint_nodes = {}};
      // As a Deployment names its Pods.
      endpoint.workload = proxy::SharedText(slice.metadata.ns + "/" + service + "-7d4b9c8f6d-" + number);
      ++endpoints_;
    }
    done += slice.endpoints.size();
    slices_.push_back(std::move(slice));
  }
}

}  // namespace ringway::bench
