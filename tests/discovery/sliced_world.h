#pragma once

#include <string>
#include <vector>

#include "tests/discovery/world.h"

namespace ringway::discovery {

/// A World of one Service, `service_`, whose endpoints are those of one EndpointSlice; we are on node-a.
class SlicedWorld : public World {
 protected:
  void run() {
    const auto configuration = configuration_of({service_});
    configuration->ringway.node = "node-a";
    config::EndpointSlice& slice = configuration->slices.emplace_back();
    slice.metadata.ns = "shop";
    slice.service = "web";
    slice.ports = {{"http", 8080, config::Protocol::kTcp}};
    slice.endpoints = endpoints_;
    reconciler_.configure(configuration);
    build();
  }
  config::SliceEndpoint& add(const std::string& address, const std::string& node) {
    config::SliceEndpoint& endpoint = endpoints_.emplace_back();
    endpoint.address = proxy::IpAddress::parse(address).value();
    endpoint.place = config::Placement{.node = node, .zone = "", .hint_zones = {}, .hint_nodes = {}};
    return endpoint;
  }

  config::Service service_ = web_service();
  std::vector<config::SliceEndpoint> endpoints_;
};

}  // namespace ringway::discovery
