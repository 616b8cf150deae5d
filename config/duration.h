#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace ringway::config {

/// A duration as Go's time.ParseDuration reads it (`1500ms`, `2s`, `1m30s`, `1.5h`), rounded down to milliseconds.
/// A sign, a bare number other than `0`, less than a millisecond and more than 100 years are refused, with the reason.
[[nodiscard]] std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);

/// The same, rounded down to microseconds.
[[nodiscard]] std::expected<std::chrono::microseconds, std::string> parse_short_duration(std::string_view text);

/// `1500ms`, `2s`, `1m30s`, `1h`: parses back to `duration`.
[[nodiscard]] std::string print_duration(std::chrono::milliseconds duration);

}  // namespace ringway::config
