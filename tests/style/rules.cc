#include "tests/style/rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <sstream>

namespace ringway::style {
namespace {

constexpr std::size_t kMaxFile_lines = 400;

/// What a folder may include of our own, beside itself and the folders that stand in it. The first entry whose folder
/// holds a file decides, so the narrower ones stand first. Folders that are not named (daemon, tests, bench) see all.
struct Arrows {
  std::string_view folder;
  std::vector<std::string_view> may;
};

const std::vector<Arrows>& arrows() {
  static const std::vector<Arrows> kArrows = {
      {"proxy/core/", {}},
      {"proxy/ring/", {"proxy/core/"}},
      {"proxy/balance/", {"proxy/core/"}},
      {"proxy/address/", {"proxy/core/"}},
      {"proxy/steer/", {"proxy/core/"}},
      {"proxy/relay/", {"proxy/core/", "proxy/ring/", "proxy/balance/"}},
      {"proxy/", {}},
      {"discovery/labels/", {}},
      {"config/", {"discovery/labels/", "proxy/core/address.h", "proxy/core/shared_text.h"}},
      {"discovery/source/", {"discovery/labels/", "config/", "proxy/core/"}},
      {"discovery/kubernetes/", {"discovery/source/", "discovery/labels/", "config/", "proxy/core/"}},
      {"discovery/health/", {"config/", "discovery/labels/", "proxy/core/"}},
      {"discovery/", {"config/", "proxy/core/"}},
      {"docker/", {}},
  };
  return kArrows;
}

/// A text that has no place in the files whose path begins with `folder` (and not with one of `except`).
struct Ban {
  std::string_view text;
  std::string_view folder;
  std::vector<std::string_view> except;
  std::string_view instead;
};

bool starts_with_any(std::string_view path, std::span<const std::string_view> folders) {
  return std::ranges::any_of(folders, [path](std::string_view folder) { return path.starts_with(folder); });
}

bool is_code(std::string_view path) {
  return path.ends_with(".cc") || path.ends_with(".h");
}

std::string finding(const Source& source, std::size_t line, const std::string& what) {
  return source.path + ":" + std::to_string(line) + ": " + what;
}

void each_line(const Source& source, const std::function<void(std::size_t, std::string_view)>& visit) {
  std::istringstream text(source.text);
  std::string line;
  for (std::size_t number = 1; std::getline(text, line); ++number) {
    visit(number, line);
  }
}

/// The code of a line: without texts in quotes and what follows `//`.
std::string code_of(std::string_view line) {
  std::string code;
  bool quoted = false;
  for (std::size_t at = 0; at < line.size() && (quoted || !line.substr(at).starts_with("//")); ++at) {
    if (quoted && line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      code += line[at];
    }
  }
  return code;
}

/// Whether `word` stands in `line` with no letter at either side.
bool has_word(std::string_view line, std::string_view word) {
  const auto letter = [line](std::size_t at) { return at < line.size() && std::isalpha(line[at]) != 0; };
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    if (!(at > 0 && letter(at - 1)) && !letter(at + word.size())) {
      return true;
    }
  }
  return false;
}

/// What `#include "…"` of one of our own files names.
std::optional<std::string_view> own_include(std::string_view line) {
  constexpr std::string_view kBegin = "#include \"";
  if (!line.starts_with(kBegin)) {
    return std::nullopt;
  }
  line.remove_prefix(kBegin.size());
  return line.substr(0, line.find('"'));
}

Findings check_bans(const Source& source, std::span<const Ban> bans) {
  Findings found;
  if (!is_code(source.path)) {
    return found;
  }
  each_line(source, [&](std::size_t number, std::string_view line) {
    for (const Ban& ban : bans) {
      if (source.path.starts_with(ban.folder) && !starts_with_any(source.path, ban.except) &&
          code_of(line).find(ban.text) != std::string::npos) {
        found.push_back(
            finding(source, number, std::string(ban.text) + " does not belong here: " + std::string(ban.instead)));
      }
    }
  });
  return found;
}

}  // namespace

std::vector<Source> read_sources(const std::filesystem::path& root) {
  static const std::set<std::string, std::less<>> kSuffixes = {".cc", ".h", ".md", ".txt", ".cmake", ".sh", ""};
  std::vector<Source> sources;
  for (std::filesystem::recursive_directory_iterator entry(root), end; entry != end; ++entry) {
    const std::string name = entry->path().filename();
    if (entry->is_directory() && (name.starts_with('.') || (entry.depth() == 0 && name == "build"))) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && !name.starts_with('.') && kSuffixes.contains(entry->path().extension())) {
      std::ifstream file(entry->path(), std::ios::binary);
      sources.push_back({std::filesystem::relative(entry->path(), root).generic_string(),
                         {std::istreambuf_iterator<char>(file), {}}});
    }
  }
  std::ranges::sort(sources, {}, &Source::path);
  return sources;
}

Findings check_arrows(const Source& source) {
  Findings found;
  const auto rule = std::ranges::find_if(
      arrows(), [&](const Arrows& candidate) { return source.path.starts_with(candidate.folder); });
  if (!is_code(source.path) || rule == arrows().end()) {
    return found;
  }
  each_line(source, [&](std::size_t number, std::string_view line) {
    const auto include = own_include(line);
    if (include && !include->starts_with(rule->folder) && !starts_with_any(*include, rule->may)) {
      std::string allowed(rule->folder);
      for (const std::string_view folder : rule->may) {
        allowed += ", " + std::string(folder);
      }
      found.push_back(finding(source, number, "may not know " + std::string(*include) + "; allowed: " + allowed));
    }
  });
  return found;
}

Findings check_libraries(const Source& source) {
  static const std::vector<Ban> kBans = {
      {"<yaml-cpp/", "", {"config/", "tests/"}, "only config/ knows YAML"},
      {"<boost/", "proxy/", {"proxy/core/proxy_protocol_v2.cc"}, "there is no Boost on the data path but its CRC"},
      {"<nlohmann/", "proxy/", {}, "the data plane reads and writes no JSON"},
      {"<spdlog/", "proxy/", {}, "the data plane returns a Cause or an Error; daemon/ logs"},
      {"<grpcpp/", "", {"discovery/source/cri/", "tests/"}, "only discovery/source/cri/ knows gRPC"},
      {"<liburing", "", {"proxy/ring/", "tests/", "bench/"}, "only proxy/ring/ knows io_uring"},
      {"<prometheus/", "", {"daemon/", "tests/"}, "only daemon/ exports metrics"},
      {"<CLI/", "", {"daemon/", "docker/", "bench/", "tests/"}, "only a main file reads the command line"},
      {"#include <iostream>",
       "",
       {"daemon/main.cc"},
       "it runs a constructor in every file; print with std::fputs, log with spdlog"},
      {"#include <regex>", "", {"tests/"}, "it is slow and recurses on long input"},
  };
  static const std::vector<Ban> kHeaderBans = {
      {"<boost/beast", "", {}, "a header that everybody includes makes rebuilds slow; include it in the .cc file"},
      {"<boost/asio.hpp>", "", {}, "include the part that is needed, or better, include it in the .cc file"},
      {"<yaml-cpp/", "", {}, "include it in the .cc file"},
      {"<spdlog/", "", {}, "include it in the .cc file"},
  };
  Findings found = check_bans(source, kBans);
  if (source.path.ends_with(".h") && !source.path.starts_with("tests/")) {
    std::ranges::copy(check_bans(source, kHeaderBans), std::back_inserter(found));
  }
  return found;
}

Findings check_threads(const Source& source) {
  static const std::vector<std::string_view> kMayHaveThreads = {"proxy/worker", "proxy/data_plane", "tests/", "bench/"};
  // getaddrinfo(3) can neither be cancelled nor awaited: it has a thread, but shares no lock with it.
  static const std::vector<std::string_view> kMayStartThreads = {"proxy/worker", "proxy/data_plane", "tests/", "bench/",
                                                                 "discovery/kubernetes/name_lookup.cc"};
  constexpr std::string_view kWhy = "only proxy/worker* and proxy/data_plane* have threads and what they share";
  static const std::vector<Ban> kBans = {
      {"std::thread", "", kMayStartThreads, kWhy},
      {"std::jthread", "", kMayHaveThreads, kWhy},
      {"std::async", "", kMayHaveThreads, kWhy},
      {"mutex", "", kMayHaveThreads, kWhy},
      {"condition_variable", "", kMayHaveThreads, kWhy},
      {"atomic<std::shared_ptr", "", {}, "hand a snapshot over by mailbox"},
      {"sleep_for", "", {"tests/"}, "wait for an event or a timer"},
      {"usleep(", "", {}, "wait for an event or a timer"},
      {"system_clock", "proxy/", {}, "the data plane has its ring's time; a test turns that"},
      {"throw ", "proxy/", {}, "return a Result"},
  };
  return check_bans(source, kBans);
}

Findings check_form(const Source& source) {
  static const std::array<std::string, 3> kLeftovers = {std::string("TO") + "DO", std::string("FIX") + "ME",
                                                        std::string("XX") + "X"};
  Findings found;
  std::size_t lines = 0;
  each_line(source, [&](std::size_t number, std::string_view line) {
    lines = number;
    for (const std::string& leftover : kLeftovers) {
      if (has_word(line, leftover)) {
        found.push_back(finding(source, number, leftover + ": do it, or file an issue"));
      }
    }
    if (const auto include = own_include(line); include && include->find('/') == std::string_view::npos) {
      found.push_back(finding(source, number, "own files are included by their path from the root"));
    }
  });
  if (lines > kMaxFile_lines && !source.path.ends_with(".md")) {
    found.push_back(finding(source, lines, "more than " + std::to_string(kMaxFile_lines) + " lines: split it"));
  }
  if (source.path.ends_with(".h") && !source.text.starts_with("#pragma once\n")) {
    found.push_back(finding(source, 1, "a header begins with #pragma once"));
  }
  return found;
}

Findings check_links(const Source& source, const std::filesystem::path& root) {
  Findings found;
  if (!source.path.ends_with(".md")) {
    return found;
  }
  each_line(source, [&](std::size_t number, std::string_view line) {
    constexpr std::string_view kBegin = "](";
    for (auto at = line.find(kBegin); at != std::string_view::npos; at = line.find(kBegin, at + 1)) {
      std::string_view target = line.substr(at + kBegin.size());
      target = target.substr(0, target.find_first_of(")#"));
      const auto folder = (root / source.path).parent_path();
      if (!target.empty() && target.find("://") == std::string_view::npos &&
          !std::filesystem::exists(folder / target)) {
        found.push_back(finding(source, number, "the link " + std::string(target) + " leads to no file"));
      }
    }
  });
  return found;
}

}  // namespace ringway::style
