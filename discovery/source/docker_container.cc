#include "discovery/source/docker_container.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <utility>

#include "discovery/labels/weight.h"
#include "discovery/source/docker_event.h"
#include "discovery/source/docker_signal.h"
#include "discovery/source/json.h"
#include "discovery/source/port_labels.h"

namespace ringway::discovery {
namespace {

/// `[{Id}]`, and `{NetworkSettings: {Networks: {NAME: {IPAddress}}}}`.
constexpr int kListDepth = 2;
constexpr int kInspectDepth = 4;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::string_view kNamespaceLabel = "ringway.io/namespace";
constexpr std::string_view kPodNamespaceLabel = "io.kubernetes.pod.namespace";
constexpr std::string_view kContainerMode = "container:";

/// RFC 3339 with a fraction, as Go's time.RFC3339Nano prints it, to nanoseconds since 1970; 0 where it is none.
std::int64_t nanoseconds_of(const std::string& text) {
  std::tm time{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) {
    return 0;
  }
  double fraction = 0;
  if (*rest == '.') {
    const auto [end, error] = std::from_chars(rest, text.c_str() + text.size(), fraction, std::chars_format::fixed);
    rest = error == std::errc() ? end : rest;
  }
  std::tm zone{};
  if (strptime(rest, "%z", &zone) == nullptr) {
    return 0;
  }
  const std::int64_t seconds = timegm(&time) - zone.tm_gmtoff;
  if (seconds <= 0 || seconds >= INT64_MAX / kNanosecondsPerSecond) {
    return 0;
  }
  return seconds * kNanosecondsPerSecond + std::llround(fraction * static_cast<double>(kNanosecondsPerSecond));
}

std::vector<proxy::IpAddress> addresses_of(const json::Value& network) {
  std::vector<proxy::IpAddress> addresses;
  for (const auto* key : {"IPAddress", "GlobalIPv6Address"}) {
    const auto address = proxy::IpAddress::parse(json::text(network, key));
    if (address && (addresses.empty() || addresses.front().is_v6() != address->is_v6())) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

void read_state(const json::Value& state, DockerContainer& container) {
  container.status = json::text(state, "Status");
  container.running = json::flag(state, "Running");
  container.paused = json::flag(state, "Paused");
  container.restarting = json::flag(state, "Restarting");
  container.dead = json::flag(state, "Dead");
  container.exit_code = std::to_string(json::number(state, "ExitCode"));
  container.health = json::text(json::member(state, "Health"), "Status");
  container.started_ns = nanoseconds_of(json::text(state, "StartedAt"));
}

std::string why_not_running(const DockerContainer& container) {
  if (container.dead) {
    return "dead";
  }
  if (container.restarting) {
    return "restarting";
  }
  if (!container.running) {
    const bool exited = container.status == "exited" || container.status == "stopped" || container.status.empty();
    return exited ? "exited (" + container.exit_code + ")" : container.status;
  }
  if (container.paused) {
    return "paused";
  }
  if (container.health == "starting" || container.health == "unhealthy") {
    return "health check " + container.health;
  }
  return "";
}

std::string why_no_address(const DockerContainer& container, const std::string& network) {
  if (network.empty()) {
    return "no address in any network";
  }
  std::string names;
  for (const auto& [name, addresses] : container.networks) {
    names += (names.empty() ? "" : ", ") + name;
  }
  return "no address in network " + network + " (has: " + (names.empty() ? "none" : names) + ")";
}

std::vector<proxy::IpAddress> choose_addresses(const DockerContainer& container, const std::string& network) {
  if (container.host_network) {
    return {proxy::IpAddress::v4(INADDR_LOOPBACK)};
  }
  const auto& networks = container.networks;
  const auto has_address = [](const auto& entry) { return !entry.second.empty(); };
  auto chosen = networks.find(network.empty() ? "bridge" : network);
  if (network.empty() && (chosen == networks.end() || chosen->second.empty())) {
    chosen = std::ranges::find_if(networks, has_address);
  }
  return chosen == networks.end() ? std::vector<proxy::IpAddress>() : chosen->second;
}

std::string namespace_of(const Labels& labels) {
  for (const auto key : {kNamespaceLabel, kPodNamespaceLabel}) {
    if (const auto found = labels.find(key); found != labels.end()) {
      return found->second;
    }
  }
  return "";
}

}  // namespace

std::optional<DockerContainer> parse_docker_container(std::string_view body) {
  const auto answer = json::parse(body, kInspectDepth);
  DockerContainer container;
  container.id = json::text(answer, "Id");
  const auto& state = json::member(answer, "State");
  if (!is_container_id(container.id) || !state.is_object()) {
    return std::nullopt;
  }
  read_state(state, container);
  container.name = json::text(answer, "Name");
  container.name.erase(0, container.name.starts_with('/') ? 1 : 0);

  const auto& config = json::member(answer, "Config");
  container.stop_signal = signal_number(json::text(config, "StopSignal"));
  if (const auto& labels = json::member(config, "Labels"); labels.is_object()) {
    for (const auto& [key, value] : labels.items()) {
      container.labels.emplace(key, value.is_string() ? value.get<std::string>() : std::string());
    }
  }

  const auto mode = json::text(json::member(answer, "HostConfig"), "NetworkMode");
  container.host_network = mode == "host";
  if (mode.starts_with(kContainerMode)) {
    container.network_parent = mode.substr(kContainerMode.size());
  }
  if (const auto& networks = json::member(json::member(answer, "NetworkSettings"), "Networks"); networks.is_object()) {
    for (const auto& [name, network] : networks.items()) {
      container.networks.emplace(name, addresses_of(network));
    }
  }
  return container;
}

std::optional<std::vector<std::string>> parse_docker_list(std::string_view body) {
  const auto answer = json::parse(body, kListDepth);
  if (!answer.is_array()) {
    return std::nullopt;
  }
  std::vector<std::string> ids;
  ids.reserve(answer.size());
  for (const auto& entry : answer) {
    if (auto id = json::text(entry, "Id"); is_container_id(id)) {
      ids.push_back(std::move(id));
    }
  }
  return ids;
}

Workload workload_of(const DockerContainer& container, const DockerContainer* parent, const std::string& network) {
  Workload workload;
  workload.source = kDockerSource;
  workload.of_this_machine = true;
  workload.id = container.id;
  workload.ns = namespace_of(container.labels);
  workload.name = container.name;
  workload.labels = container.labels;
  read_port_labels(container.labels, workload.ports, workload.note);
  if (const auto weight = read_weight(container.labels); weight) {
    workload.weight = *weight;
  } else {
    workload.note +=
        (workload.note.empty() ? "label " : "; label ") + std::string(kWeightKey) + " is ignored: " + weight.error();
  }

  const auto& owner = parent != nullptr ? *parent : container;
  if (container.running && owner.running) {
    workload.addresses = choose_addresses(owner, network);
  }
  workload.reason = why_not_running(container);
  if (workload.reason.empty() && workload.addresses.empty()) {
    workload.reason = why_no_address(owner, network);
  }
  workload.ready = workload.reason.empty();
  return workload;
}

}  // namespace ringway::discovery
