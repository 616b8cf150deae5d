#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::config {

/// PEM, here or in a file that is read at each connect. The text goes before the file, as client-go has it.
struct PemSource {
  std::string text;
  std::string file;

  [[nodiscard]] bool empty() const { return text.empty() && file.empty(); }
};

/// A program that prints credentials (client.authentication.k8s.io).
struct ExecPlugin {
  std::string api_version;
  std::string command;  ///< a path where it has a `/`, else looked for in $PATH
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string install_hint;
  bool provide_cluster_info = false;
};

/// One cluster and how to be let in.
struct ClusterAccess {
  bool tls = true;
  std::string host;  ///< a name or an address, IPv6 without brackets
  std::uint16_t port = 443;
  std::string path_prefix;      ///< "" or "/clusters/c1"
  PemSource ca;                 ///< empty = the system's
  std::string tls_server_name;  ///< "" = host
  bool insecure_skip_tls_verify = false;
  PemSource client_certificate;
  PemSource client_key;
  std::string token;
  std::string token_file;  ///< goes before `token`
  std::optional<ExecPlugin> exec;
  std::string ns;  ///< of the context or of the Pod; "" = not said

  /// `https://10.0.0.1:6443`
  [[nodiscard]] std::string url() const;
};

/// Reads a kubeconfig (k8s.io/client-go/tools/clientcmd/api/v1) and takes `context`, "" for its current-context. Files
/// that it names are seen from its own folder. The error names the file and what is missing.
std::expected<ClusterAccess, std::string> load_kubeconfig(const std::filesystem::path& path,
                                                          const std::string& context);
std::expected<ClusterAccess, std::string> parse_kubeconfig(std::string_view text, const std::filesystem::path& path,
                                                           const std::string& context);

/// What a Pod finds: $KUBERNETES_SERVICE_HOST and _PORT, and token, ca.crt and namespace in `folder`.
std::expected<ClusterAccess, std::string> in_cluster_access(
    const std::filesystem::path& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

/// `https://host[:port][/path]` into `access`; the error says what is allowed.
std::expected<void, std::string> parse_server(std::string_view url, ClusterAccess& access);

/// RFC 4648, padding optional, white space skipped; nothing where it is none.
std::optional<std::string> decode_base64(std::string_view text);

/// `~/x` is $HOME/x.
std::filesystem::path expand_home(const std::string& path);

}  // namespace ringway::config
