#pragma once

#include <boost/system/error_code.hpp>
#include <expected>
#include <string>

#include "proxy/core/error.h"

namespace ringway::discovery {

/// What a request that failed says to a person: `doing` and what went wrong; `peer` is who answers, like "the engine".
/// kExhausted where time or size ran out, else kUnavailable: worth another connection.
[[nodiscard]] std::unexpected<proxy::Error> http_failure(const std::string& doing,
                                                         const boost::system::error_code& error,
                                                         const std::string& peer);

}  // namespace ringway::discovery
