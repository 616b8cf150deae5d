#pragma once

#include <string_view>

namespace ringway::daemon {

/// Whether a request with this Host header may be answered on a loopback address: `localhost`, 127.0.0.0/8 and `[::1]`,
/// each with or without a port. A name that an attacker's DNS points at 127.0.0.1 is none of these.
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace ringway::daemon
