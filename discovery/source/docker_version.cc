#include "discovery/source/docker_version.h"

#include <algorithm>
#include <charconv>
#include <compare>
#include <optional>

#include "discovery/source/json.h"

namespace ringway::discovery {
namespace {

/// `{Components: [{Name}]}`.
constexpr int kVersionDepth = 3;

struct ApiVersion {
  int major = 0;
  int minor = 0;

  auto operator<=>(const ApiVersion&) const = default;
  [[nodiscard]] std::string to_string() const { return std::to_string(major) + "." + std::to_string(minor); }
};

constexpr ApiVersion kOldest{1, 24};
constexpr ApiVersion kNewest{1, 51};

std::optional<ApiVersion> parse_api(std::string_view text) {
  ApiVersion version;
  const auto* const last = text.data() + text.size();
  const auto [dot, major_error] = std::from_chars(text.data(), last, version.major);
  if (major_error != std::errc() || dot == last || *dot != '.') {
    return std::nullopt;
  }
  const auto [end, minor_error] = std::from_chars(dot + 1, last, version.minor);
  return minor_error == std::errc() && end == last ? std::optional(version) : std::nullopt;
}

std::string product_of(const json::Value& answer) {
  for (const auto& component : json::member(answer, "Components")) {
    if (json::text(component, "Name").starts_with("Podman")) {
      return "Podman";
    }
  }
  return "Docker";
}

}  // namespace

proxy::Result<DockerVersion> negotiate_docker_version(std::string_view body) {
  const auto answer = json::parse(body, kVersionDepth);
  const auto newest = parse_api(json::text(answer, "ApiVersion"));
  if (!newest) {
    return proxy::failure(proxy::ErrorCode::kUnavailable, "GET /version: the answer names no ApiVersion");
  }
  const auto oldest = parse_api(json::text(answer, "MinAPIVersion")).value_or(kOldest);
  const auto product = product_of(answer) + " " + json::text(answer, "Version").substr(0, 64);
  if (*newest < kOldest || oldest > kNewest) {
    return proxy::failure(proxy::ErrorCode::kUnsupported, product + " speaks API " + oldest.to_string() + " to " +
                                                              newest->to_string() + ", wanted " + kOldest.to_string() +
                                                              " to " + kNewest.to_string());
  }
  const auto api = std::min(*newest, kNewest).to_string();
  return DockerVersion{api, product + ", API " + api};
}

}  // namespace ringway::discovery
