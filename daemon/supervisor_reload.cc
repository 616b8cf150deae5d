#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "config/load.h"
#include "daemon/changes.h"
#include "daemon/log.h"
#include "daemon/supervisor_impl.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

/// The log names this many changes of one reload; `ringway reload` prints them all.
constexpr std::size_t kLoggedChanges = 20;

constexpr std::chrono::seconds kLongestRetry{30};

/// Whether the machine refused, and not what stands in the files: that may pass without a change that is watched.
bool may_pass(const std::string& mistake) {
  constexpr std::array kOutOf = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EIO};
  return std::ranges::any_of(
      kOutOf, [&](int error) { return mistake.find(std::generic_category().message(error)) != std::string::npos; });
}

}  // namespace

ReloadReport Supervisor::Impl::reload(const std::string& why) {
  ReloadReport report;
  if (stopping_) {
    report.result = ReloadReport::Result::kRefused;
    report.mistakes = {"the daemon ends"};
    return report;
  }
  report.mistakes = try_reload(report);
  if (!report.mistakes.empty()) {
    report.result = ReloadReport::Result::kRefused;
    report.changes.clear();
  } else {
    watchlist_ = *std::exchange(refused_watchlist_, std::nullopt);
  }
  tallies_.config_valid = report.mistakes.empty();
  ++tallies_.reloads.at(static_cast<std::size_t>(report.result));
  watch_files();
  plan_retry(report);

  std::string message;
  switch (report.result) {
    case ReloadReport::Result::kRefused:
      message = "configuration refused (" + why +
                "), what ran before still runs: " + counted(report.mistakes.size(), "mistake");
      log::error(message);
      for (const auto& mistake : report.mistakes) {
        log::error(mistake);
      }
      message += ": " + report.mistakes.front();
      break;
    case ReloadReport::Result::kUnchanged:
      message = "configuration unchanged (" + why + ")";
      log::info(message);
      break;
    case ReloadReport::Result::kApplied:
      message = "configuration applied (" + why + "): " + counted(report.changes.size(), "change");
      log::info(message);
      for (std::size_t i = 0; i < std::min(report.changes.size(), kLoggedChanges); ++i) {
        log::info(report.changes[i]);
      }
      for (const auto& note : configuration_->notes) {
        log::info(note);
      }
      break;
  }
  events_.add({.kind = report.result == ReloadReport::Result::kRefused ? "ReloadRefused" : "Reloaded",
               .object = "configuration",
               .message = message});
  changed_something();
  return report;
}

void Supervisor::Impl::plan_retry(const ReloadReport& report) {
  if (std::ranges::none_of(report.mistakes, may_pass)) {
    retry_after_ = std::chrono::seconds(0);
    return;
  }
  retry_after_ = std::clamp(retry_after_ * 2, std::chrono::seconds(1), kLongestRetry);
  retry_at_ = clock_.now() + retry_after_;
}

std::vector<std::string> Supervisor::Impl::try_reload(ReloadReport& report) {
  auto loaded = config::load(options_.config_paths, &refused_watchlist_.emplace());
  if (!loaded) {
    Lines lines;
    for (const auto& mistake : loaded.error()) {
      lines.push_back(mistake.to_string());
    }
    return lines;
  }
  auto next = std::make_shared<const config::Configuration>(std::move(*loaded));
  if (Lines lines = needs_restart(*files_, *next); !lines.empty()) {
    return lines;
  }
  report.changes = changes_between(*files_, *next);
  if (report.changes.empty()) {
    // The same content in other files: what is watched must follow.
    files_ = next;
    configure_merged();
    follow_node();
    report.result = ReloadReport::Result::kUnchanged;
    return {};
  }
  const auto before = node_addresses_;
  learn_node_addresses(*next);
  if (const auto bound = data_plane_->bind(*reconciler_->preview(*next)); !bound) {
    node_addresses_ = before;
    reconciler_->set_node_addresses(before);
    return {bound.error().context};
  }
  log::configure(next->ringway.log_level, next->ringway.log_format);
  put_in_force(std::move(next));
  report.result = ReloadReport::Result::kApplied;
  return {};
}

void Supervisor::Impl::watch_files() {
  if (!config_watch_) {
    return;
  }
  config::Watchlist all = watchlist_;
  // The paths of the command line too: a file or folder that was taken away may come back.
  all.files.insert(all.files.end(), options_.config_paths.begin(), options_.config_paths.end());
  // What was refused may be mended where the configuration in force names nothing.
  if (refused_watchlist_) {
    const config::Watchlist& more = *refused_watchlist_;
    all.files.insert(all.files.end(), more.files.begin(), more.files.end());
    all.folders.insert(all.folders.end(), more.folders.begin(), more.folders.end());
    all.names.insert(all.names.end(), more.names.begin(), more.names.end());
  }
  for (const auto& failure : config_watch_->watch(all)) {
    log::warn(failure + ": changes there are not seen, SIGHUP still reloads");
  }
}

}  // namespace ringway::daemon
