#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/ring/simulated/trace.h"

namespace ringway::sim {

/// What a speaker says before all else: a ClientHello, whole or cut into records, something wrong, or nothing.
struct Hello {
  std::string text;
  std::optional<std::uint32_t> route;  ///< of the two that a port may have
};

/// A ClientHello for `name`, "" for none, in records of `record_bytes`.
inline std::string client_hello(std::string_view name, std::size_t record_bytes = 1000) {
  const auto with_length = [](std::string text, std::size_t bytes) {
    for (std::size_t rest = text.size(); bytes > 0; --bytes, rest >>= 8U) {
      text.insert(text.begin(), static_cast<char>(rest & 0xffU));
    }
    return text;
  };
  const std::string host = std::string(1, '\0') + with_length(std::string(name), 2);
  const std::string extension = std::string(2, '\0') + with_length(with_length(host, 2), 2);
  const std::string body = "\x03\x03" + std::string(32, 'r') + std::string(1, '\0') + with_length("\x13\x01", 2) +
                           with_length(std::string(1, '\0'), 1) + with_length(name.empty() ? "" : extension, 2);
  const std::string message = "\x01" + with_length(body, 3);
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += record_bytes) {
    records += "\x16\x03\x01" + with_length(message.substr(at, record_bytes), 2);
  }
  return records;
}

inline const Hello& hello_of(proxy::simulated::EndId speaker) {
  static const std::array<Hello, 8> kHellos = {
      {{.text = "", .route = {}},
       {.text = client_hello("route-0.sim"), .route = 0},
       {.text = client_hello("www.Route-1.sim."), .route = 1},
       {.text = client_hello("a.b.route-1.sim", 9), .route = 1},
       {.text = client_hello("other.sim"), .route = {}},
       {.text = client_hello(""), .route = {}},
       {.text = client_hello("route-0.sim", 7).substr(0, 40) + "x", .route = {}},
       {.text = "", .route = {}}}};
  return kHellos.at((speaker * 0x9e3779b1U) >> 29U);
}

}  // namespace ringway::sim
