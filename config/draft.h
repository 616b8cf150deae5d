#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/policy.h"
#include "config/report.h"
#include "config/values.h"

namespace ringway::config {

struct ServiceDraft {
  Service service;
  PolicyPatch policy;
  Spot name;
  std::vector<Spot> ports;       ///< of each entry of `service.ports`
  std::vector<Spot> node_ports;  ///< of the node port of each
  std::optional<Spot> check;     ///< of `policy.healthCheck`, where it stands
  Spot health_check_node_port;
};

/// What was read so far, before the documents are held against each other.
struct Draft {
  Ringway ringway;
  std::optional<Position> ringway_at;
  PolicyPatch defaults;
  std::vector<Spot> manifests;  ///< of each entry of `ringway.manifests`
  std::vector<ServiceDraft> services;
  std::vector<Pod> pods;
  std::vector<EndpointSlice> slices;
  std::vector<Node> nodes;
  Report report;
};

/// Reads one document of any kind into `draft`.
void decode_document(const Cursor& document, Draft& draft);

/// One function for each kind. `document` is a mapping whose apiVersion is right.
void decode_ringway(const Cursor& document, Draft& draft);
void decode_service(const Cursor& document, Draft& draft);
/// What of a Service is for clients from outside of the cluster: node ports, external and load balancer's addresses.
void decode_exposure(const Cursor& document, ServiceDraft& draft);
void decode_pod(const Cursor& document, Draft& draft);
void decode_slice(const Cursor& document, Draft& draft);
void decode_node(const Cursor& document, Draft& draft);

/// Reads `metadata`; `check_name` is one of the checks of names.h.
Metadata decode_metadata(const Cursor& document, std::string (*check_name)(std::string_view));

/// The weight that the annotation `ringway.io/weight` says, else the label; leaves a mistake where that is none.
std::optional<std::uint16_t> decode_weight(const Cursor& document, const Metadata& metadata);

/// TCP where it is missing.
Protocol decode_protocol(const Cursor& protocol);
/// An address that one can dial or bind, in canonical text; leaves a mistake and gives nothing otherwise.
struct Address {
  std::string text;
  bool v6 = false;
};
std::optional<Address> decode_address(const Cursor& address);

/// The host name, as `spec.node.name` is without configuration.
std::string default_node_name();

/// Holds the documents against each other (duplicates) and makes the configuration; call once, at the end.
Configuration finish(Draft& draft);

}  // namespace ringway::config
