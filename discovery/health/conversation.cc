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
  return check.kind == config::HealthCheck::Kind::kTcp ? make_tcp_conversation(check)
                                                       : make_http_conversation(check, address);
}

}  // namespace ringway::discovery
