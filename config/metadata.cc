#include <string>
#include <string_view>
#include <utility>

#include "config/draft.h"
#include "config/names.h"

namespace ringway::config {
namespace {

// kubectl's copy of the whole manifest: as long as the document itself, and nothing here reads it.
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

Labels decode_labels(const Cursor& at, bool are_labels) {
  Labels labels;
  for (const auto& [key, entry] : at.map()) {
    if (const std::string what = discovery::check_label_key(key); !what.empty()) {
      entry.fail("key '" + std::string(key.substr(0, 80)) + "': " + what);
      continue;
    }
    const auto value = entry.string();
    if (entry.present() && !value) {
      continue;
    }
    if (are_labels && value && !entry.check(discovery::check_label_value(*value))) {
      continue;
    }
    if (key != kLastApplied) {
      labels.emplace(key, value.value_or(""));
    }
  }
  return labels;
}

}  // namespace

Metadata decode_metadata(const Cursor& document, std::string (*check_name)(std::string_view)) {
  Metadata metadata;
  metadata.at = document.position();
  const Cursor at = document["metadata"];
  at.expect_map();
  const Cursor name = at["name"];
  if (const auto text = name.string(); text && name.check(check_name(*text))) {
    metadata.name = *text;
  } else if (!name.present()) {
    name.fail("a name is needed");
  }
  const Cursor ns = at["namespace"];
  if (const auto text = ns.string(); text && !text->empty() && ns.check(check_dns1123_label(*text))) {
    metadata.ns = *text;
  }
  metadata.labels = decode_labels(at["labels"], true);
  metadata.annotations = decode_labels(at["annotations"], false);
  metadata.terminating = at["deletionTimestamp"].string().has_value();
  return metadata;
}

std::optional<std::uint16_t> decode_weight(const Cursor& document, const Metadata& metadata) {
  for (const auto& [labels, name] :
       {std::pair(&metadata.annotations, "annotations"), std::pair(&metadata.labels, "labels")}) {
    const auto weight = discovery::read_weight(*labels);
    if (!weight) {
      document["metadata"][name][discovery::kWeightKey].fail(weight.error());
    } else if (*weight) {
      return *weight;
    }
  }
  return std::nullopt;
}

Protocol decode_protocol(const Cursor& protocol) {
  if (protocol.raw().empty() && protocol.is_scalar()) {
    return Protocol::kTcp;
  }
  return protocol.one_of<Protocol>({{"TCP", Protocol::kTcp}, {"UDP", Protocol::kUdp}, {"SCTP", Protocol::kSctp}})
      .value_or(Protocol::kTcp);
}

std::optional<Address> decode_address(const Cursor& address) {
  const auto text = address.string();
  if (!text) {
    return std::nullopt;
  }
  const auto ip = parse_ip(*text);
  if (!ip) {
    address.check("an IPv4 or IPv6 address is needed");
    return std::nullopt;
  }
  if (!address.check(check_usable(*ip))) {
    return std::nullopt;
  }
  return Address{ip->text, ip->v6};
}

void decode_node(const Cursor& document, Draft& draft) {
  draft.nodes.push_back({decode_metadata(document, check_dns1123_subdomain)});
}

}  // namespace ringway::config
