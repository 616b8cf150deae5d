#pragma once

#include <cstdint>
#include <optional>

#include "proxy/address/claim.h"

namespace ringway::proxy {

/// The mark of one daemon on the addresses that it adds: a number that no other living daemon in this network namespace
/// has.
class Slot {
 public:
  static constexpr std::uint8_t kCount = 16;
  /// IFA_PROTO of slot 0; the range 0xA0 to 0xAF is ours. The kernel uses 1 to 3 (linux/if_addr.h), and
  /// iproute2's rt_addrprotos names none above.
  static constexpr std::uint8_t kFirstProtocol = 0xA0;

  /// Takes slot `number` if nobody holds it.
  static std::optional<Slot> claim(std::uint8_t number);
  /// Takes the lowest slot that nobody holds.
  static std::optional<Slot> claim_lowest();
  static bool is_ours(std::uint8_t protocol) {
    return protocol >= kFirstProtocol && protocol - kFirstProtocol < kCount;
  }

  [[nodiscard]] std::uint8_t protocol() const { return static_cast<std::uint8_t>(kFirstProtocol + number_); }

 private:
  Slot(Claim held, std::uint8_t number) : claim_(std::move(held)), number_(number) {}
  Claim claim_;
  std::uint8_t number_;
};

}  // namespace ringway::proxy
