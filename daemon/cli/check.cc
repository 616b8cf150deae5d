#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "config/load.h"
#include "daemon/admin/config_json.h"
#include "daemon/changes.h"
#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/limits_text.h"
#include "daemon/cli/policy_text.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

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
  if (ringway.kubernetes) {
    const std::string& file = ringway.kubernetes->kubeconfig;
    text += " and kubernetes (" + (file.empty() ? "in-cluster" : file) + ")";
  }
  return text;
}

/// The limits of the daemon, and those of each Service that says nothing else.
void print_limits(const config::Configuration& configuration, const std::vector<LimitLine>& defaults,
                  std::ostream& out) {
  std::vector<LimitLine> lines = daemon_limits(configuration);
  lines.insert(lines.end(), defaults.begin(), defaults.end());
  std::size_t width = 0;
  for (const auto& line : lines) {
    width = std::max(width, line.first.size());
  }
  out << "\nlimits of this machine, and of each Service that says nothing else\n";
  for (const auto& [name, value] : lines) {
    out << "  " << name << std::string(width - name.size() + 2, ' ') << value << '\n';
  }
}

/// Those that are not as for every Service.
std::string own_limits(const config::Service& service, const std::vector<LimitLine>& defaults) {
  std::string text;
  for (const auto& line : policy_limits(service.policy)) {
    if (std::ranges::find(defaults, line) == defaults.end()) {
      text += (text.empty() ? "" : ", ") + line.first + " " + line.second;
    }
  }
  return text;
}

std::vector<std::string> dialled_ips(const config::Service& service) {
  std::vector<std::string> all = service.cluster_ips;
  all.insert(all.end(), service.external_ips.begin(), service.external_ips.end());
  all.insert(all.end(), service.ingress_ips.begin(), service.ingress_ips.end());
  return all;
}

void print_service(const config::Service& service, const std::vector<LimitLine>& defaults, std::ostream& out) {
  out << "service " << service.metadata.ns << '/' << service.metadata.name;
  if (service.type == config::ServiceType::kExternalName || service.headless()) {
    out << ": skipped, " << (service.headless() ? "headless" : "ExternalName") << '\n';
    return;
  }
  out << '\n';
  for (const auto& port : service.ports) {
    const auto target = target_port_json(port);
    if (port.protocol != config::Protocol::kTcp) {
      out << "  port       " << (port.name.empty() ? "" : port.name + " ") << port.port << '/'
          << to_string(port.protocol) << ": not served, only TCP is\n";
      continue;
    }
    if (port.node_port != 0) {
      out << "  node port  " << port.node_port << '/' << to_string(port.protocol) << '\n';
    }
    for (const auto& ip : dialled_ips(service)) {
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
  if (const std::string own = own_limits(service, defaults); !own.empty()) {
    out << "  but        " << own << '\n';
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
  const auto defaults = policy_limits(loaded->ringway.default_policy);
  print_limits(*loaded, defaults, out);
  for (const auto& service : loaded->services) {
    out << '\n';
    print_service(service, defaults, out);
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
