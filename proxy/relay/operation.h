#pragma once

#include <cstdint>

#include "proxy/ring/token.h"

namespace ringway::proxy {

/// What a token's operation is: who takes its completion. Those of a session follow the worker's own.
enum class Operation : std::uint8_t {
  kWake,
  kAccept,
  kConnect,
  kReceiveFromClient,
  kReceiveFromUpstream,
  kSendToClient,
  kSendToUpstream,
  kSpliceFromClient,
  kSpliceFromUpstream,
};

/// Whether it carries bytes through a buffer of ours.
[[nodiscard]] constexpr bool is_copy(Operation operation) {
  return operation >= Operation::kReceiveFromClient && operation <= Operation::kSendToUpstream;
}

[[nodiscard]] constexpr Token token_of(Operation operation, std::uint32_t slot, std::uint32_t generation) {
  return {static_cast<std::uint8_t>(operation), generation, slot};
}

}  // namespace ringway::proxy
