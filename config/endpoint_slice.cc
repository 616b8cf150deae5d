#include <boost/container_hash/hash.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/draft.h"
#include "config/names.h"

namespace ringway::config {
namespace {

constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";

enum class AddressType : std::uint8_t { kIpv4, kIpv6, kFqdn };

// A port without a number stands for all ports, which one cannot dial: kube-proxy skips it too.
void decode_ports(const Cursor& ports, EndpointSlice& slice) {
  for (const Cursor& entry : ports.list()) {
    entry.expect_map();
    EndpointPort port;
    const Cursor name = entry["name"];
    if (const auto text = name.string(); text && !text->empty() && name.check(check_dns1123_label(*text))) {
      port.name = *text;
    }
    port.protocol = decode_protocol(entry["protocol"]);
    if (const auto number = entry["port"].integer(0, 65535); number && *number != 0) {
      port.port = static_cast<std::uint16_t>(*number);
      slice.ports.push_back(std::move(port));
    }
  }
}

// Every address is checked and the first is taken: the others are the same endpoint's.
std::optional<proxy::IpAddress> decode_addresses(const Cursor& endpoint, AddressType type) {
  std::optional<proxy::IpAddress> first;
  bool any = false;
  for (const Cursor& entry : endpoint["addresses"].list()) {
    const auto address = decode_address(entry);
    if (address && address->v6 != (type == AddressType::kIpv6)) {
      entry.check(type == AddressType::kIpv6 ? "an IPv6 address is needed, as addressType says"
                                             : "an IPv4 address is needed, as addressType says");
    }
    if (!any && address) {
      first = proxy::IpAddress::parse(address->text);
    }
    any = true;
  }
  if (!any) {
    endpoint["addresses"].fail("at least one address is needed");
  }
  return first;
}

std::vector<std::string> decode_hint(const Cursor& places) {
  std::vector<std::string> names;
  for (const Cursor& place : places.list()) {
    place.expect_map();
    if (const auto name = place["name"].string()) {
      names.push_back(*name);
    }
  }
  return names;
}

void decode_endpoint(const Cursor& entry, AddressType type, EndpointSlice& slice) {
  entry.expect_map();
  SliceEndpoint endpoint;
  const auto address = decode_addresses(entry, type);
  const Cursor conditions = entry["conditions"];
  conditions.expect_map();
  endpoint.ready = conditions["ready"].boolean().value_or(true);
  endpoint.serving = conditions["serving"].boolean().value_or(true);
  endpoint.terminating = conditions["terminating"].boolean().value_or(false);
  Placement place;
  place.node = entry["nodeName"].string().value_or("");
  place.zone = entry["zone"].string().value_or("");
  const std::string target = entry["targetRef"]["name"].string().value_or("");
  endpoint.workload = proxy::SharedText(target.empty() ? "" : slice.metadata.ns + "/" + target);
  const Cursor hints = entry["hints"];
  hints.expect_map();
  place.hint_zones = decode_hint(hints["forZones"]);
  place.hint_nodes = decode_hint(hints["forNodes"]);
  endpoint.place = std::move(place);
  if (address) {
    endpoint.address = *address;
    slice.endpoints.push_back(std::move(endpoint));
  }
}

}  // namespace

std::size_t hash_value(const Placement& placement) {
  std::size_t seed = 0;
  boost::hash_combine(seed, placement.node);
  boost::hash_combine(seed, placement.zone);
  boost::hash_combine(seed, placement.hint_zones);
  boost::hash_combine(seed, placement.hint_nodes);
  return seed;
}

void decode_slice(const Cursor& document, Draft& draft) {
  EndpointSlice slice;
  slice.metadata = decode_metadata(document, check_dns1123_subdomain);
  slice.weight = decode_weight(document, slice.metadata);
  const std::string who = "endpointslice " + slice.metadata.ns + "/" + slice.metadata.name + ": ";
  const Cursor type_at = document["addressType"];
  const auto type = type_at.one_of<AddressType>(
      {{"IPv4", AddressType::kIpv4}, {"IPv6", AddressType::kIpv6}, {"FQDN", AddressType::kFqdn}});
  if (!type_at.present()) {
    type_at.fail("an address type is needed, one of IPv4, IPv6, FQDN");
  }
  if (type == AddressType::kFqdn) {
    document.note(who + "addressType FQDN, skipped");
    return;
  }
  decode_ports(document["ports"], slice);
  if (type) {
    const auto entries = document["endpoints"].list();
    slice.endpoints.reserve(entries.size());
    for (const Cursor& entry : entries) {
      decode_endpoint(entry, *type, slice);
    }
  }
  if (const auto service = slice.metadata.labels.find(kServiceLabel); service != slice.metadata.labels.end()) {
    slice.service = service->second;
  }
  if (slice.service.empty()) {
    document.note(who + "no label " + std::string(kServiceLabel) + ", so it belongs to no Service");
  }
  draft.slices.push_back(std::move(slice));
}

}  // namespace ringway::config
