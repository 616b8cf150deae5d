#include "tests/conformance/cluster.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

constexpr const char* kApiIp = "192.168.77.1";
constexpr int kClientHost = 100;
/// A Pod answers in microseconds.
constexpr milliseconds kAnswer = scaled(milliseconds(1000));
constexpr milliseconds kDropped = scaled(milliseconds(300));

IpAddress ip_of(const std::string& text) {
  return IpAddress::parse(text).value();
}

std::string fabric_four(int host) {
  return "192.168.77." + std::to_string(host);
}
std::string fabric_six(int host) {
  return "fd00:77::" + std::to_string(host);
}
std::string pods_four(int node) {
  return "10.244." + std::to_string(node) + ".";
}
std::string pods_six(int node) {
  return "fd00:10:244:" + std::to_string(node) + "::";
}

/// Whoever has had an address for less than a second is asked whether it is another's too, and cannot be dialed
/// meanwhile.
void without_duplicate_detection(const NetworkNamespace& net) {
  net.sysctl("ipv6/conf/default/accept_dad", "0");
}

}  // namespace

IpAddress Node::ip(bool v6) const {
  return ip_of(v6 ? fabric_six(10 + number) : fabric_four(10 + number));
}

IpAddress Node::bridge_ip(bool v6) const {
  return ip_of((v6 ? pods_six(number) : pods_four(number)) + "1");
}

IpAddress Pod::ip(bool v6) const {
  return ip_of((v6 ? pods_six(node->number) : pods_four(node->number)) + std::to_string(number));
}

void Pod::serve(std::uint16_t port, const std::string& as) {
  const Inside here(net);
  for (const bool v6 : {false, true}) {
    servers.push_back(std::make_unique<EchoServer>(ServerOptions{
        .mode = Mode::kFinFirst, .name = as.empty() ? name : as, .at = {ip(v6), port}, .tell_peer = true}));
  }
}

Answer dial(const NetworkNamespace& from, const SocketAddress& to) {
  const Inside here(from);
  TcpClient client(to, kDropped);
  const std::string text = client.connected() ? client.receive_all(kAnswer) : "";
  const std::size_t space = text.find(' ');
  if (space == std::string::npos || !text.ends_with('\n')) {
    return {.refused = client.error() == ECONNREFUSED || client.error() == ECONNRESET ||
                       (client.connected() && text.empty() && client.ending() == Ending::kReset),
            .dropped = client.error() == ETIMEDOUT};
  }
  return {.from = text.substr(0, space), .peer = text.substr(space + 1, text.size() - space - 2)};
}

Cluster::Cluster(From objects, const std::vector<std::string>& spec_lines) {
  const NetworkNamespace fabric(current_namespace());
  without_duplicate_detection(fabric);
  fabric.ip({"link add fabric address 02:00:00:00:00:01 type bridge",
             "addr add " + std::string(kApiIp) + "/24 dev fabric", "addr add fd00:77::1/64 dev fabric nodad",
             "link set fabric up"});
  control_.emplace(objects, ApiServerOptions{.ip = kApiIp});
  nodes_.emplace_back("node-a", 1);
  nodes_.emplace_back("node-b", 2);
  for (Node& node : nodes_) {
    join_fabric(fabric, node.net, node.name, 10 + node.number);
    set_up_node(node, node.number == 1 ? nodes_[1] : nodes_[0]);
    std::vector<std::string> lines = {"node: {name: " + node.name + "}"};
    lines.insert(lines.end(), spec_lines.begin(), spec_lines.end());
    const auto more = control_->spec_lines(folder_);
    lines.insert(lines.end(), more.begin(), more.end());
    const Inside here(node.net);
    node.daemon = std::make_unique<Daemon>(DaemonOptions{.config = "", .spec_lines = lines});
    control_->tell(*node.daemon);
  }
  join_fabric(fabric, outside_, "outside", kClientHost);
  outside_.ip({"route add 192.168.88.0/24 via " + a().ip().to_string()});
}

Cluster::~Cluster() {
  for (Node& node : nodes_) {
    node.daemon.reset();
  }
}

void Cluster::join_fabric(const NetworkNamespace& fabric, const NetworkNamespace& net, const std::string& cable,
                          int host) {
  without_duplicate_detection(net);
  fabric.ip({"link add " + cable + " type veth peer name eth0 netns " + net.path(),
             "link set " + cable + " master fabric up"});
  net.ip({"addr add " + fabric_four(host) + "/24 dev eth0", "addr add " + fabric_six(host) + "/64 dev eth0 nodad",
          "link set eth0 up"});
}

void Cluster::set_up_node(const Node& node, const Node& other) {
  node.net.sysctl("ipv4/ip_forward", "1");
  node.net.sysctl("ipv6/conf/all/forwarding", "1");
  node.net.ip({"link add cbr0 address 02:00:00:00:00:01 type bridge",
               "addr add " + node.bridge_ip().to_string() + "/24 dev cbr0",
               "addr add " + node.bridge_ip(true).to_string() + "/64 dev cbr0 nodad", "link set cbr0 up",
               "route add " + pods_four(other.number) + "0/24 via " + other.ip().to_string(),
               "route add " + pods_six(other.number) + "/64 via " + other.ip(true).to_string()});
}

Pod& Cluster::add_pod(const std::string& name, Node& node) {
  Pod& pod = pods_.emplace_back(name, &node, 10 + static_cast<int>(pods_.size()));
  without_duplicate_detection(pod.net);
  const std::string cable = "pod" + std::to_string(pod.number);
  node.net.ip({"link add " + cable + " type veth peer name eth0 netns " + pod.net.path(),
               "link set " + cable + " master cbr0 up"});
  pod.net.ip({"addr add " + pod.ip().to_string() + "/24 dev eth0",
              "addr add " + pod.ip(true).to_string() + "/64 dev eth0 nodad", "link set eth0 up",
              "route add default via " + node.bridge_ip().to_string(),
              "route add default via " + node.bridge_ip(true).to_string()});
  pod.serve(kPodPort);
  return pod;
}

}  // namespace ringway::test
