#pragma once

#include <algorithm>
#include <string_view>

#include "discovery/health/conversation.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {

/// What a check makes of `answer` that comes in pieces of `piece` bytes, before the server closes.
inline discovery::ProbeResult judged(const config::HealthCheck& check, std::string_view answer, std::size_t piece) {
  const auto conversation = discovery::make_conversation(check, {*proxy::IpAddress::parse("127.0.0.1"), 80});
  promise(!conversation->say().empty(), "a check asks");
  while (!answer.empty() && !conversation->verdict()) {
    conversation->hear(answer.substr(0, piece));
    answer.remove_prefix(std::min(piece, answer.size()));
    conversation->say();
  }
  conversation->hear_end();
  promise(conversation->verdict().has_value(), "there is a verdict in the end");
  return *conversation->verdict();
}

/// The verdict is the same however an answer is cut.
inline void try_answer(const config::HealthCheck& check, std::string_view answer) {
  constexpr std::size_t kRead_bytes = 4096;
  const discovery::ProbeResult whole = judged(check, answer, kRead_bytes);
  promise(!whole.detail.empty(), "a verdict has words");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const discovery::ProbeResult cut = judged(check, answer, piece);
    promise(cut.outcome == whole.outcome, ("in pieces: " + cut.detail + "; whole: " + whole.detail).c_str());
  }
}

}  // namespace ringway::fuzz
