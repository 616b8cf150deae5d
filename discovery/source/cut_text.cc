#include "discovery/source/cut_text.h"

namespace ringway::discovery {
namespace {

/// Bytes of a sequence after its first.
constexpr std::size_t kMaxContinued = 3;

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

std::string_view cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  std::size_t end = limit;
  while (end > 0 && limit - end < kMaxContinued && continues(text[end])) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace ringway::discovery
