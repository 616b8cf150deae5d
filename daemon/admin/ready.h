#pragma once

#include <string>

#include "daemon/board.h"

namespace ringway::daemon {

struct Readiness {
  bool ready = false;
  std::string text;  ///< as Kubernetes' `?verbose`: a line `[+]name ok` or `[-]name failed: why` for each condition
};

/// Ready: every wanted source has listed once, every listener is bound, bytes flow through every worker, and nobody has
/// told the daemon to end. `path` is from a Board::check_data_path of now.
[[nodiscard]] Readiness readiness(const Board& board, const DataPathReport& path);

}  // namespace ringway::daemon
