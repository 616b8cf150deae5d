#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "config/draft.h"
#include "config/keys.h"
#include "config/names.h"
#include "config/policy.h"

namespace ringway::config {
namespace {

constexpr std::int64_t kMaxWorkers = 256;
constexpr std::chrono::microseconds kMaxBusyPoll = std::chrono::milliseconds(10);
constexpr std::chrono::milliseconds kMaxMinSyncPeriod = std::chrono::seconds(10);
constexpr std::size_t kMaxSocketPath = 107;  // sun_path of unix(7), without its final 0
constexpr std::size_t kMaxInterface = 15;    // IFNAMSIZ of netdevice(7), without its final 0
constexpr std::int64_t kMaxMark = 0xffffffff;
constexpr std::int64_t kMinTable = 256;  // those below are taken by name in iproute2 (253 to 255), and short of numbers
constexpr std::int64_t kMaxTable = 0xffffffff;
constexpr std::int64_t kMaxPriority = 32'765;  // before the table main (ip-rule(8))
constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kPrimary = "primary";
constexpr std::string_view kListenAllowed =
    "IP:PORT, [IPv6]:PORT, localhost:PORT or unix:/PATH is needed, like 127.0.0.1:9900";

std::string check_socket_path(std::string_view path) {
  if (!path.starts_with('/')) {
    return "the path of a unix socket must be absolute, like unix:/run/ringway/admin.sock";
  }
  return path.size() > kMaxSocketPath ? "the path of a unix socket has at most 107 bytes" : "";
}

// `IP:PORT` in canonical text, "" where it is none. Port 0 lets the kernel choose.
std::string canonical_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return {};
  }
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) {
    return {};
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  const auto ip = parse_ip(host == "localhost" ? "127.0.0.1" : host);
  if (!ip || ip->v6 != bracketed) {
    return {};
  }
  return (ip->v6 ? "[" + ip->text + "]" : ip->text) + ":" + std::to_string(port);
}

void decode_listen(const Cursor& listen, Ringway& ringway) {
  const auto text = listen.string();
  if (!text) {
    return;
  }
  if (text->starts_with(kUnix)) {
    if (listen.check(check_socket_path(std::string_view(*text).substr(kUnix.size())))) {
      ringway.admin_listen = *text;
    }
    return;
  }
  const std::string canonical = canonical_listen(*text);
  if (listen.check(canonical.empty() ? kListenAllowed : "")) {
    ringway.admin_listen = canonical;
  }
}

void decode_node_of(const Cursor& node, Ringway& ringway) {
  node.allow_only(kNodeKeys);
  const Cursor name = node["name"];
  if (const auto text = name.string(); text && name.check(check_dns1123_subdomain(*text))) {
    ringway.node = *text;
  }
  const Cursor zone = node["zone"];
  if (const auto text = zone.string(); text && zone.check(discovery::check_label_value(*text))) {
    ringway.zone = *text;
  }
}

void decode_log(const Cursor& log, Ringway& ringway) {
  log.allow_only(kLogKeys);
  ringway.log_level = log["level"]
                          .one_of<LogLevel>({{"debug", LogLevel::kDebug},
                                             {"info", LogLevel::kInfo},
                                             {"warn", LogLevel::kWarn},
                                             {"error", LogLevel::kError}})
                          .value_or(ringway.log_level);
  ringway.log_format = log["format"]
                           .one_of<LogFormat>({{"text", LogFormat::kText}, {"json", LogFormat::kJson}})
                           .value_or(ringway.log_format);
  ringway.access_log = log["accessLog"]
                           .one_of<bool>({{"on", true}, {"off", false}, {"true", true}, {"false", false}})
                           .value_or(ringway.access_log);
}

void decode_virtual_ips(const Cursor& virtual_ips, Ringway& ringway) {
  virtual_ips.allow_only(kVirtualIpKeys);
  ringway.virtual_ip_mode =
      virtual_ips["mode"]
          .one_of<VirtualIpMode>(
              {{"auto", VirtualIpMode::kAuto}, {"steer", VirtualIpMode::kSteer}, {"off", VirtualIpMode::kOff}})
          .value_or(ringway.virtual_ip_mode);
  const Cursor interface = virtual_ips["interface"];
  if (const auto text = interface.string()) {
    const bool right = !text->empty() && text->size() <= kMaxInterface && *text != "." && *text != ".." &&
                       text->find_first_of("/: \t\r\n") == std::string::npos;
    if (interface.check(right ? ""
                              : "the name of a network interface is needed, 1 to 15 characters without '/', ':' "
                                "and spaces")) {
      ringway.virtual_ip_interface = *text;
    }
  }
}

void decode_transparent_source(const Cursor& transparent, Ringway& ringway) {
  transparent.allow_only(kTransparentSourceKeys);
  const auto read = [&transparent](Key key, std::int64_t min, std::int64_t max, std::uint32_t& into) {
    into = static_cast<std::uint32_t>(transparent[key].integer(min, max).value_or(into));
  };
  read("mark", 1, kMaxMark, ringway.transparent_mark);
  read("table", kMinTable, kMaxTable, ringway.transparent_table);
  read("priority", 1, kMaxPriority, ringway.transparent_priority);
}

void decode_external_ips(const Cursor& external_ips, Ringway& ringway) {
  external_ips.allow_only(kExternalIpKeys);
  if (const Cursor allow = external_ips["allow"]; allow.present()) {
    ringway.external_ip_ranges = decode_networks(allow);
  }
}

// kube-proxy's --nodeport-addresses, with the default of its nftables mode.
void decode_node_port_addresses(const Cursor& addresses, Ringway& ringway) {
  if (!addresses.present()) {
    return;
  }
  ringway.node_port_primary = false;
  for (const Cursor& entry : addresses.list()) {
    if (entry.raw() == kPrimary) {
      ringway.node_port_primary = true;
    } else if (const auto text = entry.string()) {
      auto network = parse_network(*text);
      if (network) {
        ringway.node_port_ranges.push_back(std::move(*network));
      } else {
        entry.fail("'" + *text + "': primary is allowed, or: " + network.error());
      }
    }
  }
}

void decode_source_socket(const Cursor& socket, std::string& out) {
  if (const auto text = socket.string()) {
    const bool is_unix = text->starts_with(kUnix);
    const std::string_view path = std::string_view(*text).substr(is_unix ? kUnix.size() : 0);
    socket.check(is_unix ? check_socket_path(path) : "unix:/PATH is needed, like " + out);
    out = *text;
  }
}

void decode_docker(const Cursor& docker, Ringway& ringway) {
  if (!docker.mentioned()) {
    return;
  }
  if (!docker.present()) {
    docker.fail("a mapping is needed, {} for the defaults");
    return;
  }
  docker.allow_only(kDockerKeys);
  DockerSource source;
  decode_source_socket(docker["socket"], source.socket);
  source.network = docker["network"].string().value_or("");
  ringway.docker = std::move(source);
}

void decode_containerd(const Cursor& containerd, Ringway& ringway) {
  if (!containerd.mentioned()) {
    return;
  }
  if (!containerd_built_in()) {
    containerd.fail(
        "this build cannot ask containerd, for it was made without gRPC: install libgrpc++-dev, libprotobuf-dev, "
        "protobuf-compiler and protobuf-compiler-grpc, and build again with -DRINGWAY_CRI=ON");
    return;
  }
  if (!containerd.present()) {
    containerd.fail("a mapping is needed, {} for the defaults");
    return;
  }
  containerd.allow_only(kContainerdKeys);
  ContainerdSource source;
  decode_source_socket(containerd["socket"], source.socket);
  ringway.containerd = std::move(source);
}

void decode_kubernetes(const Cursor& kubernetes, Ringway& ringway) {
  if (!kubernetes.mentioned()) {
    return;
  }
  if (!kubernetes.present()) {
    kubernetes.fail("a mapping is needed, {} for the cluster that this Pod runs in");
    return;
  }
  kubernetes.allow_only(kKubernetesKeys);
  KubernetesSource source;
  const Cursor kubeconfig = kubernetes["kubeconfig"];
  if (const auto path = kubeconfig.string();
      path && kubeconfig.check(path->empty() ? "the path of a kubeconfig is needed, like ~/.kube/config" : "")) {
    // Seen from this file, as manifests are.
    const bool is_home = *path == "~" || path->starts_with("~/");
    source.kubeconfig =
        is_home ? *path : (std::filesystem::path(kubeconfig.position().file).parent_path() / *path).string();
  }
  const Cursor context = kubernetes["context"];
  if (const auto name = context.string();
      name && context.check(source.kubeconfig.empty() ? "a context stands in a kubeconfig, name that too" : "")) {
    source.context = *name;
  }
  for (const Cursor& entry : kubernetes["namespaces"].list()) {
    if (const auto name = entry.string(); name && entry.check(check_dns1123_label(*name))) {
      source.namespaces.push_back(*name);
    } else if (!entry.present()) {
      entry.fail("the name of a namespace is needed");
    }
  }
  const Cursor labels = kubernetes["labelSelector"];
  if (const auto text = labels.string()) {
    const auto selector = Selector::parse(*text);
    labels.check(selector ? "" : selector.error().what);
    source.label_selector = selector ? selector->to_string() : "";
  }
  ringway.kubernetes = std::move(source);
}

void decode_manifests(const Cursor& manifests, Draft& draft) {
  for (const Cursor& entry : manifests.list()) {
    const auto text = entry.string();
    if (text && !text->empty()) {
      draft.ringway.manifests.push_back(*text);
      draft.manifests.push_back(entry.spot());
    } else if (text || !entry.present()) {
      entry.fail("the path of a file, or a pattern like services.d/*.yaml, is needed");
    }
  }
}

void decode_state_directory(const Cursor& folder, Ringway& ringway) {
  if (const auto path = folder.string();
      path && folder.check(path->starts_with('/') ? "" : "an absolute path is needed, like /var/lib/ringway")) {
    ringway.state_directory = *path;
  }
}

void decode_workers(const Cursor& workers, Ringway& ringway) {
  if (!workers.present() || workers.raw() == "auto") {
    return;
  }
  if (!workers.is_number()) {
    workers.fail("auto, or a whole number from 1 to " + std::to_string(kMaxWorkers) + " is needed");
    return;
  }
  ringway.workers = static_cast<std::uint32_t>(workers.integer(1, kMaxWorkers).value_or(0));
}

}  // namespace

void decode_ringway(const Cursor& document, Draft& draft) {
  if (draft.ringway_at) {
    const Position& first = *draft.ringway_at;
    document.fail("a second kind: Ringway, only one is allowed; the first stands at " + first.file + ":" +
                  std::to_string(first.line));
    return;
  }
  draft.ringway_at = document.position();
  document.allow_only(kRingwayKeys);
  document["metadata"].allow_only(kRingwayMetadataKeys);
  const Cursor spec = document["spec"];
  spec.allow_only(kRingwaySpecKeys);

  Ringway& ringway = draft.ringway;
  decode_node_of(spec["node"], ringway);
  decode_workers(spec["workers"], ringway);
  ringway.engine =
      spec["engine"]
          .one_of<Engine>({{"auto", Engine::kAuto}, {"io_uring", Engine::kIoUring}, {"epoll", Engine::kEpoll}})
          .value_or(ringway.engine);
  ringway.busy_poll = spec["busyPoll"].short_duration(kMaxBusyPoll).value_or(ringway.busy_poll);
  ringway.min_sync_period =
      spec["minSyncPeriod"].duration(std::chrono::milliseconds(0), kMaxMinSyncPeriod).value_or(ringway.min_sync_period);
  if (const auto backlog = spec["backlog"].integer(1, kDefaultBacklog)) {
    ringway.backlog = static_cast<std::uint32_t>(*backlog);
  }
  spec["admin"].allow_only(kAdminKeys);
  decode_listen(spec["admin"]["listen"], ringway);
  decode_log(spec["log"], ringway);
  decode_virtual_ips(spec["virtualIPs"], ringway);
  decode_transparent_source(spec["transparentSource"], ringway);
  decode_external_ips(spec["externalIPs"], ringway);
  decode_node_port_addresses(spec["nodePortAddresses"], ringway);
  decode_manifests(spec["manifests"], draft);
  decode_state_directory(spec["stateDirectory"], ringway);

  const Cursor discovery = spec["discovery"];
  discovery.allow_only(kDiscoveryKeys);
  decode_docker(discovery["docker"], ringway);
  decode_containerd(discovery["containerd"], ringway);
  decode_kubernetes(discovery["kubernetes"], ringway);
  spec["defaults"].allow_only(kDefaultsKeys);
  draft.defaults = decode_policy(spec["defaults"]["policy"], false);
}

bool containerd_built_in() {
#ifdef RINGWAY_CRI
  return true;
#else
  return false;
#endif
}

std::string default_node_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace ringway::config
