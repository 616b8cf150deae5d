#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "proxy/core/session_info.h"

namespace ringway::daemon {

/// When a session began, on the wall clock: the data plane has a steady one alone.
[[nodiscard]] std::chrono::system_clock::time_point started_at(const proxy::SessionInfo& session);

/// How a session ended, as `key=value` words and as the fields of a JSON record. README.md explains each.
[[nodiscard]] std::string access_text(const proxy::SessionInfo& session, std::chrono::system_clock::time_point started);
/// What a running session and an ended one are told by alike.
[[nodiscard]] nlohmann::json session_fields(const proxy::SessionInfo& session,
                                            std::chrono::system_clock::time_point started);
[[nodiscard]] nlohmann::json access_json(const proxy::SessionInfo& session,
                                         std::chrono::system_clock::time_point started);

}  // namespace ringway::daemon
