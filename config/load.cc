#include "config/load.h"

#include <set>
#include <utility>

#include "config/draft.h"
#include "config/limits.h"
#include "config/parse.h"
#include "config/reader.h"

namespace ringway::config {
namespace {

namespace fs = std::filesystem;

void decode_text(std::string_view text, const std::string& name, bool json, Draft& draft) {
  draft.report.begin_file(name);
  const auto problem = parse(text, json, [&](const Value& value) {
    Cursor::Document document{name, draft.report, ""};
    decode_document(Cursor(document, value), draft);
  });
  if (problem) {
    draft.report.mistake({name, problem->line, problem->column}, "", problem->what);
  }
}

class Loader {
 public:
  void add(const fs::path& path) {
    std::error_code unknown;
    if (!fs::is_directory(path, unknown)) {
      add_file(path);
      return;
    }
    add_folder(path);
    const auto files = files_of(path);
    if (!files) {
      draft_.report.mistake({path.string(), 0, 0}, "", files.error());
      return;
    }
    if (files->empty()) {
      draft_.report.note("folder " + path.string() + ": no *.yaml, *.yml or *.json in it");
    }
    for (const fs::path& file : *files) {
      add_file(file);
    }
  }

  // The patterns are seen from the folder of the file that names them.
  void add_manifests() {
    const std::vector<std::string> patterns = draft_.ringway.manifests;
    const std::vector<Spot> spots = draft_.manifests;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const Matches matches = expand(fs::path(spots[i].at.file).parent_path(), patterns[i]);
      watchlist_.names.insert(watchlist_.names.end(), matches.names.begin(), matches.names.end());
      if (!matches.is_pattern) {
        add_folder(matches.folder);
      }
      if (matches.is_pattern && matches.paths.empty()) {
        draft_.report.note("manifests '" + patterns[i] + "': no file matches yet");
      }
      for (const fs::path& path : matches.paths) {
        std::error_code unknown;
        if (!matches.is_pattern && !fs::exists(path, unknown)) {
          watchlist_.files.push_back(path);
          draft_.report.mistake(spots[i].at, spots[i].path,
                                "'" + patterns[i] + "': no such file; a pattern like services.d/*.yaml may match none");
          continue;
        }
        add(path);
      }
    }
  }

  std::expected<Configuration, std::vector<Mistake>> result() {
    Configuration configuration = finish(draft_);
    if (!draft_.report.clean()) {
      return std::unexpected(draft_.report.take_mistakes());
    }
    configuration.notes = draft_.report.take_notes();
    configuration.files = watchlist_.files;
    return configuration;
  }

  [[nodiscard]] Watchlist take_watchlist() { return std::move(watchlist_); }

  Draft& draft() { return draft_; }

 private:
  void add_folder(const fs::path& folder) {
    if (known_folders_.insert(folder).second) {
      watchlist_.folders.push_back(folder);
    }
  }

  void add_file(const fs::path& path) {
    std::error_code unknown;
    if (!known_.insert(fs::weakly_canonical(path, unknown)).second) {
      return;
    }
    const std::string name = path.string();
    draft_.report.begin_file(name);
    if (watchlist_.files.size() >= kMaxFiles) {
      draft_.report.mistake({name, 0, 0}, "", "at most " + std::to_string(kMaxFiles) + " files are allowed");
      return;
    }
    watchlist_.files.push_back(path);
    add_folder(path.has_parent_path() ? path.parent_path() : ".");
    const auto text = read_file(path, kMaxFileBytes);
    if (!text) {
      draft_.report.mistake({name, 0, 0}, "", text.error());
      return;
    }
    total_bytes_ += text->size();
    if (total_bytes_ > kMaxTotalBytes) {
      draft_.report.mistake(
          {name, 0, 0}, "",
          "all files together are longer than the " + std::to_string(kMaxTotalBytes >> 20) + " MiB that are allowed");
      return;
    }
    decode_text(*text, name, path.extension() == ".json", draft_);
  }

  Draft draft_;
  Watchlist watchlist_;
  std::set<fs::path> known_;
  std::set<fs::path> known_folders_;
  std::size_t total_bytes_ = 0;
};

}  // namespace

std::expected<Configuration, std::vector<Mistake>> load(std::span<const fs::path> paths, Watchlist* watchlist) {
  Loader loader;
  for (const fs::path& path : paths) {
    loader.add(path);
  }
  loader.add_manifests();
  auto loaded = loader.result();
  if (watchlist != nullptr) {
    *watchlist = loader.take_watchlist();
  }
  return loaded;
}

std::expected<Configuration, std::vector<Mistake>> load_text(std::string_view text, const std::string& name) {
  Loader loader;
  decode_text(text, name, name.ends_with(".json"), loader.draft());
  loader.add_manifests();
  return loader.result();
}

}  // namespace ringway::config
