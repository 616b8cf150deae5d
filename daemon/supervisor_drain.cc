#include <algorithm>
#include <string>
#include <utility>

#include "daemon/drain_file.h"
#include "daemon/log.h"
#include "daemon/supervisor_impl.h"

namespace ringway::daemon {

namespace {

/// The log names this many drains that were found; `ringway get endpoints` shows them all.
constexpr std::size_t kLoggedDrains = 20;

}  // namespace

void Supervisor::Impl::restore_drains() {
  auto found = load_drains(state_directory(configuration_->ringway));
  if (!found) {
    log::error("drains by hand of before are not known, none is in force: " + found.error() +
               ": mend or remove the file and restart, or drain again with --persist, which writes it anew");
    return;
  }
  if (found->empty()) {
    return;
  }
  std::string names;
  std::size_t left = kLoggedDrains;
  for (const auto& [mark, lifetime] : *found) {
    if (left-- == 0) {
      names += ", ...";
      break;
    }
    names += (names.empty() ? "" : ", ") + mark.to_string();
  }
  log::info("drained by hand (persisted): " + names);
  reconciler_->set_drains(std::move(*found));
}

std::expected<std::size_t, std::string> Supervisor::Impl::drain(std::string_view endpoint,
                                                                discovery::DrainLifetime lifetime) {
  auto named = change_drains(endpoint, lifetime);
  if (!named && lifetime == discovery::DrainLifetime::kPersisted) {
    named.error() += "; or drain without --persist, until the daemon restarts. Nothing was drained";
  }
  return named;
}

std::expected<std::size_t, std::string> Supervisor::Impl::undrain(std::string_view endpoint) {
  auto named = change_drains(endpoint, std::nullopt);
  if (!named) {
    named.error() += ". It stays drained, for it would be again after a restart";
  }
  return named;
}

std::expected<std::size_t, std::string> Supervisor::Impl::change_drains(
    std::string_view endpoint, std::optional<discovery::DrainLifetime> lifetime) {
  auto plan = reconciler_->plan_drain(endpoint, lifetime);
  if (plan.named == 0) {
    return 0;
  }
  if (persisted(plan.marks) != persisted(reconciler_->drains())) {
    if (auto saved = save_drains(state_directory(configuration_->ringway), plan.marks); !saved) {
      log::error(std::string(endpoint) + ": " + saved.error());
      return std::unexpected(std::move(saved.error()));
    }
  }
  reconciler_->set_drains(std::move(plan.marks));
  std::string what = lifetime ? "drained by hand" : "put back by hand";
  what += lifetime == discovery::DrainLifetime::kPersisted ? " (persisted)" : "";
  log::info(std::string(endpoint) + ": " + what);
  events_.add({.kind = lifetime ? "Drained" : "Undrained",
               .object = "endpoint/" + std::string(endpoint),
               .message = std::move(what)});
  changed_something();
  return plan.named;
}

}  // namespace ringway::daemon
