#pragma once

#include <discovery/source/cri/api.grpc.pb.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "discovery/source/cri/gate.h"
#include "discovery/source/cri_table.h"

namespace ringway::discovery {

/// A call of GetContainerEvents. gRPC's threads read and post to the control thread, which alone calls the listeners.
/// It holds itself until gRPC has ended it.
class EventStream final : public grpc::ClientReadReactor<runtime::v1::ContainerEventResponse>,
                          public std::enable_shared_from_this<EventStream> {
 public:
  using OnEvent = std::function<void(CriEvent event, proxy::Time arrived)>;
  using OnEnd = std::function<void(const grpc::Status& status)>;

  EventStream(const boost::asio::any_io_executor& executor, std::shared_ptr<CallGate> gate, OnEvent on_event,
              OnEnd on_end);

  void start(runtime::v1::RuntimeService::Stub& stub);
  /// Cancels; no listener is called from here on.
  void close();

  void OnReadDone(bool ok) override;                 // NOLINT(readability-identifier-naming): gRPC's name
  void OnDone(const grpc::Status& status) override;  // NOLINT(readability-identifier-naming): gRPC's name

 private:
  /// Events that the control thread has not come to; more means that it stands still, and a new list costs less.
  static constexpr int kMaxWaiting = 1024;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<CallGate> gate_;
  OnEvent on_event_;
  OnEnd on_end_;
  grpc::ClientContext context_;
  runtime::v1::GetEventsRequest request_;
  runtime::v1::ContainerEventResponse response_;
  std::atomic<int> waiting_{0};
  std::shared_ptr<EventStream> self_;
};

}  // namespace ringway::discovery
