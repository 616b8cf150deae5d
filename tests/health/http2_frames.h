#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ringway::discovery {

/// What a server of HTTP/2 may write, frame by frame (RFC 9113, sections 4 and 6).
enum class FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
  kContinuation = 9
};

inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

/// High bytes first, as every number of HTTP/2.
inline std::string number(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned at = bytes; at > 0; --at) {
    text += static_cast<char>((value >> (8 * (at - 1))) & 0xffU);
  }
  return text;
}

inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, const std::string& payload) {
  return number(payload.size(), 3) + number(static_cast<std::uint8_t>(type), 1) + number(flags, 1) + number(stream, 4) +
         payload;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Of the client's first stream, each as a literal without indexing (RFC 7541, section 6.2.2), of at most 126 bytes.
inline std::string headers(const Headers& all, std::uint8_t flags = 0) {
  std::string block;
  for (const auto& [name, value] : all) {
    block += '\0' + number(name.size(), 1) + name + number(value.size(), 1) + value;
  }
  return frame(FrameType::kHeaders, flags | kEndHeaders, 1, block);
}

inline std::string settings() {
  return frame(FrameType::kSettings, 0, 0, "");
}

inline std::string data(const std::string& payload, std::uint8_t flags = 0) {
  return frame(FrameType::kData, flags, 1, payload);
}

inline std::string goaway(std::uint32_t last_stream, std::uint32_t error) {
  return frame(FrameType::kGoaway, 0, 0, number(last_stream, 4) + number(error, 4));
}

inline std::string reset(std::uint32_t error) {
  return frame(FrameType::kReset, 0, 1, number(error, 4));
}

/// A HealthCheckResponse with one byte of status, in gRPC's frame.
inline std::string health_response_frame(char status) {
  return number(0, 1) + number(2, 4) + '\x08' + status;
}

/// All of an answer that says so.
inline std::string grpc_answer(char status) {
  return settings() + headers({{":status", "200"}, {"content-type", "application/grpc"}}) +
         data(health_response_frame(status)) + headers({{"grpc-status", "0"}}, kEndStream);
}

/// An answer without a message.
inline std::string grpc_failure(const std::string& status, const std::string& message) {
  return settings() + headers({{":status", "200"},
                               {"content-type", "application/grpc"},
                               {"grpc-status", status},
                               {"grpc-message", message}},
                              kEndStream);
}

}  // namespace ringway::discovery
