#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/address/claim.h"
#include "proxy/address/netlink.h"
#include "proxy/core/error.h"

namespace ringway::proxy {

/// Nobody else may use them in this network namespace.
struct TransparentNumbers {
  std::uint32_t mark = 0x2000;
  std::uint32_t table = 8192;
  std::uint32_t priority = 1000;
};

/// The way back for upstream connections that have a client's address as their source: what an upstream sends goes to
/// an address that is not of this host, and is to end here. An nftables rule marks packets of such sockets before they
/// are routed, and a rule and a local route bring what is marked in (the kernel's Documentation/networking/tproxy.rst),
/// for IPv4 and IPv6. The sockets themselves have no mark: with it their own packets would come back to this host.
///
/// All of it goes with `release` or the end of the object. What a daemon left that was killed, known by the protocol
/// number of its rules, goes at the next `open` or `ensure` of any daemon. One daemon of a network namespace has it.
/// Control thread; every member blocks for a few netlink round trips.
class TransparentRouting {
 public:
  /// Of rules and routes; none of those that iproute2's rt_protos names, nor of Slot.
  static constexpr std::uint8_t kProtocol = 0xB0;

  /// Removes what is left of others, where it has the right to.
  static Result<TransparentRouting> open(const TransparentNumbers& numbers);
  TransparentRouting(TransparentRouting&&) = default;
  TransparentRouting& operator=(TransparentRouting&&) = delete;
  ~TransparentRouting();

  /// Sets it up, unless it is. An error leaves nothing behind: kPermission without CAP_NET_ADMIN, kUnsupported where
  /// this build or the kernel cannot, kExhausted while another daemon has it.
  Result<void> ensure();
  void release();
  [[nodiscard]] bool active() const { return claim_.has_value(); }

 private:
  TransparentRouting(const TransparentNumbers& numbers, Netlink netlink)
      : numbers_(numbers), netlink_(std::move(netlink)) {}

  Result<void> add_rules();
  /// Takes away what is ours, of whichever daemon. The claim is held.
  Result<void> sweep();

  TransparentNumbers numbers_;
  Netlink netlink_;
  std::optional<Claim> claim_;
};

}  // namespace ringway::proxy
