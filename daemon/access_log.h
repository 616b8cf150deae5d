#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "proxy/data_plane.h"

namespace ringway::daemon {

/// How a session ended, as `key=value` words and as the fields of a JSON record: client, virtual IP, Service, endpoint,
/// bytes each way, time to connect, duration, attempts and cause.
[[nodiscard]] std::string access_text(const proxy::SessionInfo& session);
/// What a running session and an ended one are told by alike.
[[nodiscard]] nlohmann::json session_fields(const proxy::SessionInfo& session);
[[nodiscard]] nlohmann::json access_json(const proxy::SessionInfo& session);

}  // namespace ringway::daemon
