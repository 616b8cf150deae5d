#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "config/values.h"
#include "discovery/health/conversation.h"
#include "proxy/core/address.h"

namespace ringway::discovery {

/// One probe under way. Its end closes the connection, and `done` is not called afterwards.
class Probe {
 public:
  virtual ~Probe() = default;
};

/// Connects to `address` and has the conversation that `check` asks for; all of it has `check.timeout`. `done` runs on
/// `executor`, once, never from within this call, and may destroy the Probe.
std::unique_ptr<Probe> start_probe(const boost::asio::any_io_executor& executor, const proxy::SocketAddress& address,
                                   const config::HealthCheck& check, std::function<void(ProbeResult)> done);

}  // namespace ringway::discovery
