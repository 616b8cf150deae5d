#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/core/address.h"

namespace ringway::proxy {

/// A network and what is said of clients in it.
struct AccessRule {
  IpAddress network;
  std::uint8_t bits = 0;  ///< of the prefix, 0 to 32 or 128; what follows in `network` does not count
  bool allow = true;

  bool operator==(const AccessRule&) const = default;
};

/// Which clients may come in: the longest prefix that holds a client's address decides. The rules are spread out over
/// the addresses beforehand, so that a look-up is one binary search however many there are. Immutable.
class AccessList {
 public:
  /// `otherwise` holds for addresses in no rule's network. Of two rules for one network the later one counts.
  AccessList(std::span<const AccessRule> rules, bool otherwise);

  [[nodiscard]] bool allows(const IpAddress& client) const;

  bool operator==(const AccessList&) const = default;

 private:
  /// Holds from `first` to the next one's.
  struct Range {
    IpAddress first;
    bool allow;
    bool operator==(const Range&) const = default;
  };

  void begin_range(const IpAddress& first, bool allow);
  void spread(std::vector<AccessRule> rules, bool otherwise, bool v6);

  std::vector<Range> ranges_;  ///< by address, IPv4 first; each family begins with its lowest address
};

/// Reads `10.0.0.0/8`, `fd00::/8`, or an address alone; nothing where it is neither.
std::optional<AccessRule> parse_access_rule(std::string_view text, bool allow);

}  // namespace ringway::proxy
