#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "config/claims.h"
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

// Two listeners cannot stand in one place, be it of one Service with an address twice or of two.
void refuse_double_claims(Draft& draft) {
  struct Owner {
    const ServiceDraft* service;
    const Spot* spot;
  };
  std::unordered_map<std::string, Owner> owners;
  for (const ServiceDraft& one : draft.services) {
    for (const Claim& claim : claims_of(one.service)) {
      const bool of_node = claim.place.starts_with("node port");
      const Spot* spot = &one.health_check_node_port;
      if (claim.port < one.ports.size()) {
        spot = of_node ? &one.node_ports[claim.port] : &one.ports[claim.port];
      }
      const auto key = claim.place + "/" + std::to_string(static_cast<int>(claim.protocol));
      const auto [owner, added] = owners.try_emplace(key, Owner{&one, spot});
      if (!added && owner->second.service != &one) {
        const Metadata& other = owner->second.service->service.metadata;
        draft.report.mistake(
            spot->at, spot->path,
            claim.place + " belongs to Service " + other.ns + "/" + other.name + " at " +
                text_of(owner->second.spot->at) +
                (of_node ? ", every node port may be taken once" : ", every VIP and port may be taken once"));
      } else if (!added && spot == &one.health_check_node_port) {
        draft.report.mistake(spot->at, spot->path, claim.place + " is that of a port of the Service too");
      }
      if (claim.protocol == Protocol::kTcp && claim.place == draft.ringway.admin_listen) {
        draft.report.mistake(spot->at, spot->path,
                             claim.place + " is where the admin API listens (admin.listen), choose another address");
      }
    }
  }
}

// Whoever may write a Service could else draw the connections of others to any address (CVE-2020-8554).
void restrict_external_ips(Draft& draft) {
  for (ServiceDraft& one : draft.services) {
    restrict_external_ips(one.service, draft.ringway);
    for (const std::string& ip : one.service.refused_external_ips) {
      draft.report.note("service " + one.service.metadata.ns + "/" + one.service.metadata.name + ": external IP " + ip +
                        " is not served, no network of spec.externalIPs.allow holds it");
    }
  }
}

void make_service(Draft& draft, ServiceDraft& one, Configuration& into) {
  Service& service = one.service;
  set_policy(service, draft.defaults, one.policy);
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
  restrict_external_ips(draft);
  refuse_double_claims(draft);

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
