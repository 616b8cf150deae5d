#pragma once

#include <memory>
#include <vector>

#include "proxy/balance/picker.h"
#include "proxy/core/error.h"
#include "proxy/core/snapshot.h"
#include "proxy/relay/reactor.h"

namespace ringway::proxy {

/// One listener for each worker, each at an address of its own (the workers share those of a Service, so nobody can
/// choose which of them takes a connection), and the port that they all belong to: no Service's, with one endpoint.
/// Control thread.
class ProbeListeners {
 public:
  /// Binds `workers` sockets to 127.0.0.1, each to a port that the kernel chooses.
  static Result<std::unique_ptr<ProbeListeners>> open(const SocketAddress& echo, std::size_t workers);
  ProbeListeners(const ProbeListeners&) = delete;
  ProbeListeners& operator=(const ProbeListeners&) = delete;
  ~ProbeListeners();

  [[nodiscard]] const std::vector<SocketAddress>& addresses() const { return addresses_; }
  /// Makes the sessions of these listeners a part of `plan`.
  void join(Plan& plan) const;
  /// Adds each worker's socket to its change; only the first call does something.
  void hand_over(std::vector<Switch>& switches);

 private:
  explicit ProbeListeners(const SocketAddress& echo, std::size_t workers);

  std::shared_ptr<const ServicePort> port_;
  std::shared_ptr<const Picker> picker_;
  std::vector<SocketAddress> addresses_;
  std::vector<int> fds_;  ///< until they are handed over
};

}  // namespace ringway::proxy
