#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "config/policy.h"

namespace ringway::config {
namespace {

constexpr milliseconds kMinInterval{10};
constexpr milliseconds kMaxInterval = std::chrono::hours(1);
constexpr std::int64_t kMaxCount = 100;
constexpr double kMaxJitter = 0.5;
constexpr std::size_t kMaxPath = 2048;
constexpr std::size_t kMaxBody = 4096;
constexpr std::size_t kMaxMethod = 16;
constexpr std::size_t kMaxHost = 255;
constexpr std::size_t kMaxService = 255;

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

std::optional<std::uint16_t> parse_status(std::string_view text) {
  std::uint16_t status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool right = error == std::errc{} && end == text.data() + text.size() && status >= 100 && status <= 599;
  return right ? std::optional(status) : std::nullopt;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<std::vector<StatusRange>> parse_status_ranges(std::string_view text) {
  std::vector<StatusRange> ranges;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = parse_status(trim(part.substr(0, dash)));
    const auto last = dash == std::string_view::npos ? first : parse_status(trim(part.substr(dash + 1)));
    if (!first || !last || *first > *last) {
      return std::nullopt;
    }
    ranges.push_back({*first, *last});
    if (comma == std::string_view::npos) {
      return ranges;
    }
    text.remove_prefix(comma + 1);
  }
}

// `fits` says whether a text is allowed; where it is not, `allowed` does.
template <typename Fits>
std::optional<std::string> text(const Cursor& at, Fits fits, std::string_view allowed) {
  auto value = at.string();
  if (value && !fits(*value)) {
    at.check(allowed);
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> bytes_of_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    std::uint8_t byte = 0;
    const std::string_view pair = text.substr(at, 2);
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (error != std::errc{} || pair.size() != 2 || end != pair.data() + 2) {
      return std::nullopt;
    }
    bytes += static_cast<char>(byte);
    at += 2;
  }
  return bytes;
}

/// Bytes as text, or as hexadecimal digits: one of the two keys.
std::optional<std::string> decode_bytes(const Cursor& tcp, Key as_text, Key as_hex) {
  const auto fits = [](const std::string& s) { return s.size() <= kMaxBody; };
  const auto plain = text(tcp[as_text], fits, "at most 4096 bytes are allowed");
  const Cursor hex = tcp[as_hex];
  if (!hex.present()) {
    return plain;
  }
  if (plain) {
    hex.fail("either `" + std::string(as_text) + "` or `" + std::string(as_hex) + "` is allowed, not both");
  }
  auto bytes = bytes_of_hex(hex.raw());
  if (!bytes || !fits(*bytes)) {
    hex.check("pairs of hexadecimal digits are needed, at most 4096 of them, like \"50494e470d0a\"");
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::string> decode_host(const Cursor& host) {
  return text(
      host, [](const std::string& s) { return s.size() <= kMaxHost && std::ranges::all_of(s, is_visible); },
      "a host name without spaces of at most 255 characters is needed");
}

void decode_grpc(const Cursor& grpc, HealthCheckPatch& patch) {
  grpc.allow_only(kGrpcCheckKeys);
  patch.host = decode_host(grpc["authority"]);
  patch.service = text(
      grpc["service"],
      [](const std::string& s) { return s.size() <= kMaxService && std::ranges::all_of(s, is_visible); },
      "a name without spaces of at most 255 characters is needed, like \"shop.Cart\"");
}

void decode_http(const Cursor& http, HealthCheckPatch& patch) {
  http.allow_only(kHttpCheckKeys);
  patch.path = text(
      http["path"],
      [](const std::string& s) {
        return s.starts_with('/') && s.size() <= kMaxPath && std::ranges::all_of(s, is_visible);
      },
      "a path that begins with '/', without spaces, of at most 2048 characters is needed");
  patch.method = text(
      http["method"],
      [](const std::string& s) {
        return !s.empty() && s.size() <= kMaxMethod &&
               std::ranges::all_of(s, [](char c) { return c >= 'A' && c <= 'Z'; });
      },
      "a method of 1 to 16 capital letters is needed, like GET or HEAD");
  patch.host = decode_host(http["host"]);
  patch.expect_body = text(
      http["expectBody"], [](const std::string& s) { return s.size() <= kMaxBody; }, "at most 4096 bytes are allowed");
  if (patch.method == "HEAD" && patch.expect_body && !patch.expect_body->empty()) {
    http["expectBody"].fail("the answer to HEAD has no body, use the method GET");
  }
  if (const Cursor status = http["expectStatus"]; status.present()) {
    patch.expect_status = parse_status_ranges(status.raw());
    if (!patch.expect_status) {
      status.check("statuses from 100 to 599 are needed, like \"200-399\" or \"200,204,300-399\"");
    }
  }
}

}  // namespace

HealthCheckPatch decode_health_check(const Cursor& check) {
  HealthCheckPatch patch;
  if (check.raw() == "off") {
    patch.off = true;
    return patch;
  }
  check.allow_only(kHealthCheckKeys);
  const Cursor tcp = check["tcp"];
  const Cursor http = check["http"];
  const Cursor grpc = check["grpc"];
  if (int{tcp.mentioned()} + int{http.mentioned()} + int{grpc.mentioned()} > 1) {
    (grpc.mentioned() ? grpc : http).fail("one of tcp, http and grpc is allowed, not two");
  }
  if (tcp.mentioned()) {
    patch.kind = HealthCheck::Kind::kTcp;
    tcp.allow_only(kTcpCheckKeys);
    patch.send = decode_bytes(tcp, "send", "sendHex");
    patch.expect = decode_bytes(tcp, "expect", "expectHex");
    patch.port = tcp["port"].integer(1, 65535);
  }
  if (http.mentioned()) {
    patch.kind = HealthCheck::Kind::kHttp;
    decode_http(http, patch);
    patch.port = http["port"].integer(1, 65535);
  }
  if (grpc.mentioned()) {
    patch.kind = HealthCheck::Kind::kGrpc;
    decode_grpc(grpc, patch);
    patch.port = grpc["port"].integer(1, 65535);
  }
  patch.interval = check["interval"].duration(kMinInterval, kMaxInterval);
  patch.fast_interval = check["fastInterval"].duration(kMinInterval, kMaxInterval);
  if (patch.interval && patch.fast_interval && *patch.fast_interval > *patch.interval) {
    check["fastInterval"].fail("the interval while a result differs must not be longer than the interval");
  }
  patch.timeout = check["timeout"].duration(kMinInterval, kMaxInterval);
  patch.rise = check["rise"].integer(1, kMaxCount);
  patch.fall = check["fall"].integer(1, kMaxCount);
  patch.jitter = check["jitter"].number(0, kMaxJitter);
  return patch;
}

}  // namespace ringway::config
