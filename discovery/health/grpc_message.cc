#include "discovery/health/grpc_message.h"

#include <array>
#include <charconv>

namespace ringway::discovery {
namespace {

constexpr std::uint64_t kService = (1U << 3U) | 2U;
constexpr std::uint64_t kStatus = (1U << 3U) | 0U;

void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) {
    to += static_cast<char>((value & 0x7fU) | 0x80U);
  }
  to += static_cast<char>(value);
}

bool skip(std::string_view& from, std::uint64_t bytes) {
  if (bytes > from.size()) {
    return false;
  }
  from.remove_prefix(bytes);
  return true;
}

std::optional<std::uint64_t> take_varint(std::string_view& from) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  return std::nullopt;
}

bool skip_field(std::string_view& from, std::uint64_t tag) {
  switch (tag & 7U) {
    case 0:
      return take_varint(from).has_value();
    case 1:
      return skip(from, 8);
    case 2: {
      const auto length = take_varint(from);
      return length && skip(from, *length);
    }
    case 5:
      return skip(from, 4);
    default:
      return false;
  }
}

std::optional<std::uint64_t> status_of(std::string_view message) {
  std::uint64_t status = 0;
  while (!message.empty()) {
    const auto tag = take_varint(message);
    if (!tag || *tag >> 3U == 0) {
      return std::nullopt;
    }
    if (*tag == kStatus) {
      const auto value = take_varint(message);
      if (!value) {
        return std::nullopt;
      }
      status = *value;
    } else if (!skip_field(message, *tag)) {
      return std::nullopt;
    }
  }
  return status;
}

template <std::size_t N>
std::string name_of(std::uint64_t status, const std::array<std::string_view, N>& names) {
  return status < N ? std::string(names.at(status)) : "status " + std::to_string(status);
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    append_varint(message, kService);
    append_varint(message, service.size());
    message += service;
  }
  std::string framed(1, '\0');
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    framed += static_cast<char>((message.size() >> (shift - 8)) & 0xffU);
  }
  return framed + message;
}

std::expected<std::uint64_t, std::string> health_response(std::string_view data) {
  if (data.size() < kGrpcFrameHead_bytes) {
    return std::unexpected("has no message");
  }
  if (data.front() != 0) {
    return std::unexpected("is compressed, which was not asked for");
  }
  std::uint64_t length = 0;
  for (const char byte : data.substr(1, 4)) {
    length = length << 8U | static_cast<unsigned char>(byte);
  }
  data.remove_prefix(kGrpcFrameHead_bytes);
  if (data.size() != length) {
    return std::unexpected(data.size() < length ? "ends within its message" : "has more than one message");
  }
  const auto status = status_of(data);
  return status ? std::expected<std::uint64_t, std::string>(*status) : std::unexpected("is no HealthCheckResponse");
}

std::string serving_status_text(std::uint64_t status) {
  static constexpr std::array<std::string_view, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return name_of(status, kNames);
}

std::string grpc_status_text(std::string_view status) {
  static constexpr std::array<std::string_view, 17> kNames = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), number);
  const bool whole = error == std::errc{} && end == status.data() + status.size();
  return whole ? name_of(number, kNames) : "status " + std::string(status);
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    std::uint8_t byte = 0;
    const std::string_view digits = text.substr(1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    const bool triple = text.front() == '%' && digits.size() == 2 && error == std::errc{} && end == digits.data() + 2;
    decoded += triple ? static_cast<char>(byte) : text.front();
    text.remove_prefix(triple ? 3 : 1);
  }
  return decoded;
}

}  // namespace ringway::discovery
