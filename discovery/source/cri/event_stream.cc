#include "discovery/source/cri/event_stream.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "discovery/source/cri/messages.h"

namespace ringway::discovery {

namespace asio = boost::asio;

EventStream::EventStream(const asio::any_io_executor& executor, std::shared_ptr<CallGate> gate, OnEvent on_event,
                         OnEnd on_end)
    : executor_(executor), gate_(std::move(gate)), on_event_(std::move(on_event)), on_end_(std::move(on_end)) {}

void EventStream::start(runtime::v1::RuntimeService::Stub& stub) {
  self_ = shared_from_this();
  gate_->enter();
  stub.async()->GetContainerEvents(&context_, &request_, this);
  StartRead(&response_);
  StartCall();
}

void EventStream::close() {
  on_event_ = nullptr;
  on_end_ = nullptr;
  context_.TryCancel();
}

void EventStream::OnReadDone(bool ok) {
  if (!ok) {
    return;
  }
  const auto arrived = std::chrono::steady_clock::now();
  if (waiting_.fetch_add(1, std::memory_order_relaxed) >= kMaxWaiting) {
    context_.TryCancel();
    return;
  }
  asio::post(executor_, [self = shared_from_this(), event = event_of(response_), arrived]() mutable {
    self->waiting_.fetch_sub(1, std::memory_order_relaxed);
    if (self->on_event_) {
      self->on_event_(std::move(event), arrived);
    }
  });
  StartRead(&response_);
}

void EventStream::OnDone(const grpc::Status& status) {
  const auto gate = gate_;
  asio::post(executor_, [self = std::move(self_), status] {
    if (const auto on_end = std::move(self->on_end_)) {
      on_end(status);
    }
  });
  gate->leave();
}

}  // namespace ringway::discovery
