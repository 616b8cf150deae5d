#pragma once

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/values.h"
#include "config/watchlist.h"

namespace ringway::config {

/// Reads files and folders (every `*.yaml`, `*.yml` and `*.json` in a folder, sorted by name), then the `manifests`
/// that `kind: Ringway` names, and validates all of it together. Either the whole is right, or every mistake is
/// returned, in the order of the files. Throws nothing. Any thread. `watchlist`, where it is not null, is replaced in
/// both cases: what is wrong may be mended in a file that no configuration names yet.
std::expected<Configuration, std::vector<Mistake>> load(std::span<const std::filesystem::path> paths,
                                                        Watchlist* watchlist = nullptr);

/// The same for one text that stands in no file; `name` stands in its place in mistakes.
std::expected<Configuration, std::vector<Mistake>> load_text(std::string_view text, const std::string& name);

}  // namespace ringway::config
