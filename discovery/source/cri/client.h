#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "discovery/source/cri/gate.h"
#include "discovery/source/cri_table.h"
#include "proxy/core/error.h"

namespace ringway::discovery {

/// One gRPC connection to a runtime's CRI. Used on the control thread alone: what gRPC's own threads hear is posted
/// there. Errors name what was being done. kUnsupported is gRPC's UNIMPLEMENTED, all else kUnavailable.
class CriClient {
 public:
  /// All calls pass `gate`; whoever waits for it after `close` knows that gRPC's threads have done with the executor.
  CriClient(const boost::asio::any_io_executor& executor, const std::string& path, std::shared_ptr<CallGate> gate);
  ~CriClient();

  template <typename T>
  using Answer = boost::asio::awaitable<proxy::Result<T>>;

  /// "containerd 1.7.24, CRI v1".
  Answer<std::string> version(std::chrono::milliseconds timeout);
  Answer<std::vector<CriSandbox>> sandboxes(std::chrono::milliseconds timeout);
  Answer<std::vector<CriContainer>> containers(std::chrono::milliseconds timeout);
  /// A status; nothing where the runtime knows no such sandbox or container any more.
  Answer<std::optional<CriSandbox>> sandbox(const std::string& id, std::chrono::milliseconds timeout);
  Answer<std::optional<CriContainer>> container(const CriContainer& listed, std::chrono::milliseconds timeout);

  /// The stream of events. `on_end` comes once, after the last event; neither comes after `close`.
  void watch(std::function<void(CriEvent event, proxy::Time arrived)> on_event,
             std::function<void(proxy::Error why)> on_end);

  /// Cancels what is under way: it ends with an error. Nothing can be asked any more.
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::discovery
