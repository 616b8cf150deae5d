#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "discovery/source/cri/gate.h"

namespace ringway::discovery {

/// One request and its answer. Owned by the coroutine that waits for it and, until it has ended, by gRPC. Made, waited
/// for and destroyed on the control thread; between `start` and the end gRPC's threads write `response`.
template <typename Request, typename Response>
struct UnaryCall {
  explicit UnaryCall(const boost::asio::any_io_executor& executor)
      : done(executor, boost::asio::steady_timer::time_point::max()) {}

  grpc::ClientContext context;
  Request request;
  Response response;
  grpc::Status status;
  bool ended = false;
  boost::asio::steady_timer done;  ///< cancelled at the end
};

/// `method` sends: (context, request, response, callback).
template <typename Call, typename Method>
void start_call(std::shared_ptr<Call> call, const boost::asio::any_io_executor& executor,
                const std::shared_ptr<CallGate>& gate, Method method) {
  auto& parts = *call;
  gate->enter();
  method(&parts.context, &parts.request, &parts.response,
         [executor, gate, call = std::move(call)](const grpc::Status& status) mutable {
           boost::asio::post(executor, [call = std::move(call), status] {
             call->status = status;
             call->ended = true;
             call->done.cancel();
           });
           gate->leave();
         });
}

}  // namespace ringway::discovery
