#include "proxy/probe_listeners.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "proxy/relay/listen_socket.h"

namespace ringway::proxy {
namespace {

/// Anybody on this machine may connect to a listener on loopback: so many sessions of theirs, over all workers, do no
/// harm.
constexpr std::uint32_t kMaxProbes = 64;

std::shared_ptr<const ServicePort> port_for(const SocketAddress& echo, std::size_t workers) {
  auto port = std::make_shared<ServicePort>();
  port->key.service = "probe of the data path";
  port->stats = std::make_shared<ServiceStats>(workers);
  port->endpoints = {std::make_shared<EndpointState>(port->key, echo, "", port->stats)};
  port->policy.connect_attempts = 1;
  port->policy.idle_timeout = std::chrono::seconds(5);
  port->policy.max_connections = kMaxProbes;
  return port;
}

Result<SocketAddress> address_of(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return std::unexpected(system_error(errno, "getsockname"));
  }
  return SocketAddress(IpAddress::v4(ntohl(address.sin_addr.s_addr)), ntohs(address.sin_port));
}

}  // namespace

ProbeListeners::ProbeListeners(const SocketAddress& echo, std::size_t workers)
    : port_(port_for(echo, workers)), picker_(make_picker(*port_)) {}

ProbeListeners::~ProbeListeners() {
  for (const int fd : fds_) {
    close(fd);
  }
}

Result<std::unique_ptr<ProbeListeners>> ProbeListeners::open(const SocketAddress& echo, std::size_t workers) {
  std::unique_ptr<ProbeListeners> listeners(new ProbeListeners(echo, workers));
  const SocketAddress any(IpAddress::v4(INADDR_LOOPBACK), 0);
  while (listeners->fds_.size() < workers) {
    auto bound = bind_stream(any, 1);
    if (!bound) {
      return std::unexpected(std::move(bound.error()));
    }
    listeners->fds_.push_back(bound->front());
    auto address = address_of(bound->front());
    if (!address) {
      return std::unexpected(std::move(address.error()));
    }
    listeners->addresses_.push_back(*address);
  }
  return listeners;
}

void ProbeListeners::join(Plan& plan) const {
  plan.probe = port_;
  plan.probe_picker = picker_;
}

void ProbeListeners::hand_over(std::vector<Switch>& switches) {
  for (std::size_t worker = 0; worker < fds_.size(); ++worker) {
    switches[worker].added.push_back({fds_[worker], addresses_[worker], kProbeSlot});
    switches[worker].changed_slots.push_back(kProbeSlot);
  }
  fds_.clear();
}

}  // namespace ringway::proxy
