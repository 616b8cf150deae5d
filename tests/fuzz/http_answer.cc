#include "tests/fuzz/answer.h"

namespace ringway::fuzz {

/// The same answer to checks that want a status, a text, and no body at all.
void try_text(std::string_view text) {
  config::HealthCheck check;
  check.kind = config::HealthCheck::Kind::kHttp;
  try_answer(check, text);
  check.expect_body = "ok";
  try_answer(check, text);
  check.method = "HEAD";
  check.expect_body = "";
  try_answer(check, text);
}

}  // namespace ringway::fuzz
