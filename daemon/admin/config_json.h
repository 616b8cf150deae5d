#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "config/values.h"

namespace ringway::daemon {

[[nodiscard]] std::string_view to_string(config::Protocol protocol);
[[nodiscard]] std::string_view to_string(config::Balancer balancer);
[[nodiscard]] std::string_view to_string(config::Engine engine);
[[nodiscard]] std::string_view to_string(config::LogLevel level);
[[nodiscard]] std::string_view to_string(config::VirtualIpMode mode);
[[nodiscard]] std::string_view to_string(config::ServiceType type);

/// Configured values in the words of the configuration, defaults filled in. Two values that mean the same give equal
/// JSON; the positions in files are left out.
[[nodiscard]] nlohmann::json policy_json(const config::Policy& policy);
[[nodiscard]] nlohmann::json target_port_json(const config::ServicePort& port);
[[nodiscard]] nlohmann::json settings_json(const config::Ringway& ringway);
[[nodiscard]] nlohmann::json service_json(const config::Service& service);
[[nodiscard]] nlohmann::json pod_json(const config::Pod& pod);
[[nodiscard]] nlohmann::json slice_json(const config::EndpointSlice& slice);
[[nodiscard]] nlohmann::json node_json(const config::Node& node);

/// All of it, for `GET /api/v1/config`.
[[nodiscard]] nlohmann::json configuration_json(const config::Configuration& configuration);

}  // namespace ringway::daemon
