#pragma once

#include <cstdint>
#include <string>

#include "proxy/core/proxy_protocol.h"
#include "proxy/ring/simulated/trace.h"
#include "tests/sim/hello.h"
#include "tests/sim/scenario.h"

namespace ringway::sim {

/// Of whom a client tells in a PROXY header before its hello: as if it was a proxy. The port is nobody else's.
inline proxy::ProxiedConnection told_by(proxy::simulated::EndId speaker) {
  proxy::ProxiedConnection told;
  told.source = {proxy::IpAddress::v4(kFirstClient + (speaker / 4) % kClientAddresses),
                 static_cast<std::uint16_t>(1024 + speaker / 2 % 30'000)};
  told.destination = {proxy::IpAddress::v4(0x0a0b0c0d), 443};
  return told;
}

/// The header of one speaker in four, "" of the others.
inline std::string header_of(proxy::simulated::EndId speaker) {
  const std::uint32_t drawn = (speaker * 0x85ebca6bU) >> 29U;
  if (drawn > 1) {
    return "";
  }
  const auto bytes = proxy::write_proxy_header(told_by(speaker),
                                               drawn == 0 ? proxy::ProxyVersion::kV1 : proxy::ProxyVersion::kV2, true);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a speaker says before its content.
inline std::string preface_of(proxy::simulated::EndId speaker) {
  return header_of(speaker) + hello_of(speaker).text;
}

}  // namespace ringway::sim
