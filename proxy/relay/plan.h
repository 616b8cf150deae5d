#pragma once

#include <cstdint>
#include <memory>

#include "proxy/balance/picker.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {

/// The place of the port by which the daemon probes its own data path: that of no Service.
inline constexpr std::uint32_t kProbeSlot = ~std::uint32_t{0};

/// The place of a listening socket that stands for the addresses of many ports (see Listeners::add).
inline constexpr std::uint32_t kSteeredSlot = kProbeSlot - 1;

/// The place of no port.
inline constexpr std::uint32_t kNoSlot = kSteeredSlot - 1;

/// A snapshot made ready for workers: with the picker of each port. Immutable, shared by all workers, made and freed by
/// the control thread. Pickers of unchanged ports are shared with the plan before.
struct Plan {
  std::shared_ptr<const Snapshot> snapshot;
  SharedVector<std::shared_ptr<const Picker>> pickers;  ///< by slot, null for a free one
  std::shared_ptr<const ServicePort> probe;             ///< that of kProbeSlot; null: none
  std::shared_ptr<const Picker> probe_picker;

  [[nodiscard]] const ServicePort* port(std::uint32_t slot) const {
    if (slot == kProbeSlot) {
      return probe.get();
    }
    return snapshot->port(slot);
  }
  /// Of a slot that has a port.
  [[nodiscard]] const Picker& picker(std::uint32_t slot) const {
    return slot == kProbeSlot ? *probe_picker : *pickers[slot];
  }
};

}  // namespace ringway::proxy
