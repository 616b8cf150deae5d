#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/core/address.h"

namespace ringway::daemon {

/// The health check node ports of Services: a load balancer asks there which nodes have endpoints of the Service.
///
/// Answers every request, whatever its method and path, as kube-proxy does (pkg/proxy/healthcheck/service_health.go):
/// 200 with endpoints on this node, else 503, with their number as JSON and in a header. Control thread.
class HealthPorts {
 public:
  struct Name {
    std::string ns;
    std::string service;

    bool operator==(const Name&) const = default;
  };
  struct State {
    std::size_t local_endpoints = 0;
    bool serving = true;  ///< false while the daemon ends
  };
  using Ask = std::function<State(const Name& service)>;

  HealthPorts(boost::asio::any_io_executor executor, Ask ask);
  HealthPorts(const HealthPorts&) = delete;
  HealthPorts& operator=(const HealthPorts&) = delete;
  ~HealthPorts();

  /// Listens on exactly these addresses from now on. What cannot be listened on is tried again by the next call;
  /// returns a line for each of them.
  std::vector<std::string> follow(const std::map<proxy::SocketAddress, Name>& wanted);

 private:
  class Port;
  boost::asio::any_io_executor executor_;
  Ask ask_;
  std::map<proxy::SocketAddress, std::pair<Name, std::shared_ptr<Port>>> ports_;
};

}  // namespace ringway::daemon
