#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>

#include "config/values.h"
#include "discovery/drain_marks.h"

/// `drains.json` in `spec.stateDirectory`: the drains by hand that survive a restart. All of it blocks (fsync(2) too),
/// and is done at the start and when a person drains.
namespace ringway::daemon {

/// As many drains are written down at the most; a person makes them one by one.
inline constexpr std::size_t kMostPersistedDrains = 10'000;

/// `spec.stateDirectory`, else the first of $STATE_DIRECTORY (systemd.exec(5)), else /var/lib/ringway.
[[nodiscard]] std::string state_directory(const config::Ringway& ringway);

/// None where there is no file. The error says what is wrong with a file that cannot be read or understood.
[[nodiscard]] std::expected<discovery::DrainMarks, std::string> load_drains(const std::filesystem::path& folder);

/// Makes the folder where it is missing, and puts a new file in the place of the old one: after a crash at any moment
/// one of the two is there, whole. The error says why that failed; the old file is there then.
[[nodiscard]] std::expected<void, std::string> save_drains(const std::filesystem::path& folder,
                                                           const discovery::DrainMarks& marks);

}  // namespace ringway::daemon
