#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

/// Small conversions from values to text that several parts of the daemon print.
namespace ringway::daemon {

/// One line of JSON. Bytes that are no UTF-8 become U+FFFD: what a runtime or a client says never makes us throw.
[[nodiscard]] std::string to_line(const nlohmann::json& value);
/// The same, indented for a person.
[[nodiscard]] std::string to_pretty(const nlohmann::json& value);

/// Control characters (a terminal's escapes, line feeds) as `\xNN`, so that text of foreign origin stays on its line.
[[nodiscard]] std::string printable(std::string_view text);

/// RFC 3339 in UTC with milliseconds: `2025-01-31T08:00:00.123Z`.
[[nodiscard]] std::string to_rfc3339(std::chrono::system_clock::time_point when);

/// A duration as the configuration writes it: `1500ms`, `2s`, `1m30s`, `0s`.
[[nodiscard]] std::string to_duration(std::chrono::milliseconds duration);

/// As kubectl shows an age: the two largest units at most, `5s`, `3m12s`, `2h5m`, `4d`.
[[nodiscard]] std::string to_age(std::chrono::milliseconds age);

/// `1 service`, `2 services`.
[[nodiscard]] std::string counted(std::size_t count, const std::string& what);

/// `0`, `512`, `1.5Ki`, `2.0Mi`: at most three digits and a unit.
[[nodiscard]] std::string to_size(std::uint64_t bytes);

}  // namespace ringway::daemon
