#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Routes of a port by the server name that a TLS client asks for.
namespace ringway::proxy {

/// Why a session of a port with routes took none of them.
enum class SniMiss : std::uint8_t {
  kNoRoute,  ///< no route has the name
  kNoName,   ///< a ClientHello without one
  kNoHello,  ///< what came is no ClientHello, or one that is too long
  kTimeout,  ///< no whole ClientHello in time
  kCount,
};

inline constexpr std::size_t kSniMissCount = static_cast<std::size_t>(SniMiss::kCount);

[[nodiscard]] constexpr std::string_view to_string(SniMiss miss) {
  constexpr std::array<std::string_view, kSniMissCount> kNames = {"noRoute", "noName", "noHello", "timeout"};
  return kNames[static_cast<std::size_t>(miss)];
}

/// What all workers count of a port with routes. Relaxed: once for each session.
struct SniStats {
  std::array<std::atomic<std::uint64_t>, kSniMissCount> missed{};
};

/// What all workers share of one route.
struct RouteStats {
  std::atomic<std::uint64_t> sessions{0};            ///< that took it
  std::atomic<std::uint64_t> round_robin_cursor{0};  ///< in the place of ServiceStats', which would skip endpoints here
};

/// Which names take which route.
class ServerNames {
 public:
  /// `name` in lower case, or a wildcard `*.` and the rest; it goes to `slot` of a snapshot.
  void add(std::string_view name, std::uint32_t slot);
  /// Of `name` in lower case: its own entry, else that of the longest wildcard that it ends with. As with hostnames of
  /// the Gateway API, `*.example.com` stands for one label or several, and not for `example.com`.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const;

  bool operator==(const ServerNames&) const = default;

 private:
  using Slots = std::map<std::string, std::uint32_t, std::less<>>;
  Slots exact_;
  Slots suffixes_;  ///< of the wildcards, with the dot
};

/// How a port chooses among its routes. Immutable.
struct SniRoutes {
  ServerNames names;
  std::vector<std::uint32_t> slots;         ///< of the routes
  std::chrono::milliseconds timeout{5000};  ///< for a whole ClientHello
  bool reject = false;                      ///< who takes no route gets RST, else the port's own endpoints
  std::shared_ptr<SniStats> stats;

  bool operator==(const SniRoutes& other) const {
    return names == other.names && slots == other.slots && timeout == other.timeout && reject == other.reject;
  }
};

}  // namespace ringway::proxy
