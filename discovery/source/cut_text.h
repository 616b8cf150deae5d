#pragma once

#include <cstddef>
#include <string_view>

namespace ringway::discovery {

/// The beginning of `text`, at most `limit` bytes: less where these would end within a sequence of UTF-8 (RFC 3629, 4
/// bytes at the most). Of bytes that are no UTF-8 at most 3 more are left out.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t limit);

}  // namespace ringway::discovery
