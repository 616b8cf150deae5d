#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace ringway::config {

/// A quantity as Kubernetes writes it (k8s.io/apimachinery/pkg/api/resource), of whole units: `1000`, `1.5M`, `10Mi`,
/// `1e6`; rounded up where a fraction is left. A sign, and the suffixes n, u and m, are refused, with the reason.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_quantity(std::string_view text);

/// The shortest that parses back to `value`: `10Mi`, `1500k`, `1001`.
[[nodiscard]] std::string print_quantity(std::uint64_t value);

}  // namespace ringway::config
