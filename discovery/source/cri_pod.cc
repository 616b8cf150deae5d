#include "discovery/source/cri_pod.h"

#include <netinet/in.h>

#include <algorithm>
#include <tuple>

#include "discovery/source/json.h"
#include "discovery/source/port_labels.h"

namespace ringway::discovery {
namespace {

/// `[{name, containerPort, protocol}]`.
constexpr int kPortListDepth = 2;

/// The newest run of each container, by name.
std::map<std::string_view, const CriContainer*> newest_runs(const CriContainers& containers) {
  const auto age = [](const CriContainer& run) { return std::tie(run.attempt, run.created_ns); };
  std::map<std::string_view, const CriContainer*> newest;
  for (const auto& [id, container] : containers) {
    auto& known = newest[container.name];
    if (known == nullptr || age(*known) < age(container)) {
      known = &container;
    }
  }
  return newest;
}

/// CRI does not say which containers are for the Pod's beginning. Those end well before the next is created.
bool was_init(const CriContainer& container, const CriContainers& all) {
  return container.state == CriState::kExited && container.finished_ns > 0 && container.exit_code == 0 &&
         std::ranges::any_of(all, [&](const auto& other) { return other.second.created_ns >= container.finished_ns; });
}

std::string why_not_running(const CriContainer& container) {
  const auto subject = "container " + container.name + " ";
  switch (container.state) {
    case CriState::kRunning:
      return "";
    case CriState::kCreated:
      return subject + "created, not started";
    case CriState::kExited:
      break;
    case CriState::kUnknown:
      return subject + "in a state that the runtime does not know";
  }
  if (!container.has_status) {
    return subject + "exited";
  }
  const auto code = std::to_string(container.exit_code);
  return subject + "exited (" + (container.reason == "OOMKilled" ? code + ", out of memory)" : code + ")");
}

std::string why_not_ready(const CriSandbox& sandbox, const CriContainers& containers) {
  if (!sandbox.ready) {
    return "sandbox stopped";
  }
  bool runs = false;
  for (const auto& [name, container] : newest_runs(containers)) {
    if (was_init(*container, containers)) {
      continue;
    }
    if (auto why = why_not_running(*container); !why.empty()) {
      return why;
    }
    runs = true;
  }
  return runs ? "" : "no container runs";
}

void read_port_list(const std::string& text, std::multimap<std::string, NamedPort>& ports) {
  const auto list = json::parse(text, kPortListDepth);
  for (const auto& entry : list) {
    const auto name = json::text(entry, "name");
    const auto number = json::number(entry, "containerPort");
    const auto protocol = json::text(entry, "protocol");
    if (!name.empty() && number > 0 && number <= UINT16_MAX && protocol != "SCTP") {
      ports.emplace(name, NamedPort{static_cast<std::uint16_t>(number), protocol == "UDP"});
    }
  }
}

/// The annotation's word counts before the label's, and that before what a kubelet noted.
void read_ports(const CriSandbox& sandbox, const CriContainers& containers, Workload& workload) {
  read_port_labels(sandbox.annotations, workload.ports, workload.note, "annotation");
  std::multimap<std::string, NamedPort> others;
  read_port_labels(sandbox.labels, others, workload.note);
  const auto add_unnamed = [&workload](const auto& from) {
    const auto named = workload.ports;
    std::ranges::copy_if(from, std::inserter(workload.ports, workload.ports.end()),
                         [&](const auto& port) { return !named.contains(port.first); });
  };
  add_unnamed(others);
  others.clear();
  for (const auto& [name, container] : newest_runs(containers)) {
    if (!container->port_list.empty()) {
      read_port_list(container->port_list, others);
    }
  }
  add_unnamed(others);
}

}  // namespace

void add_address(const std::string& text, std::vector<proxy::IpAddress>& addresses) {
  const auto address = proxy::IpAddress::parse(text);
  const auto same_family = [&](const proxy::IpAddress& known) { return known.is_v6() == address->is_v6(); };
  if (address && std::ranges::none_of(addresses, same_family)) {
    addresses.push_back(*address);
  }
}

Workload workload_of(const CriSandbox& sandbox, const CriContainers& containers) {
  Workload workload;
  workload.source = kContainerdSource;
  workload.of_this_machine = true;
  workload.id = sandbox.id;
  workload.ns = sandbox.ns;
  workload.name = sandbox.name;
  workload.labels = sandbox.labels;
  read_ports(sandbox, containers, workload);

  // The address of a stopped sandbox may be another's by now. A stopped one never comes back: what replaces it is new.
  workload.terminating = !sandbox.ready;
  if (sandbox.ready) {
    workload.addresses = sandbox.host_network ? std::vector{proxy::IpAddress::v4(INADDR_LOOPBACK)} : sandbox.addresses;
  }
  workload.reason = why_not_ready(sandbox, containers);
  if (workload.reason.empty() && workload.addresses.empty()) {
    workload.reason = "no address";
  }
  workload.ready = workload.reason.empty();
  return workload;
}

}  // namespace ringway::discovery
