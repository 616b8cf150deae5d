#include "proxy/core/client_hello.h"

#include <algorithm>
#include <span>
#include <string>

#include "tests/fuzz/check.h"

namespace ringway::fuzz {

/// What parses has a name that a host may have, and reads the same whatever follows. A beginning of it is incomplete or
/// the whole of it; of what is incomplete every beginning is incomplete too, so that no session decides too early.
void try_text(std::string_view text) {
  using namespace proxy;
  const auto bytes = std::as_bytes(std::span(text));
  const auto parsed = parse_client_hello(bytes);
  if (!parsed && parsed.error() == ClientHelloError::kInvalid) {
    return;
  }
  for (const std::size_t size : {bytes.size() / 2, bytes.size() - std::min<std::size_t>(bytes.size(), 1)}) {
    const auto less = parse_client_hello(bytes.first(size));
    promise(less ? parsed && parsed->server_name == less->server_name : less.error() == ClientHelloError::kIncomplete,
            "a beginning of what is right is right so far");
  }
  if (parsed) {
    const std::string& name = parsed->server_name;
    promise(name.size() <= 255 && std::ranges::none_of(name, [](char c) { return c <= ' ' || (c >= 'A' && c <= 'Z'); }),
            "a name is one of a host, in lower case");
    const std::string longer = std::string(text) + "x";
    const auto more = parse_client_hello(std::as_bytes(std::span(longer)));
    promise(more && more->server_name == name, "what follows is not looked at");
  }
}

}  // namespace ringway::fuzz
