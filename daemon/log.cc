#include "daemon/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "daemon/access_log.h"
#include "daemon/log_lines.h"
#include "daemon/text.h"

namespace ringway::daemon {

std::string text_line(std::chrono::system_clock::time_point time, std::string_view level, std::string_view message) {
  constexpr std::size_t kLevelWidth = 6;
  std::string out = to_rfc3339(time) + " ";
  out += level;
  out.append(kLevelWidth - std::min(kLevelWidth, level.size()) + 1, ' ');
  return out + printable(message);
}

std::string json_line(std::chrono::system_clock::time_point time, std::string_view level, std::string_view message,
                      nlohmann::json fields) {
  fields["time"] = to_rfc3339(time);
  fields["level"] = level;
  fields["message"] = message;
  return to_line(fields);
}

namespace log {

namespace {

std::atomic<bool> as_json{false};

/// Lines are made here, so the sink adds nothing to them.
spdlog::logger& sink() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("ringway", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

void write(spdlog::level::level_enum level, std::string_view name, std::string_view message) {
  if (!sink().should_log(level)) {
    return;
  }
  const auto now = std::chrono::system_clock::now();
  sink().log(level, "{}",
             as_json ? json_line(now, name, message, nlohmann::json::object()) : text_line(now, name, message));
}

}  // namespace

void configure(config::LogLevel level, config::LogFormat format) {
  constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  sink().set_level(kLevels.at(static_cast<std::size_t>(level)));
  as_json = format == config::LogFormat::kJson;
}

void debug(std::string_view message) {
  write(spdlog::level::debug, "debug", message);
}
void info(std::string_view message) {
  write(spdlog::level::info, "info", message);
}
void warn(std::string_view message) {
  write(spdlog::level::warn, "warn", message);
}
void error(std::string_view message) {
  write(spdlog::level::err, "error", message);
}

void session(const proxy::SessionInfo& session) {
  const auto now = std::chrono::system_clock::now();
  sink().log(spdlog::level::critical, "{}",
             as_json ? json_line(now, "access", "session", access_json(session, started_at(session)))
                     : text_line(now, "access", access_text(session, started_at(session))));
}

}  // namespace log

}  // namespace ringway::daemon
