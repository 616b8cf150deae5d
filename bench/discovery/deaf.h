#pragma once

#include <memory>

#include "discovery/reconciler.h"

// What a Reconciler needs about it where only its own work counts.
namespace ringway::bench {

class NoHealth final : public discovery::HealthChecker {
 public:
  std::unique_ptr<Subscription> watch(const proxy::SocketAddress& /*address*/, const config::HealthCheck& /*check*/,
                                      Changed /*changed*/) override {
    return nullptr;
  }
};

class Deaf final : public discovery::Reconciler::Output {
 public:
  void snapshot_wanted() override {}
  void close_sessions(const std::shared_ptr<proxy::EndpointState>& /*endpoint*/, proxy::Cause /*cause*/) override {}
  void reset_sessions(const std::shared_ptr<proxy::EndpointState>& /*endpoint*/, proxy::Cause /*cause*/) override {}
  void say(const std::string& /*line*/) override {}
};

}  // namespace ringway::bench
