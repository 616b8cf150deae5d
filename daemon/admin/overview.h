#pragma once

#include <string>

#include "daemon/board.h"

namespace ringway::daemon {

/// The page at `/`: Services and their endpoints as plain HTML, without scripts and without anything from elsewhere.
[[nodiscard]] std::string overview_html(const Board& board, const DataPathReport& path);

/// Text that stands for itself in HTML, also inside a quoted attribute.
[[nodiscard]] std::string html_escape(std::string_view text);

}  // namespace ringway::daemon
