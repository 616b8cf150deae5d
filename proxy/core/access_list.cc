#include "proxy/core/access_list.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace ringway::proxy {
namespace {

constexpr std::uint8_t kAllOnes = 0xff;

/// `address` with every bit behind the first `bits` set to `ones`.
IpAddress filled(const IpAddress& address, std::size_t bits, bool ones) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(address.bytes(), address.size(), bytes.begin());
  for (std::size_t bit = bits; bit < address.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    bytes.at(bit / 8) = static_cast<std::uint8_t>(ones ? bytes.at(bit / 8) | mask : bytes.at(bit / 8) & ~mask);
  }
  return IpAddress::from_bytes(std::span(bytes).first(address.size()));
}

/// The address that follows; nothing after the last.
std::optional<IpAddress> after(const IpAddress& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(address.bytes(), address.size(), bytes.begin());
  for (std::size_t at = address.size(); at > 0; --at) {
    if (bytes.at(at - 1) != kAllOnes) {
      ++bytes.at(at - 1);
      return IpAddress::from_bytes(std::span(bytes).first(address.size()));
    }
    bytes.at(at - 1) = 0;
  }
  return std::nullopt;
}

}  // namespace

AccessList::AccessList(std::span<const AccessRule> rules, bool otherwise) {
  for (const bool v6 : {false, true}) {
    std::vector<AccessRule> family;
    for (AccessRule rule : rules) {
      if (rule.network.is_v6() == v6) {
        rule.bits = static_cast<std::uint8_t>(std::min<std::size_t>(rule.bits, rule.network.size() * 8));
        rule.network = filled(rule.network, rule.bits, false);
        family.push_back(rule);
      }
    }
    spread(std::move(family), otherwise, v6);
  }
}

void AccessList::begin_range(const IpAddress& first, bool allow) {
  if (!ranges_.empty() && ranges_.back().first == first) {
    ranges_.back().allow = allow;
  } else {
    ranges_.push_back({first, allow});
  }
}

// From the lowest network to the highest, with those around the current one on a stack: networks lie one in another or
// apart.
void AccessList::spread(std::vector<AccessRule> rules, bool otherwise, bool v6) {
  struct Open {
    IpAddress last;
    bool allow;
  };
  std::ranges::stable_sort(rules, {}, [](const AccessRule& rule) { return std::tie(rule.network, rule.bits); });
  const std::array<std::uint8_t, 16> zero{};
  begin_range(IpAddress::from_bytes(std::span(zero).first(v6 ? 16 : 4)), otherwise);
  std::vector<Open> open;
  const auto leave = [&] {
    const auto next = after(open.back().last);
    open.pop_back();
    if (next) {
      begin_range(*next, open.empty() ? otherwise : open.back().allow);
    }
  };
  for (const AccessRule& rule : rules) {
    while (!open.empty() && open.back().last < rule.network) {
      leave();
    }
    begin_range(rule.network, rule.allow);
    open.push_back({filled(rule.network, rule.bits, true), rule.allow});
  }
  while (!open.empty()) {
    leave();
  }
}

bool AccessList::allows(const IpAddress& client) const {
  return std::prev(std::ranges::upper_bound(ranges_, client, {}, &Range::first))->allow;
}

std::optional<AccessRule> parse_access_rule(std::string_view text, bool allow) {
  const std::size_t slash = text.find('/');
  const auto network = IpAddress::parse(text.substr(0, slash));
  if (!network) {
    return std::nullopt;
  }
  const std::size_t most = network->size() * 8;
  std::size_t bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > most) {
      return std::nullopt;
    }
  }
  return AccessRule{*network, static_cast<std::uint8_t>(bits), allow};
}

}  // namespace ringway::proxy
