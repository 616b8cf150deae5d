#include "discovery/source/docker_event.h"

#include <algorithm>
#include <array>
#include <utility>

#include "discovery/source/docker_signal.h"
#include "discovery/source/json.h"

namespace ringway::discovery {
namespace {

/// Event objects are `{Actor: {Attributes: {…}}}`.
constexpr int kEventDepth = 3;
constexpr std::size_t kMaxIdLength = 128;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

constexpr std::array<std::pair<std::string_view, DockerAction>, 15> kActions = {{
    {"create", DockerAction::kChanged},
    {"init", DockerAction::kChanged},
    {"start", DockerAction::kStarted},
    {"restart", DockerAction::kChanged},
    {"kill", DockerAction::kSignal},
    {"stop", DockerAction::kChanged},
    {"die", DockerAction::kDied},
    {"died", DockerAction::kDied},
    {"cleanup", DockerAction::kChanged},
    {"pause", DockerAction::kChanged},
    {"unpause", DockerAction::kChanged},
    {"rename", DockerAction::kChanged},
    {"update", DockerAction::kChanged},
    {"destroy", DockerAction::kRemoved},
    {"remove", DockerAction::kRemoved},
}};

DockerAction action_of(const std::string& type, const std::string& action) {
  if (type == "network") {
    return action == "connect" || action == "disconnect" ? DockerAction::kChanged : DockerAction::kIgnored;
  }
  if (type != "container") {
    return DockerAction::kIgnored;
  }
  if (action.starts_with("health_status")) {
    return DockerAction::kChanged;
  }
  const auto* const known = std::ranges::find(kActions, action, [](const auto& entry) { return entry.first; });
  return known == kActions.end() ? DockerAction::kIgnored : known->second;
}

std::int64_t time_of(const json::Value& event) {
  const auto time_ns = json::number(event, "timeNano");
  const auto time_s = json::number(event, "time");
  if (time_ns > 0 || time_s < 0 || time_s > INT64_MAX / kNanosecondsPerSecond) {
    return time_ns;
  }
  return time_s * kNanosecondsPerSecond;
}

}  // namespace

bool is_container_id(std::string_view id) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !id.empty() && id.size() <= kMaxIdLength && std::ranges::all_of(id, alphanumeric);
}

std::expected<DockerEvent, std::string> parse_docker_event(std::string_view line) {
  const auto event = json::parse(line, kEventDepth);
  if (!event.is_object()) {
    return std::unexpected("an event is no JSON object: " + std::string(line.substr(0, 60)));
  }
  const auto& actor = json::member(event, "Actor");
  const auto& attributes = json::member(actor, "Attributes");

  DockerEvent result;
  result.action = action_of(json::text(event, "Type"), json::text(event, "Action"));
  if (result.action == DockerAction::kIgnored) {
    return result;
  }
  result.id = json::text(actor, "ID");
  if (json::text(event, "Type") == "network" && json::member(attributes, "container").is_string()) {
    result.id = json::text(attributes, "container");
  }
  if (!is_container_id(result.id)) {
    result.action = DockerAction::kIgnored;
    return result;
  }
  result.time_ns = time_of(event);
  result.signal = signal_number(json::text(attributes, "signal"));
  result.exit_code = json::text(attributes, "exitCode");
  return result;
}

}  // namespace ringway::discovery
