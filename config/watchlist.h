#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ringway::config {

/// Names of a folder in which a pattern of `manifests` has a match, or may have one later.
struct WatchedNames {
  std::filesystem::path folder;
  std::string pattern;  ///< of one name, as glob(7) reads it: `*.conf`

  bool operator==(const WatchedNames&) const = default;
};

/// Where a change may make another configuration of the same paths.
struct Watchlist {
  std::vector<std::filesystem::path> files;    ///< all that were read or named, in order
  std::vector<std::filesystem::path> folders;  ///< where each new file that could be a part of a configuration matters
  std::vector<WatchedNames> names;             ///< of `teams/*/x.yaml`: `*` in teams, `x.yaml` in each folder of it
};

}  // namespace ringway::config
