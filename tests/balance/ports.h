#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "proxy/balance/picker.h"

namespace ringway::proxy {

/// 127.0.0.1, 127.0.0.2, …: the address tells which one it is.
inline std::shared_ptr<EndpointState> endpoint_at(const ServicePort& port, std::uint32_t number) {
  return std::make_shared<EndpointState>(port.key, SocketAddress(IpAddress::v4(0x7f000001 + number), 80), "",
                                         port.stats);
}

inline ServicePort port_with(Balancer balancer, std::size_t endpoints, std::vector<std::uint16_t> weights = {}) {
  ServicePort port;
  port.policy.balancer = balancer;
  port.stats = std::make_shared<ServiceStats>(1);
  for (std::uint32_t number = 0; number < endpoints; ++number) {
    port.endpoints.push_back(endpoint_at(port, number));
  }
  port.weights = std::move(weights);
  return port;
}

inline IpAddress client(std::uint32_t number) {
  return IpAddress::v4(0x0a000000 + number);
}

/// How often each endpoint of `port` is picked, in its order, by sessions that end at once.
inline std::vector<double> shares(const ServicePort& port, int picks, std::uint64_t seed = 7) {
  const auto picker = make_picker(port);
  std::mt19937_64 random(seed);
  std::map<const EndpointState*, int> counts;
  for (int pick = 0; pick < picks; ++pick) {
    ++counts[picker->pick({.tried = {},
                           .random = random(),
                           .client = client(static_cast<std::uint32_t>(pick)),
                           .now = Time(std::chrono::hours(1))})];
  }
  std::vector<double> all;
  for (const auto& endpoint : port.endpoints) {
    all.push_back(static_cast<double>(counts[endpoint.get()]) / picks);
  }
  return all;
}

/// Opens `sessions` that stay, and says how many each endpoint has.
inline std::vector<std::uint32_t> filled(const ServicePort& port, int sessions, std::uint64_t seed = 7) {
  const auto picker = make_picker(port);
  std::mt19937_64 random(seed);
  for (int session = 0; session < sessions; ++session) {
    ++picker->pick({.tried = {}, .random = random(), .client = {}, .now = Time(std::chrono::hours(1))})->active;
  }
  std::vector<std::uint32_t> all;
  for (const auto& endpoint : port.endpoints) {
    all.push_back(endpoint->active);
  }
  return all;
}

}  // namespace ringway::proxy
