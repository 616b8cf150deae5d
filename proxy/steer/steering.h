#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "proxy/core/address.h"
#include "proxy/core/error.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {

/// All addresses under `ip` and its first `length` bits.
struct Prefix {
  IpAddress ip;
  std::uint8_t length = 0;
};

/// Where what comes for an address is handed to.
enum class Steered : std::uint8_t {
  kServed,  ///< to the sockets of the workers
  kSilent,  ///< to one that answers nobody
};

/// A program in the kernel that hands what comes for any of many addresses to one listening socket, for each protocol
/// and family, instead of one socket for each address. It belongs to the network namespace of the thread that opened
/// it, and goes with this object or with the process, however that ends.
class Steering {
 public:
  /// Loads and attaches the program; it steers nothing yet. The error says what is missing and where to get it: the
  /// build (RINGWAY_STEER), Linux 5.9, or CAP_BPF and CAP_NET_ADMIN.
  static Result<std::unique_ptr<Steering>> open();
  Steering(const Steering&) = delete;
  Steering& operator=(const Steering&) = delete;
  virtual ~Steering() = default;

  /// `fd`, which listens (UDP: is bound), takes what is steered so of its protocol and family. Others of its
  /// SO_REUSEPORT group share that with it. When it is closed nothing is steered so any more.
  virtual Result<void> serve_by(int fd, Steered kind = Steered::kServed) = 0;

  /// From now on, or no longer; one that is steered already is steered as `kind` says. Any thread, also several at
  /// once. kExhausted: there are as many as there may be (kMaxSteered); those before the first that failed are steered.
  virtual Result<void> add(Protocol protocol, std::span<const SocketAddress> addresses,
                           Steered kind = Steered::kServed) = 0;
  virtual void remove(Protocol protocol, std::span<const SocketAddress> addresses) = 0;
  /// A whole block of addresses, with one port.
  virtual Result<void> add(Protocol protocol, const Prefix& prefix, std::uint16_t port) = 0;
  virtual void remove(Protocol protocol, const Prefix& prefix, std::uint16_t port) = 0;

  /// Another program of this kind is in the namespace, and was there first: an address may be steered away from us.
  [[nodiscard]] virtual bool others_first() const = 0;

 protected:
  Steering() = default;
};

/// Addresses that can be steered at once, over all protocols.
extern const std::size_t kMaxSteered;

/// Whether this binary has the program in it.
bool steering_built_in();
/// Whether `Steering::open` would work here and now; attaches nothing.
Result<void> can_steer();

/// How Services get their connections.
struct SteeringChoice {
  bool wanted = false;  ///< spec.virtualIPs.mode is steer
  bool active = false;
  std::string why;            ///< for a person: why it is not active though it is wanted
  std::size_t addresses = 0;  ///< steered now
};

}  // namespace ringway::proxy
