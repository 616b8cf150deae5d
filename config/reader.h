#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/watchlist.h"

namespace ringway::config {

/// The bytes of a regular file of at most `limit` bytes, or why it cannot be read. Never waits for a writer.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::filesystem::path& path, std::size_t limit);

/// `*.yaml`, `*.yml` and `*.json` of a folder by name. Hidden ones are left out: editors keep their half-written copies
/// there.
[[nodiscard]] std::expected<std::vector<std::filesystem::path>, std::string> files_of(
    const std::filesystem::path& folder);

/// What a pattern of glob(7) names.
struct Matches {
  std::vector<std::filesystem::path> paths;
  std::filesystem::path folder;     ///< of a path without wildcard: where it stands
  std::vector<WatchedNames> names;  ///< of a pattern: where a new match may appear, folder by folder
  bool is_pattern = false;          ///< it holds a wildcard
};

/// Files that `pattern` names, seen from `base`, by name.
[[nodiscard]] Matches expand(const std::filesystem::path& base, const std::string& pattern);

}  // namespace ringway::config
