#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "config/api.h"
#include "discovery/kubernetes/api_connection.h"
#include "discovery/kubernetes/kubernetes.h"
#include "discovery/kubernetes/login.h"
#include "proxy/core/clock.h"

namespace ringway::discovery {

/// What one Reflector keeps up with.
struct ApiResource {
  config::ApiKind kind = config::ApiKind::kService;
  std::string ns;              ///< "" = all namespaces
  std::string label_selector;  ///< "" = all
  std::string field_selector;

  /// `/api/v1/namespaces/shop/services`
  [[nodiscard]] std::string path() const;
  /// `services in shop`
  [[nodiscard]] std::string name() const;
};

/// Lists one resource and watches it from there, for ever, on a connection of its own (client-go's Reflector).
///
///            ┌──────────── 410, an ERROR event, a third failure in a row ─────────────┐
///            ▼                                                                        │
///   ──▶ LIST in pages ──▶ WATCH from the last version ──▶ over (time-out, cut, silence) ──▶ WATCH again
///            │                     │
///            └── any failure ──────┴─▶ wait: jittered backoff, at least Retry-After ─▶ where it was
///
/// Control thread.
class Reflector : public std::enable_shared_from_this<Reflector> {
 public:
  struct Hooks {
    std::function<void(std::vector<config::ApiObject> all, proxy::Time arrived)> listed;
    std::function<void(const config::ApiEvent& event, proxy::Time arrived)> event;
    /// Connected, or what went wrong. Called when it changes.
    std::function<void(bool connected, const std::string& detail)> state;
  };

  Reflector(const boost::asio::any_io_executor& executor, std::shared_ptr<Login> login, ApiResource resource,
            const KubernetesTimings& timings, Hooks hooks);

  void start();
  /// No hook is called and `login` is not used after this returns.
  void stop();
  [[nodiscard]] const ApiResource& resource() const { return resource_; }

 private:
  /// How one round ended.
  struct Outcome {
    bool failed = false;  ///< said to `state`, and `why` says why
    std::string why;
    std::chrono::milliseconds retry_after{0};
  };
  using Milliseconds = std::chrono::milliseconds;

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<Outcome> round();
  boost::asio::awaitable<Outcome> list();
  boost::asio::awaitable<Outcome> watch();
  boost::asio::awaitable<Outcome> follow();
  Outcome apply(const std::string& line);
  Outcome refused(const std::string& doing, const ApiAnswer& answer);
  Outcome lost(const proxy::Error& error);
  void say(bool connected, const std::string& detail);
  Milliseconds pause_after(const Outcome& outcome);
  [[nodiscard]] std::string list_target(const std::string& next, bool in_pages) const;
  std::string watch_target();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Login> login_;
  const ApiResource resource_;
  const KubernetesTimings timings_;
  Hooks hooks_;
  ApiConnection connection_;
  boost::asio::steady_timer pause_;
  std::minstd_rand random_{std::random_device{}()};

  std::string version_;  ///< where a watch goes on; "" = list first
  Milliseconds backoff_;
  int failures_ = 0;       ///< in a row
  bool progress_ = false;  ///< the round brought a list or an event
  bool said_connected_ = false;
  std::string said_;
  bool stopped_ = false;
};

/// `text` as a value in a query (RFC 3986: all but unreserved characters in percent encoding).
std::string percent_encoded(std::string_view text);

}  // namespace ringway::discovery
