#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ringway::daemon {

/// What a look at the data path came to. Neither: bytes flow through every worker.
struct DataPathReport {
  std::vector<std::string> failures;  ///< for each worker that passed no bytes: which, and what happened instead
  std::string note;                   ///< why nothing can be said now; "" where it can

  bool operator==(const DataPathReport&) const = default;
};

/// Who wants to know.
using DataPathAsker = std::function<void(const DataPathReport& report)>;

}  // namespace ringway::daemon
