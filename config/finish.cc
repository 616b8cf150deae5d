#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "config/draft.h"

namespace ringway::config {
namespace {

using Seen = std::unordered_map<std::string, Position>;

std::string text_of(const Position& at) {
  return at.file + ":" + std::to_string(at.line);
}

void refuse_doubles(Draft& draft, Seen& seen, std::string_view kind, const Metadata& metadata) {
  if (metadata.name.empty()) {
    return;
  }
  const std::string name = kind == "Node" ? metadata.name : metadata.ns + "/" + metadata.name;
  const auto [first, added] = seen.try_emplace(name, metadata.at);
  if (!added) {
    draft.report.mistake(
        metadata.at, "metadata.name",
        "a second " + std::string(kind) + " " + name + ", the first stands at " + text_of(first->second));
  }
}

template <typename Things>
void refuse_doubles(Draft& draft, std::string_view kind, const Things& things) {
  Seen seen;
  for (const auto& thing : things) {
    refuse_doubles(draft, seen, kind, thing.metadata);
  }
}

// Two listeners cannot stand on one address, be it of one Service with an address twice or of two.
void refuse_double_listeners(Draft& draft) {
  struct Owner {
    const ServiceDraft* service;
    const Spot* spot;
  };
  std::unordered_map<std::string, Owner> owners;
  for (const ServiceDraft& one : draft.services) {
    const Service& service = one.service;
    if (service.headless() || service.type == ServiceType::kExternalName) {
      continue;
    }
    for (const std::string& ip : service.cluster_ips) {
      for (std::size_t i = 0; i < service.ports.size(); ++i) {
        const ServicePort& port = service.ports[i];
        if (port.port == 0) {
          continue;
        }
        const std::string address = (ip.contains(':') ? "[" + ip + "]" : ip) + ":" + std::to_string(port.port);
        const auto key = address + "/" + std::to_string(static_cast<int>(port.protocol));
        const auto [owner, added] = owners.try_emplace(key, Owner{&one, &one.ports[i]});
        if (!added && owner->second.service != &one) {
          const Metadata& other = owner->second.service->service.metadata;
          draft.report.mistake(one.ports[i].at, one.ports[i].path,
                               address + " belongs to Service " + other.ns + "/" + other.name + " at " +
                                   text_of(owner->second.spot->at) + ", every VIP and port may be taken once");
        }
        if (port.protocol == Protocol::kTcp && address == draft.ringway.admin_listen) {
          draft.report.mistake(one.ports[i].at, one.ports[i].path,
                               address + " is where the admin API listens (admin.listen), choose another address");
        }
      }
    }
  }
}

void make_service(Draft& draft, ServiceDraft& one, Configuration& into) {
  Service& service = one.service;
  service.policy = make_policy(draft.defaults, one.policy);
  if (service.traffic_distribution && !one.policy.prefer) {
    service.policy.prefer = service.traffic_distribution;
  }
  if (service.policy.selector) {
    service.selector = service.policy.selector;
  }
  const bool off = one.policy.health_check && one.policy.health_check->off;
  if (one.check && !off && !service.policy.health_check) {
    draft.report.mistake(one.check->at, one.check->path,
                         "tcp, http or grpc is needed, here or in spec.defaults.policy; `off` for no check");
  }
  into.services.push_back(std::move(service));
}

}  // namespace

Configuration finish(Draft& draft) {
  Seen services;
  for (const ServiceDraft& one : draft.services) {
    refuse_doubles(draft, services, "Service", one.service.metadata);
  }
  refuse_doubles(draft, "Pod", draft.pods);
  refuse_doubles(draft, "EndpointSlice", draft.slices);
  refuse_doubles(draft, "Node", draft.nodes);
  refuse_double_listeners(draft);

  Configuration configuration;
  configuration.services.reserve(draft.services.size());
  for (ServiceDraft& one : draft.services) {
    make_service(draft, one, configuration);
  }
  configuration.ringway = std::move(draft.ringway);
  configuration.ringway.default_policy = make_policy(draft.defaults, {});
  configuration.ringway.default_patch = std::make_shared<const PolicyPatch>(draft.defaults);
  if (configuration.ringway.node.empty()) {
    configuration.ringway.node = default_node_name();
  }
  configuration.pods = std::move(draft.pods);
  configuration.slices = std::move(draft.slices);
  configuration.nodes = std::move(draft.nodes);
  return configuration;
}

}  // namespace ringway::config
