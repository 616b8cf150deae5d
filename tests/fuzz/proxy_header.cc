#include <span>

#include "proxy/core/proxy_protocol.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {

/// What parses is written again and reads the same; every beginning of it is incomplete, and what follows it not read.
void try_text(std::string_view text) {
  using namespace proxy;
  const auto bytes = std::as_bytes(std::span(text));
  const auto parsed = parse_proxy_header(bytes);
  if (!parsed) {
    return;
  }
  promise(parsed->size <= bytes.size() && parsed->size <= kMaxProxyHeader_bytes,
          "a header is within its bytes and limit");
  const auto alone = parse_proxy_header(bytes.first(parsed->size));
  promise(alone && alone->connection.source == parsed->connection.source, "what follows a header is not of it");
  const auto less = parse_proxy_header(bytes.first(parsed->size - 1));
  promise(!less && less.error() == ProxyHeaderError::kIncomplete, "a header without its end is incomplete");
  const auto again = parse_proxy_header(write_proxy_header(parsed->connection, ProxyVersion::kV2, true));
  const bool fits = parsed->connection.authority.size() < kMaxProxyHeader_bytes / 2;
  promise(again || !fits, "what was read can be written");
  if (again) {
    promise(again->connection.local == parsed->connection.local &&
                again->connection.source == parsed->connection.source &&
                again->connection.destination == parsed->connection.destination &&
                again->connection.authority == parsed->connection.authority &&
                again->connection.unique_id == parsed->connection.unique_id,
            "and reads the same");
  }
}

}  // namespace ringway::fuzz
