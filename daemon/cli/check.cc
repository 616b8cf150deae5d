#include <nlohmann/json.hpp>
#include <ostream>

#include "config/load.h"
#include "daemon/admin/config_json.h"
#include "daemon/changes.h"
#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/policy_text.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string with_port(const std::string& ip, std::uint16_t port) {
  return (ip.find(':') == std::string::npos ? ip : "[" + ip + "]") + ":" + std::to_string(port);
}

std::string sources_text(const config::Ringway& ringway) {
  std::string text = "files";
  if (ringway.docker) {
    text += " and docker (" + ringway.docker->socket + ")";
  }
  if (ringway.containerd) {
    text += " and containerd (" + ringway.containerd->socket + ")";
  }
  return text;
}

void print_service(const config::Service& service, std::ostream& out) {
  out << "service " << service.metadata.ns << '/' << service.metadata.name;
  if (service.type == config::ServiceType::kExternalName || service.headless()) {
    out << ": skipped, " << (service.headless() ? "headless" : "ExternalName") << '\n';
    return;
  }
  out << '\n';
  for (const auto& port : service.ports) {
    const auto target = target_port_json(port);
    for (const auto& ip : service.cluster_ips) {
      out << "  port       " << (port.name.empty() ? "" : port.name + " ") << with_port(ip, port.port) << '/'
          << to_string(port.protocol) << " to " << (target.is_string() ? target.get<std::string>() : target.dump())
          << '\n';
    }
  }
  out << "  endpoints  "
      << (service.selector ? "workloads with " + service.selector->to_string() : "its EndpointSlices") << '\n';
  if (service.affinity_timeout.count() > 0) {
    out << "  affinity   by client IP, for " << to_duration(service.affinity_timeout) << '\n';
  }
  for (const auto& line : policy_lines(policy_json(service.policy))) {
    out << "  " << line << '\n';
  }
}

}  // namespace

int check_config(const std::vector<std::filesystem::path>& config, const Terminal& terminal) {
  const auto loaded = config::load(config);
  if (!loaded) {
    for (const auto& mistake : loaded.error()) {
      terminal.err << mistake.to_string() << '\n';
    }
    return kFailed;
  }
  auto& out = terminal.out;
  out << counted(loaded->files.size(), "file") << ": " << counted(loaded->services.size(), "service") << ", "
      << counted(loaded->pods.size(), "pod") << ", " << counted(loaded->slices.size(), "endpointslice") << '\n';
  out << "node " << loaded->ringway.node << ", admin API at " << loaded->ringway.admin_listen << ", workloads from "
      << sources_text(loaded->ringway) << '\n';
  for (const auto& service : loaded->services) {
    out << '\n';
    print_service(service, out);
  }
  if (!loaded->notes.empty()) {
    out << "\nnotes\n";
    for (const auto& note : loaded->notes) {
      out << "  " << note << '\n';
    }
  }
  return kFine;
}

}  // namespace ringway::daemon
