#include "proxy/core/session_id.h"

#include <cstddef>
#include <string_view>

namespace ringway::proxy {

std::string SessionId::to_string() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    id[15 - i] = kDigits[run >> (4 * i) & 0xfU];
    id[31 - i] = kDigits[number >> (4 * i) & 0xfU];
  }
  return id;
}

}  // namespace ringway::proxy
