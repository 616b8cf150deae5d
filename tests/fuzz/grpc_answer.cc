#include "discovery/health/grpc_message.h"
#include "tests/fuzz/answer.h"

namespace ringway::fuzz {

/// The text is the frames of a server; and the data of its answer alone, which chance would seldom bring to its end.
void try_text(std::string_view text) {
  config::HealthCheck check;
  check.kind = config::HealthCheck::Kind::kGrpc;
  try_answer(check, text);
  const auto status = discovery::health_response(text);
  promise(status || !status.error().empty(), "what is wrong has words");
  promise(discovery::percent_decoded(text).size() <= text.size(), "decoding makes nothing longer");
  promise(!discovery::grpc_status_text(text).empty(), "each status has a name");
}

}  // namespace ringway::fuzz
