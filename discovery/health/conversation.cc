#include "discovery/health/conversation.h"

#include <utility>

namespace ringway::discovery {

void Conversation::hear(std::string_view bytes) {
  if (!verdict_) {
    take(bytes);
  }
}

void Conversation::hear_end() {
  if (!verdict_) {
    take_end();
  }
}

void Conversation::judge(ProbeOutcome outcome, std::string detail) {
  if (!verdict_) {
    verdict_ = ProbeResult{outcome, std::move(detail)};
  }
}

std::unique_ptr<Conversation> make_conversation(const config::HealthCheck& check, const proxy::SocketAddress& address) {
  switch (check.kind) {
    case config::HealthCheck::Kind::kTcp:
      return make_tcp_conversation(check);
    case config::HealthCheck::Kind::kHttp:
      return make_http_conversation(check, address);
    case config::HealthCheck::Kind::kGrpc:
      break;
  }
  return make_grpc_conversation(check, address);
}

}  // namespace ringway::discovery
