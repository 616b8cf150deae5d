#include "config/reader.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "config/descriptor.h"

namespace ringway::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWildcards = "*?[";

std::unexpected<std::string> cannot_read(int error) {
  return std::unexpected("cannot be read: " + std::generic_category().message(error));
}

std::string too_long(std::size_t limit) {
  return "is longer than the " + std::to_string(limit >> 20) + " MiB that are allowed";
}

// The part of a path that stands for itself even where it holds wildcards.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (kWildcards.find(c) != std::string_view::npos || c == '\\') {
      result += '\\';
    }
    result += c;
  }
  return result;
}

std::vector<fs::path> matches_of(const std::string& pattern) {
  std::vector<fs::path> paths;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      paths.emplace_back(found.gl_pathv[i]);
    }
  }
  globfree(&found);
  return paths;
}

// Each part of a pattern from the first wildcard on, in all folders that the parts before it name by now.
std::vector<WatchedNames> names_to_watch(const fs::path& base, const fs::path& pattern) {
  auto part = pattern.begin();
  fs::path fixed = base;
  for (; part != pattern.end() && part->string().find_first_of(kWildcards) == std::string::npos; ++part) {
    fixed /= *part;
  }
  std::vector<WatchedNames> names;
  std::vector<fs::path> folders = {fixed.empty() ? "." : fixed.lexically_normal()};
  for (; part != pattern.end(); ++part) {
    std::vector<fs::path> next;
    for (const fs::path& folder : folders) {
      names.push_back({folder, part->string()});
      std::ranges::copy_if(matches_of(escaped((folder / "").string()) + part->string()), std::back_inserter(next),
                           [](const fs::path& path) {
                             std::error_code unknown;
                             return fs::is_directory(path, unknown);
                           });
    }
    folders = std::move(next);
  }
  return names;
}

}  // namespace

std::expected<std::string, std::string> read_file(const fs::path& path, std::size_t limit) {
  // Without O_NONBLOCK the open of a FIFO would wait for somebody to write.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about{};
  if (file.get() < 0 || fstat(file.get(), &about) != 0) {
    return cannot_read(errno);
  }
  if (!S_ISREG(about.st_mode)) {
    return std::unexpected("is no regular file, a file or a folder is needed");
  }
  if (static_cast<std::size_t>(about.st_size) > limit) {
    return std::unexpected(too_long(limit));
  }
  std::string text;
  text.reserve(static_cast<std::size_t>(about.st_size));
  std::array<char, 65536> piece{};
  while (true) {
    const ssize_t count = read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return cannot_read(errno);
    }
    if (count == 0) {
      return text;
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) {
      return std::unexpected(too_long(limit));
    }
  }
}

std::expected<std::vector<fs::path>, std::string> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    const fs::path extension = path.extension();
    const bool ours = extension == ".yaml" || extension == ".yml" || extension == ".json";
    std::error_code unknown;
    if (ours && !path.filename().string().starts_with('.') && !entry->is_directory(unknown)) {
      files.push_back(path);
    }
  }
  if (error) {
    return std::unexpected("cannot be read: " + error.message());
  }
  std::ranges::sort(files);
  return files;
}

Matches expand(const fs::path& base, const std::string& pattern) {
  Matches matches;
  matches.is_pattern = pattern.find_first_of(kWildcards) != std::string::npos;
  const fs::path whole = base / pattern;
  if (!matches.is_pattern) {
    matches.paths.push_back(whole);
    matches.folder = whole.has_parent_path() ? whole.parent_path() : ".";
    return matches;
  }
  matches.names = names_to_watch(base, pattern);
  const std::string prefix = fs::path(pattern).is_absolute() || base.empty() ? "" : escaped(base.string()) + "/";
  matches.paths = matches_of(prefix + pattern);
  return matches;
}

}  // namespace ringway::config
