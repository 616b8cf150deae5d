#pragma once

#include <string_view>

#include "config/values.h"
#include "proxy/data_plane.h"

/// The daemon's log: one line a record on standard error, as text or as JSON. Levels: error = a person must act; warn =
/// degraded and recovering; info = life events; debug = for us. Any thread.
namespace ringway::daemon::log {

void configure(config::LogLevel level, config::LogFormat format);

void debug(std::string_view message);
void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);

/// The access log's line for a session that ended, whatever the level is.
void session(const proxy::SessionInfo& session);

}  // namespace ringway::daemon::log
