#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::discovery {

/// A message of gRPC and the two of grpc.health.v1.Health/Check, which have one field each: by hand, because protobuf
/// is only there in builds with the containerd source, and this much of its encoding is small.
///
/// The frame of a message: a byte, 1 where it is compressed, and its length in 4 bytes, high ones first
/// (github.com/grpc/grpc: doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). A field: a varint of 8 times its number
/// plus its type (0 varint, 1 eight bytes, 2 a length and so many bytes, 5 four bytes), then its value
/// (protobuf.dev/programming-guides/encoding).
inline constexpr std::size_t kGrpcFrameHead_bytes = 5;

/// HealthCheckRequest{service = 1: string}, framed. `service` has at most 2^32 - 1 bytes less its field's head.
[[nodiscard]] std::string health_request(std::string_view service);

/// HealthCheckResponse{status = 1: enum} out of all the data of an answer: `status`, 0 where it is not there. Fields of
/// other numbers are skipped, the last of equal ones counts. Else what is wrong with the data, for a person.
[[nodiscard]] std::expected<std::uint64_t, std::string> health_response(std::string_view data);

/// `SERVING`; `status 7`, where that is none of HealthCheckResponse.ServingStatus.
[[nodiscard]] std::string serving_status_text(std::uint64_t status);
inline constexpr std::uint64_t kServing = 1;

/// Of the header `grpc-status`: `NOT_FOUND` (5); `status 17`, where no name is known (doc/statuscodes.md).
[[nodiscard]] std::string grpc_status_text(std::string_view status);

/// The header `grpc-message`: `%41` is `A`; what is no such triple is itself.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace ringway::discovery
