#pragma once

#include <string>
#include <vector>

#include "proxy/core/address.h"
#include "tests/harness/echo_server.h"

namespace ringway::test {

/// A Service and static Pods behind it, as text of a configuration.
struct ServiceSpec {
  std::string name = "web";
  SocketAddress vip;
  std::vector<SocketAddress> endpoints;
  std::string policy = "{}";        ///< YAML in flow style
  std::vector<std::string> spec;    ///< more lines of the Service's `spec`
  std::vector<std::string> labels;  ///< more labels of each Pod, "release: canary"; may be fewer than endpoints
  std::vector<std::string> nodes;   ///< of each Pod; may be fewer than endpoints

  /// A Service that selects `app: NAME` and one Pod `NAME-N` for each endpoint.
  [[nodiscard]] std::string yaml() const;
};

/// The configuration documents of all of `services`.
std::string documents(const std::vector<ServiceSpec>& services);

/// `count` servers named `NAME-0`, `NAME-1`, … that behave alike.
std::vector<std::unique_ptr<EchoServer>> start_servers(std::size_t count, Mode mode = Mode::kGreet,
                                                       const std::string& name = "server", std::uint64_t bytes = 0);
std::vector<SocketAddress> addresses_of(const std::vector<std::unique_ptr<EchoServer>>& servers);

}  // namespace ringway::test
