#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::style {

/// A file of the repository. `path` is relative to its root, with forward slashes.
struct Source {
  std::string path;
  std::string text;
};

/// All files under `root` that the rules are about, without build folders and hidden ones, sorted by path.
std::vector<Source> read_sources(const std::filesystem::path& root);

/// Each rule returns what breaks it as `path:line: what, what is allowed`, nothing for files that it is not about.
using Findings = std::vector<std::string>;

/// Who may include whom, between our own folders.
Findings check_arrows(const Source& source);
/// Which libraries and system headers belong to which folder.
Findings check_libraries(const Source& source);
/// One thread and its event loop: no locks, sleeps and wall clock where they do not belong.
Findings check_threads(const Source& source);
/// Length, leftovers, include guards.
Findings check_form(const Source& source);
/// Relative links in Markdown that lead to nothing under `root`.
Findings check_links(const Source& source, const std::filesystem::path& root);

}  // namespace ringway::style
