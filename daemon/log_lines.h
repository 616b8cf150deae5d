#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ringway::daemon {

/// `2025-01-31T08:00:00.123Z info  the message`, one line whatever the message holds.
[[nodiscard]] std::string text_line(std::chrono::system_clock::time_point time, std::string_view level,
                                    std::string_view message);
/// `{"level":"info","message":"…","time":"…"}` and the fields given.
[[nodiscard]] std::string json_line(std::chrono::system_clock::time_point time, std::string_view level,
                                    std::string_view message, nlohmann::json fields);

}  // namespace ringway::daemon
