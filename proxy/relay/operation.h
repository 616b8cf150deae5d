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

[[nodiscard]] constexpr Token token_of(Operation operation, std::uint32_t slot, std::uint32_t generation) {
  return {static_cast<std::uint8_t>(operation), generation, slot};
}

}  // namespace ringway::proxy
