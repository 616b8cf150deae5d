#include "config/kubeconfig.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "config/cursor.h"
#include "config/parse.h"
#include "config/reader.h"

namespace ringway::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxKubeconfigBytes = 4 << 20;
constexpr std::size_t kMaxNamespaceBytes = 1024;

using Problem = std::unexpected<std::string>;

std::string text(const Cursor& at) {
  return at.string().value_or("");
}

std::string beside(const fs::path& kubeconfig, const std::string& file) {
  if (file.empty() || fs::path(file).is_absolute()) {
    return file;
  }
  return (kubeconfig.parent_path() / file).string();
}

// The entry of a list of `{name, KEY}` that has this name, its KEY.
std::optional<Cursor> named(const Cursor& list, std::string_view key, const std::string& name) {
  for (const Cursor& entry : list.list()) {
    if (entry["name"].string() == name) {
      return entry[key];
    }
  }
  return std::nullopt;
}

PemSource pem(const Cursor& at, std::string_view data_key, std::string_view file_key, const fs::path& path) {
  PemSource source;
  const Cursor data = at[data_key];
  if (const auto encoded = data.string(); encoded && !encoded->empty()) {
    const auto decoded = decode_base64(*encoded);
    data.check(decoded ? "" : "base64 is needed");
    source.text = decoded.value_or("");
  }
  source.file = beside(path, text(at[file_key]));
  return source;
}

ExecPlugin exec_plugin(const Cursor& exec, const fs::path& path) {
  ExecPlugin plugin;
  plugin.api_version = text(exec["apiVersion"]);
  plugin.command = text(exec["command"]);
  if (plugin.command.empty()) {
    exec["command"].fail("the program that prints credentials is needed");
  } else if (plugin.command.contains('/')) {
    plugin.command = beside(path, plugin.command);
  }
  if (!plugin.api_version.starts_with("client.authentication.k8s.io/")) {
    exec["apiVersion"].fail("client.authentication.k8s.io/v1 or v1beta1 is needed");
  }
  for (const Cursor& argument : exec["args"].list()) {
    plugin.arguments.push_back(text(argument));
  }
  for (const Cursor& variable : exec["env"].list()) {
    plugin.environment.emplace_back(text(variable["name"]), text(variable["value"]));
  }
  plugin.install_hint = text(exec["installHint"]);
  plugin.provide_cluster_info = exec["provideClusterInfo"].boolean().value_or(false);
  return plugin;
}

void take_cluster(const Cursor& cluster, const fs::path& path, ClusterAccess& access) {
  const Cursor server = cluster["server"];
  if (const auto parsed = parse_server(text(server), access); !parsed) {
    server.fail(parsed.error());
  }
  access.ca = pem(cluster, "certificate-authority-data", "certificate-authority", path);
  access.insecure_skip_tls_verify = cluster["insecure-skip-tls-verify"].boolean().value_or(false);
  access.tls_server_name = text(cluster["tls-server-name"]);
  if (!text(cluster["proxy-url"]).empty()) {
    cluster["proxy-url"].fail("proxies are not spoken to, the server must be reached directly");
  }
}

void take_user(const Cursor& user, const fs::path& path, ClusterAccess& access) {
  access.token = text(user["token"]);
  access.token_file = beside(path, text(user["tokenFile"]));
  access.client_certificate = pem(user, "client-certificate-data", "client-certificate", path);
  access.client_key = pem(user, "client-key-data", "client-key", path);
  if (access.client_certificate.empty() != access.client_key.empty()) {
    user.fail("a client certificate and its key are needed together");
  }
  if (user["exec"].present()) {
    access.exec = exec_plugin(user["exec"], path);
  }
  for (const std::string_view unknown : {"username", "auth-provider"}) {
    if (user[unknown].present()) {
      user[unknown].fail("not supported: use a token, a tokenFile, a client certificate or exec");
    }
  }
}

void take_context(const Cursor& document, const std::string& wanted, const fs::path& path, ClusterAccess& access) {
  const std::string name = wanted.empty() ? text(document["current-context"]) : wanted;
  if (name.empty()) {
    document["current-context"].fail("a context is needed, here or in spec.discovery.kubernetes.context");
    return;
  }
  const auto context = named(document["contexts"], "context", name);
  if (!context) {
    document["contexts"].fail("there is no context '" + name + "'");
    return;
  }
  access.ns = text((*context)["namespace"]);
  const std::string cluster_name = text((*context)["cluster"]);
  if (const auto cluster = named(document["clusters"], "cluster", cluster_name)) {
    take_cluster(*cluster, path, access);
  } else {
    document["clusters"].fail("there is no cluster '" + cluster_name + "', which context '" + name + "' names");
  }
  const std::string user_name = text((*context)["user"]);
  if (const auto user = named(document["users"], "user", user_name)) {
    take_user(*user, path, access);
  } else if (!user_name.empty()) {
    document["users"].fail("there is no user '" + user_name + "', which context '" + name + "' names");
  }
}

std::string trimmed(std::string text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::string ClusterAccess::url() const {
  const std::string name = host.contains(':') ? "[" + host + "]" : host;
  return (tls ? "https://" : "http://") + name + ":" + std::to_string(port) + path_prefix;
}

std::expected<void, std::string> parse_server(std::string_view url, ClusterAccess& access) {
  const Problem wrong("an URL is needed, like https://10.0.0.1:6443; '" + std::string(url.substr(0, 200)) +
                      "' is none");
  const bool has_scheme = url.contains("://");
  // client-go takes a host without scheme for http.
  access.tls = url.starts_with("https://");
  if (has_scheme && !access.tls && !url.starts_with("http://")) {
    return wrong;
  }
  if (has_scheme) {
    url.remove_prefix(url.find("://") + 3);
  }
  const std::size_t slash = std::min(url.find('/'), url.size());
  access.path_prefix = url.substr(slash);
  while (access.path_prefix.ends_with('/')) {
    access.path_prefix.pop_back();
  }
  std::string_view authority = url.substr(0, slash);
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) {
      return wrong;
    }
    port = authority.substr(end + 1);
    authority = authority.substr(1, end - 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    port = authority.substr(colon);
    authority = authority.substr(0, colon);
  }
  access.host = authority;
  access.port = access.tls ? 443 : 80;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), access.port);
    if (port[0] != ':' || error != std::errc{} || end != port.data() + port.size() || access.port == 0) {
      return wrong;
    }
  }
  const auto odd = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '@'; };
  if (access.host.empty() || std::ranges::any_of(access.host, odd) || std::ranges::any_of(access.path_prefix, odd)) {
    return wrong;
  }
  return {};
}

std::expected<ClusterAccess, std::string> parse_kubeconfig(std::string_view text_of_file, const fs::path& path,
                                                           const std::string& context) {
  Report report;
  ClusterAccess access;
  std::size_t documents = 0;
  const std::string name = path.string();
  report.begin_file(name);
  const auto problem = parse(text_of_file, false, [&](const Value& value) {
    Cursor::Document inside{name, report, ""};
    const Cursor document(inside, value);
    if (++documents > 1 || !document.is_map() || document["kind"].raw() != "Config") {
      document.fail("a kubeconfig is one YAML document of kind: Config");
      return;
    }
    take_context(document, context, path, access);
  });
  if (problem) {
    report.mistake({name, problem->line, problem->column}, "", problem->what);
  } else if (documents == 0) {
    report.mistake({name, 0, 0}, "", "the file is empty, a kubeconfig is needed");
  }
  if (!report.clean()) {
    std::string all;
    for (const Mistake& mistake : report.take_mistakes()) {
      all += (all.empty() ? "" : "; ") + mistake.to_string();
    }
    return Problem(all);
  }
  return access;
}

std::expected<ClusterAccess, std::string> load_kubeconfig(const fs::path& path, const std::string& context) {
  const auto text_of_file = read_file(path, kMaxKubeconfigBytes);
  if (!text_of_file) {
    return Problem(path.string() + ": " + text_of_file.error());
  }
  return parse_kubeconfig(*text_of_file, path, context);
}

std::expected<ClusterAccess, std::string> in_cluster_access(const fs::path& folder) {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr || *host == '\0' || *port == '\0') {
    return Problem(
        "no kubeconfig is named and this is no Pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  ClusterAccess access;
  const std::string authority = std::string_view(host).contains(':') ? "[" + std::string(host) + "]" : host;
  if (const auto parsed = parse_server("https://" + authority + ":" + port, access); !parsed) {
    return Problem("KUBERNETES_SERVICE_HOST and _PORT: " + parsed.error());
  }
  access.token_file = folder / "token";
  access.ca.file = folder / "ca.crt";
  if (const auto ns = read_file(folder / "namespace", kMaxNamespaceBytes)) {
    access.ns = trimmed(*ns);
  }
  return access;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  bool ended = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      continue;
    }
    ended = ended || c == '=';
    if (c == '=') {
      continue;
    }
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos || ended) {
      return std::nullopt;
    }
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xff);
    }
  }
  return bits == 6 ? std::nullopt : std::optional(bytes);
}

fs::path expand_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || !(path == "~" || path.starts_with("~/"))) {
    return path;
  }
  return fs::path(home) / path.substr(std::min<std::size_t>(2, path.size()));
}

}  // namespace ringway::config
