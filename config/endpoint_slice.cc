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
std::string decode_addresses(const Cursor& endpoint, AddressType type) {
  std::string first;
  bool any = false;
  for (const Cursor& entry : endpoint["addresses"].list()) {
    const auto address = decode_address(entry);
    if (address && address->v6 != (type == AddressType::kIpv6)) {
      entry.check(type == AddressType::kIpv6 ? "an IPv6 address is needed, as addressType says"
                                             : "an IPv4 address is needed, as addressType says");
    }
    if (!any && address) {
      first = address->text;
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
  endpoint.address = decode_addresses(entry, type);
  const Cursor conditions = entry["conditions"];
  conditions.expect_map();
  endpoint.ready = conditions["ready"].boolean().value_or(true);
  endpoint.serving = conditions["serving"].boolean().value_or(true);
  endpoint.terminating = conditions["terminating"].boolean().value_or(false);
  endpoint.node = entry["nodeName"].string().value_or("");
  endpoint.zone = entry["zone"].string().value_or("");
  endpoint.target = entry["targetRef"]["name"].string().value_or("");
  const Cursor hints = entry["hints"];
  hints.expect_map();
  endpoint.hint_zones = decode_hint(hints["forZones"]);
  endpoint.hint_nodes = decode_hint(hints["forNodes"]);
  slice.endpoints.push_back(std::move(endpoint));
}

}  // namespace

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
    for (const Cursor& entry : document["endpoints"].list()) {
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
