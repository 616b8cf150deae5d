#include "daemon/drain_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/descriptor.h"
#include "config/reader.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using config::Descriptor;
using discovery::DrainLifetime;
using discovery::DrainMark;
using discovery::DrainMarks;
using nlohmann::json;

constexpr char kFile[] = "drains.json";
constexpr int kVersion = 1;
/// Far more than kMostPersistedDrains can need: names have 253 characters at the most.
constexpr std::size_t kMostBytes = 16U << 20U;

std::string why(int error) {
  return std::generic_category().message(error);
}

/// 0, or the errno of what failed.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return errno;
    }
    text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  return fsync(fd) == 0 ? 0 : errno;
}

int replace(const std::filesystem::path& folder, std::string_view text) {
  const std::filesystem::path next = folder / (std::string(".") + kFile + ".new");
  {
    const Descriptor file(open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) {
      return errno;
    }
    if (const int error = write_all(file.get(), text); error != 0) {
      unlink(next.c_str());
      return error;
    }
  }
  if (rename(next.c_str(), (folder / kFile).c_str()) != 0) {
    const int error = errno;
    unlink(next.c_str());
    return error;
  }
  // The new name is on the disk only when the folder is.
  const Descriptor place(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return place.get() >= 0 && fsync(place.get()) == 0 ? 0 : errno;
}

/// Null where `entry` is none.
std::optional<DrainMark> mark_of(const json& entry) {
  if (!entry.is_object()) {
    return std::nullopt;
  }
  const json workload = entry.value("workload", json(""));
  const json address = entry.value("address", json(""));
  if (!workload.is_string() || !address.is_string()) {
    return std::nullopt;
  }
  DrainMark mark{.address = proxy::SocketAddress::parse(address.get_ref<const std::string&>()),
                 .workload = workload.get<std::string>()};
  const bool wrong_address = !mark.address && !address.get_ref<const std::string&>().empty();
  return wrong_address || (!mark.address && mark.workload.empty()) ? std::nullopt : std::optional(std::move(mark));
}

}  // namespace

std::string state_directory(const config::Ringway& ringway) {
  if (!ringway.state_directory.empty()) {
    return ringway.state_directory;
  }
  const char* given = std::getenv("STATE_DIRECTORY");
  const std::string_view folders = given == nullptr ? "" : given;
  const std::string_view first = folders.substr(0, folders.find(':'));
  return first.empty() ? "/var/lib/ringway" : std::string(first);
}

std::expected<DrainMarks, std::string> load_drains(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFile;
  const auto failed = [&path](const std::string& what) { return std::unexpected(path.string() + ": " + what); };
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) {
    return DrainMarks{};
  }
  const auto text = config::read_file(path, kMostBytes);
  if (!text) {
    return failed(text.error());
  }
  const json whole = json::parse(*text, nullptr, false);
  const json version = whole.is_object() ? whole.value("version", json()) : json();
  if (!version.is_number_integer()) {
    return failed("damaged: it is no JSON object with a version");
  }
  if (version != kVersion) {
    return failed("its version is " + to_line(version) + ", this program knows 1 alone");
  }
  const json drains = whole.value("drains", json());
  if (!drains.is_array()) {
    return failed("damaged: it has no list named drains");
  }
  DrainMarks marks;
  for (const json& entry : drains) {
    auto mark = mark_of(entry);
    if (!mark) {
      return failed("damaged: it has an entry that is no drain: " + to_line(entry));
    }
    discovery::add_drain(marks, std::move(*mark), DrainLifetime::kPersisted);
  }
  return marks;
}

std::expected<void, std::string> save_drains(const std::filesystem::path& folder, const DrainMarks& marks) {
  json drains = json::array();
  for (const auto& [mark, lifetime] : marks) {
    if (lifetime == DrainLifetime::kPersisted) {
      json& entry = drains.emplace_back(json{{"workload", mark.workload}});
      if (mark.address) {
        entry["address"] = mark.address->to_string();
      }
    }
  }
  if (drains.size() > kMostPersistedDrains) {
    return std::unexpected("there are " + std::to_string(kMostPersistedDrains) +
                           " drains that survive a restart, and no more are allowed: undrain some");
  }
  std::error_code made;
  std::filesystem::create_directories(folder, made);
  const int error =
      made ? made.value() : replace(folder, to_pretty({{"version", kVersion}, {"drains", drains}}) + "\n");
  if (error != 0) {
    return std::unexpected("writing " + (folder / kFile).string() + ": " + why(error) +
                           ": let the user that the daemon runs as write to this folder, or name another one in " +
                           "spec.stateDirectory and restart");
  }
  return {};
}

}  // namespace ringway::daemon
