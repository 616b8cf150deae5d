#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/control_plane.h"
#include "tests/conformance/network_namespace.h"
#include "tests/harness/echo_server.h"

namespace ringway::test {

/// One machine of the cluster: a network namespace with `eth0` on the fabric, the bridge `cbr0` of its Pods, which it
/// routes for, and a daemon.
struct Node {
  std::string name;
  int number = 0;
  NetworkNamespace net;
  std::unique_ptr<Daemon> daemon;

  /// Of eth0: 192.168.77.1N, fd00:77::1N.
  [[nodiscard]] IpAddress ip(bool v6 = false) const;
  /// Of cbr0, and so what Pods of this node see of Ringway: 10.244.N.1, fd00:10:244:N::1.
  [[nodiscard]] IpAddress bridge_ip(bool v6 = false) const;
};

/// A network namespace with an address of each family from its node's networks, 10.244.N.0/24 and fd00:10:244:N::/64.
struct Pod {
  std::string name;
  const Node* node = nullptr;
  int number = 0;
  NetworkNamespace net;
  std::vector<std::unique_ptr<EchoServer>> servers;

  [[nodiscard]] IpAddress ip(bool v6 = false) const;
  /// Listens on the port in both families: says "NAME PEER" and ends. `as` in the place of the Pod's name.
  void serve(std::uint16_t port, const std::string& as = "");
};

/// What a client got.
struct Answer {
  std::string from;  ///< the name of the Pod; "" where none answered
  std::string peer;  ///< the address that the Pod saw
  bool refused = false;
  bool dropped = false;  ///< neither let in nor refused within 300 ms
};
/// What a client in this namespace gets.
Answer dial(const NetworkNamespace& from, const SocketAddress& to);

/// The port that servers in Pods listen on.
inline constexpr std::uint16_t kPodPort = 9376;

/// Two nodes, node-a and node-b, Pods on them, and a client outside, each a network namespace. What joins them is the
/// namespace that the calling thread is in, which must be its own (`enter_own_namespace`). Services have addresses of
/// 10.96.0.0/16 and fd00:10:96::/112; load balancers' are in 192.168.88.0/24, which the client reaches through node-a.
/// One thread.
class Cluster {
 public:
  /// `spec_lines` as of `DaemonOptions`, for both nodes.
  Cluster(From objects, const std::vector<std::string>& spec_lines);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster();

  Node& a() { return nodes_[0]; }
  Node& b() { return nodes_[1]; }
  ControlPlane& control() { return *control_; }
  /// A client that is no Pod: 192.168.77.100, fd00:77::100.
  [[nodiscard]] const NetworkNamespace& outside() const { return outside_; }

  /// A new Pod that serves on `kPodPort`.
  Pod& add_pod(const std::string& name, Node& node);

 private:
  static void join_fabric(const NetworkNamespace& fabric, const NetworkNamespace& net, const std::string& cable,
                          int host);
  static void set_up_node(const Node& node, const Node& other);

  NetworkNamespace outside_;
  TemporaryFolder folder_;
  std::optional<ControlPlane> control_;
  std::deque<Node> nodes_;
  std::deque<Pod> pods_;
};

}  // namespace ringway::test
