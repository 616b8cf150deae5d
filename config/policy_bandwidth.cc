#include <optional>
#include <string>

#include "config/keys.h"
#include "config/policy.h"
#include "config/quantity.h"

// What of a policy says how many bytes may pass each second.
namespace ringway::config {
namespace {

constexpr std::uint64_t kLeast = 1024;
constexpr std::uint64_t kMost = std::uint64_t{1} << 40;

std::optional<std::uint64_t> decode_rate(const Cursor& rate) {
  if (!rate.present()) {
    return std::nullopt;
  }
  // A bare number is no text in YAML, and both are right.
  const auto bytes = parse_quantity(rate.raw());
  if (!bytes) {
    rate.fail(bytes.error());
    return std::nullopt;
  }
  if (*bytes != 0 && (*bytes < kLeast || *bytes > kMost)) {
    rate.fail("0 (no limit), or 1Ki to 1Ti bytes a second are allowed");
  }
  return *bytes;
}

}  // namespace

void decode_bandwidth(const Cursor& policy, PolicyPatch& patch) {
  const Cursor bandwidth = policy["bandwidth"];
  bandwidth.allow_only(kBandwidthKeys);
  const Cursor session = bandwidth["perSession"];
  session.allow_only(kRateKeys);
  patch.session_up = decode_rate(session["up"]);
  patch.session_down = decode_rate(session["down"]);
  const Cursor service = bandwidth["service"];
  service.allow_only(kRateKeys);
  patch.service_up = decode_rate(service["up"]);
  patch.service_down = decode_rate(service["down"]);
}

}  // namespace ringway::config
