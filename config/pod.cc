#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "config/draft.h"
#include "config/names.h"

namespace ringway::config {
namespace {

void decode_container(const Cursor& container, Pod& pod) {
  container.expect_map();
  std::set<std::string> names;
  for (const Cursor& entry : container["ports"].list()) {
    entry.expect_map();
    ContainerPort port;
    const Cursor name = entry["name"];
    if (const auto text = name.string(); text && !text->empty() && name.check(check_port_name(*text))) {
      port.name = *text;
      if (!names.insert(*text).second) {
        name.check("the name stands twice in this container");
      }
    }
    const Cursor number = entry["containerPort"];
    port.port = static_cast<std::uint16_t>(number.integer(1, 65535).value_or(0));
    if (!number.present()) {
      number.fail("a port from 1 to 65535 is needed");
    }
    port.protocol = decode_protocol(entry["protocol"]);
    pod.ports.push_back(std::move(port));
  }
}

void decode_containers(const Cursor& spec, Pod& pod) {
  for (const Cursor& container : spec["containers"].list()) {
    decode_container(container, pod);
  }
  // Of the init containers only sidecars run beside the others and may be dialled (Kubernetes' FindPort).
  for (const Cursor& container : spec["initContainers"].list()) {
    if (container["restartPolicy"].raw() == "Always") {
      decode_container(container, pod);
    }
  }
}

void decode_ips(const Cursor& status, Pod& pod) {
  const Cursor one = status["podIP"];
  const Cursor many = status["podIPs"];
  for (const Cursor& entry : many.list()) {
    entry.expect_map();
    if (const auto address = decode_address(entry["ip"])) {
      pod.ips.push_back(address->text);
    }
  }
  if (one.is_scalar() && one.raw().empty()) {
    return;
  }
  const auto address = decode_address(one);
  if (!address) {
    return;
  }
  if (pod.ips.empty()) {
    pod.ips.push_back(address->text);
  } else if (pod.ips.front() != address->text) {
    many.fail("the first entry must be podIP, which is " + address->text);
  }
}

void decode_readiness(const Cursor& status, Pod& pod) {
  for (const Cursor& condition : status["conditions"].list()) {
    condition.expect_map();
    if (condition["type"].raw() != "Ready") {
      continue;
    }
    const auto state = condition["status"].string();
    pod.ready = state == "True";
    if (!pod.ready) {
      const std::string reason(condition["reason"].raw());
      const std::string message(condition["message"].raw());
      pod.not_ready_reason = reason + (reason.empty() || message.empty() ? "" : ": ") + message;
      if (pod.not_ready_reason.empty()) {
        pod.not_ready_reason = "its condition Ready is " + state.value_or("missing");
      }
    }
  }
}

}  // namespace

void decode_pod(const Cursor& document, Draft& draft) {
  Pod pod;
  pod.metadata = decode_metadata(document, check_dns1123_subdomain);
  pod.weight = decode_weight(document, pod.metadata);
  const Cursor spec = document["spec"];
  spec.expect_map();
  pod.node = spec["nodeName"].string().value_or("");
  decode_containers(spec, pod);
  const Cursor status = document["status"];
  status.expect_map();
  decode_ips(status, pod);
  decode_readiness(status, pod);
  pod.finished =
      status["phase"]
          .one_of<bool>(
              {{"Pending", false}, {"Running", false}, {"Succeeded", true}, {"Failed", true}, {"Unknown", false}})
          .value_or(false);
  if (pod.ips.empty() && !status["podIP"].present() && !status["podIPs"].present()) {
    document.note("pod " + pod.metadata.ns + "/" + pod.metadata.name + ": no status.podIP, so it is no endpoint");
  }
  draft.pods.push_back(std::move(pod));
}

}  // namespace ringway::config
