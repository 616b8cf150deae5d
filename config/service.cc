#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/draft.h"
#include "config/names.h"
#include "config/parse.h"
#include "config/suggest.h"

namespace ringway::config {
namespace {

constexpr std::string_view kNone = "None";
constexpr std::string_view kPolicyAnnotation = "ringway.io/policy";
constexpr std::size_t kMaxFamilies = 2;

bool is_served(const ServiceDraft& draft) {
  const Service& service = draft.service;
  return service.type != ServiceType::kExternalName && !service.headless() && !service.cluster_ips.empty();
}

std::optional<Selector> decode_equality(const Cursor& at) {
  Labels equal;
  for (const auto& [key, entry] : at.map()) {
    if (const std::string what = discovery::check_label_key(key); !what.empty()) {
      entry.fail("key '" + std::string(key) + "': " + what);
      continue;
    }
    if (!entry.present()) {
      entry.fail("a label value is needed, \"\" for the empty one");
      continue;
    }
    if (const auto value = entry.string(); value && entry.check(discovery::check_label_value(*value))) {
      equal.emplace(key, *value);
    }
  }
  if (equal.empty()) {
    return std::nullopt;
  }
  auto selector = Selector::from_map(equal);
  return selector ? std::optional(std::move(*selector)) : std::nullopt;
}

// One of clusterIP and clusterIPs. False where a mistake was left.
bool add_cluster_ip(const Cursor& at, std::vector<Address>& into) {
  if (at.raw() == kNone) {
    into.push_back({std::string(kNone), false});
    return true;
  }
  if (at.is_scalar() && at.raw().empty()) {
    return true;
  }
  const auto address = decode_address(at);
  if (address) {
    into.push_back(*address);
  }
  return address.has_value();
}

void check_families(const Cursor& at, const Cursor& families, const std::vector<Address>& ips) {
  const bool headless = std::ranges::any_of(ips, [](const Address& ip) { return ip.text == kNone; });
  if (headless && ips.size() > 1) {
    at.fail("None stands alone");
    return;
  }
  if (ips.size() > kMaxFamilies || (ips.size() == kMaxFamilies && ips[0].v6 == ips[1].v6)) {
    at.fail("at most one address for each IP family is allowed");
  }
  std::vector<bool> named;
  for (const Cursor& entry : families.list()) {
    if (const auto v6 = entry.one_of<bool>({{"IPv4", false}, {"IPv6", true}})) {
      if (std::ranges::find(named, *v6) != named.end()) {
        entry.fail("an IP family may stand once");
        return;
      }
      const std::size_t index = named.size();
      named.push_back(*v6);
      if (!headless && index < ips.size() && ips[index].v6 != *v6) {
        entry.fail("'" + std::string(entry.raw()) + "' is not the family of " + ips[index].text +
                   ", the order is that of clusterIPs");
      }
    }
  }
}

void decode_cluster_ips(const Cursor& spec, Service& service) {
  std::vector<Address> ips;
  const Cursor one = spec["clusterIP"];
  const Cursor many = spec["clusterIPs"];
  bool right = !one.present() || add_cluster_ip(one, ips);
  if (const auto entries = many.list(); !entries.empty()) {
    const auto first = std::exchange(ips, {});
    for (const Cursor& entry : entries) {
      right = add_cluster_ip(entry, ips) && right;
    }
    if (right && !first.empty() && (ips.empty() || ips.front().text != first.front().text)) {
      many.fail("the first entry must be clusterIP, which is " + first.front().text);
    }
  }
  if (right) {
    check_families(many.present() ? many : one, spec["ipFamilies"], ips);
  }
  for (const Address& ip : ips) {
    service.cluster_ips.push_back(ip.text);
  }
}

void decode_target(const Cursor& target, ServicePort& port) {
  port.target_port = port.port;
  if (target.is_number()) {
    if (const auto number = target.integer(0, 65535); number && *number != 0) {
      port.target_port = static_cast<std::uint16_t>(*number);
    }
    return;
  }
  if (const auto name = target.string(); name && !name->empty()) {
    target.check(check_port_name(*name));
    port.target_port = *name;
  }
}

void decode_ports(const Cursor& ports, ServiceDraft& draft) {
  const auto entries = ports.list();
  for (const Cursor& entry : entries) {
    ServicePort port;
    entry.expect_map();
    const Cursor name = entry["name"];
    if (const auto text = name.string(); text && !text->empty() && name.check(check_dns1123_label(*text))) {
      port.name = *text;
    } else if (entries.size() > 1 && (!name.present() || (text && text->empty()))) {
      entry.fail("a name is needed where a Service has several ports");
    }
    const Cursor number = entry["port"];
    port.port = static_cast<std::uint16_t>(number.integer(1, 65535).value_or(0));
    if (!number.present()) {
      number.fail("a port from 1 to 65535 is needed");
    }
    port.protocol = decode_protocol(entry["protocol"]);
    decode_target(entry["targetPort"], port);
    draft.service.ports.push_back(port);
    draft.ports.push_back(number.spot());
    for (std::size_t i = 0; i + 1 < draft.service.ports.size(); ++i) {
      const ServicePort& other = draft.service.ports[i];
      if (!port.name.empty() && other.name == port.name) {
        name.fail("'" + port.name + "' is the name of ports[" + std::to_string(i) + "] too, names must differ");
      }
      if (port.port != 0 && other.port == port.port && other.protocol == port.protocol) {
        number.fail(std::to_string(port.port) + " with the same protocol stands in ports[" + std::to_string(i) +
                    "] too");
      }
    }
  }
}

void take_policy(const Cursor& policy, ServiceDraft& draft) {
  draft.policy = decode_policy(policy, true);
  if (policy["healthCheck"].is_map()) {
    draft.check = policy["healthCheck"].spot();
  }
  if (draft.policy.sni) {
    settle_sni_port(policy["sni"], draft.service.ports, *draft.policy.sni);
  }
}

// `ringway.io/policy` holds YAML in a text; its mistakes point at the annotation.
void decode_policy_annotation(const Cursor& annotation, ServiceDraft& draft) {
  const auto text = annotation.string();
  if (!text) {
    return;
  }
  const Position at = annotation.position();
  std::size_t documents = 0;
  const auto problem = parse(*text, false, [&](const Value& value) {
    ++documents;
    Cursor::Document inside{at.file, annotation.document().report, annotation.path(), std::pair(at.line, at.column)};
    const Cursor policy(inside, value);
    policy.refuse_duplicate_keys();
    take_policy(policy, draft);
  });
  if (problem) {
    annotation.fail("line " + std::to_string(problem->line) + " of it: " + problem->what);
  } else if (documents > 1) {
    annotation.fail("one YAML document is allowed");
  }
}

void decode_own_policy(const Cursor& document, ServiceDraft& draft) {
  const Cursor policy = document["policy"];
  const Cursor annotation = document["metadata"]["annotations"][kPolicyAnnotation];
  if (policy.present() && annotation.present()) {
    annotation.fail("the Service has a policy of its own too, only one of the two is allowed");
    return;
  }
  if (annotation.present()) {
    decode_policy_annotation(annotation, draft);
  } else {
    take_policy(policy, draft);
  }
  constexpr std::array<std::string_view, 1> kOwn = {"policy"};
  for (const auto& [key, entry] : document.map()) {
    if (key != "policy" && nearest(key, kOwn) == "policy") {
      entry.fail("unknown key, did you mean 'policy'?");
    }
  }
}

// What a person would wonder about when it does nothing.
void note_unserved(const Cursor& spec, const ServiceDraft& draft) {
  const Service& service = draft.service;
  const auto note = [&](const std::string& what) {
    spec.note("service " + service.metadata.ns + "/" + service.metadata.name + ": " + what);
  };
  if (service.type == ServiceType::kExternalName) {
    return note("ExternalName, skipped");
  }
  if (service.headless()) {
    return note("headless, skipped");
  }
  if (!service.dialable()) {
    return note("no VIP, skipped");
  }
  for (const ServicePort& port : service.ports) {
    if (port.protocol != Protocol::kTcp) {
      note("port " + std::to_string(port.port) +
           ": not served yet: " + (port.protocol == Protocol::kUdp ? "UDP" : "SCTP"));
    }
  }
  if (service.type == ServiceType::kNodePort &&
      std::ranges::all_of(service.ports, [](const ServicePort& port) { return port.node_port == 0; })) {
    note("type NodePort without a nodePort: served on its clusterIP only, for none is chosen here");
  }
}

// Kubernetes' own labels by which a Service says that it is not for us (see kube-proxy).
bool is_for_others(const Cursor& document, const Service& service) {
  const std::string who = "service " + service.metadata.ns + "/" + service.metadata.name + ": ";
  const auto proxy = service.metadata.labels.find("service.kubernetes.io/service-proxy-name");
  if (proxy != service.metadata.labels.end() && proxy->second != "ringway") {
    document.note(who + "for the proxy '" + proxy->second + "', skipped");
    return true;
  }
  if (service.metadata.labels.contains("service.kubernetes.io/headless")) {
    document.note(who + "labelled headless, skipped");
    return true;
  }
  return false;
}

// The default and the range are the API's (core/v1, ClientIPConfig.timeoutSeconds).
milliseconds decode_affinity(const Cursor& spec) {
  constexpr std::int64_t kDefault_s = 10'800;
  constexpr std::int64_t kMax_s = 86'400;
  const bool by_client = spec["sessionAffinity"].one_of<bool>({{"None", false}, {"ClientIP", true}}).value_or(false);
  const Cursor config = spec["sessionAffinityConfig"];
  config.expect_map();
  config["clientIP"].expect_map();
  const auto timeout = config["clientIP"]["timeoutSeconds"].integer(1, kMax_s);
  if (config.present() && !by_client) {
    config.fail("belongs to sessionAffinity ClientIP");
  }
  return by_client ? std::chrono::seconds(timeout.value_or(kDefault_s)) : milliseconds(0);
}

}  // namespace

bool Service::headless() const {
  return std::ranges::find(cluster_ips, kNone) != cluster_ips.end();
}

bool Service::dialable() const {
  const bool has_node_port = std::ranges::any_of(ports, [](const ServicePort& port) { return port.node_port != 0; });
  return type != ServiceType::kExternalName && !headless() &&
         (has_node_port || !cluster_ips.empty() || !external_ips.empty() || !ingress_ips.empty());
}

void decode_service(const Cursor& document, Draft& into) {
  ServiceDraft draft;
  Service& service = draft.service;
  service.metadata = decode_metadata(document, check_dns1035_label);
  draft.name = document["metadata"]["name"].spot();
  const Cursor spec = document["spec"];
  spec.expect_map();
  service.type = spec["type"]
                     .one_of<ServiceType>({{"ClusterIP", ServiceType::kClusterIp},
                                           {"NodePort", ServiceType::kNodePort},
                                           {"LoadBalancer", ServiceType::kLoadBalancer},
                                           {"ExternalName", ServiceType::kExternalName}})
                     .value_or(ServiceType::kClusterIp);
  decode_cluster_ips(spec, service);
  service.selector = decode_equality(spec["selector"]);
  decode_ports(spec["ports"], draft);
  service.publish_not_ready_addresses = spec["publishNotReadyAddresses"].boolean().value_or(false);
  service.affinity_timeout = decode_affinity(spec);
  service.traffic_distribution = spec["trafficDistribution"].one_of<Prefer>({{"PreferClose", Prefer::kSameZone},
                                                                             {"PreferSameZone", Prefer::kSameZone},
                                                                             {"PreferSameNode", Prefer::kSameNode}});
  service.internal_local =
      spec["internalTrafficPolicy"].one_of<bool>({{"Cluster", false}, {"Local", true}}).value_or(false);
  decode_exposure(document, draft);
  if (service.ports.empty() && is_served(draft) && (!spec["ports"].present() || spec["ports"].is_list())) {
    spec["ports"].fail("at least one port is needed");
  }
  decode_own_policy(document, draft);
  if (is_for_others(document, service)) {
    return;
  }
  note_unserved(spec, draft);
  into.services.push_back(std::move(draft));
}

}  // namespace ringway::config
