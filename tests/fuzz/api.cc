#include "config/api.h"

#include "tests/fuzz/check.h"

namespace ringway::fuzz {

/// The first byte says which kind was asked for, the rest is what the API server says.
void try_text(std::string_view text) {
  using config::ApiKind;
  auto kind = ApiKind::kService;
  if (!text.empty() && text.front() >= '0' && text.front() <= '3') {
    kind = static_cast<ApiKind>(text.front() - '0');
    text.remove_prefix(1);
  }
  const auto page = config::read_api_page(text, kind);
  promise(page.has_value() || !page.error().empty(), "a refused list has words");
  const auto event = config::read_api_event(text, kind);
  promise(event.has_value() || !event.error().empty(), "a refused event has words");
  static_cast<void>(config::read_api_status(text));
  static_cast<void>(config::read_api_version(text));
}

}  // namespace ringway::fuzz
