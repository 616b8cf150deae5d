#pragma once

#include <memory>
#include <vector>

#include "proxy/balance/picker.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {

/// A snapshot made ready for workers: with the picker of each port. Immutable, shared by all workers, made and freed by
/// the control thread. Pickers of unchanged ports are shared with the plan before.
struct Plan {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<std::shared_ptr<const Picker>> pickers;  ///< by slot, null for a free one

  [[nodiscard]] const ServicePort* port(std::uint32_t slot) const {
    return slot < snapshot->ports.size() ? snapshot->ports[slot].get() : nullptr;
  }
};

}  // namespace ringway::proxy
