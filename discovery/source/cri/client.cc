#include "discovery/source/cri/client.h"

#include <discovery/source/cri/api.grpc.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <utility>

#include "discovery/source/cri/event_stream.h"
#include "discovery/source/cri/messages.h"
#include "discovery/source/cri/unary_call.h"

namespace ringway::discovery {

namespace asio = boost::asio;
namespace api = runtime::v1;
using std::chrono::milliseconds;

namespace {

/// An entry of a list is some 1 KB and the labels; containerd itself sends at most 16 MiB.
constexpr int kMaxAnswerBytes = 64 << 20;

/// One connection that is tried at once and lost for good: whoever made it waits and makes the next.
std::shared_ptr<grpc::Channel> connect(const std::string& path) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  return grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
}

proxy::Error error_of(const grpc::Status& status, const std::string& doing) {
  const auto code = status.error_code();
  if (code == grpc::StatusCode::OK) {
    return {proxy::ErrorCode::kUnavailable, doing + ": the server ended it"};
  }
  return {code == grpc::StatusCode::UNIMPLEMENTED ? proxy::ErrorCode::kUnsupported : proxy::ErrorCode::kUnavailable,
          doing + ": " + status.error_message()};
}

}  // namespace

class CriClient::Impl {
 public:
  Impl(const asio::any_io_executor& executor, const std::string& path, std::shared_ptr<CallGate> gate)
      : executor_(executor), gate_(std::move(gate)), stub_(api::RuntimeService::NewStub(connect(path))) {}

  /// Sends `call->request` by `method` of the stub and waits for the end.
  template <typename Call, typename Method>
  asio::awaitable<void> send(std::shared_ptr<Call> call, Method method, milliseconds timeout) {
    call->context.set_deadline(std::chrono::system_clock::now() + timeout);
    if (closed_) {
      call->status = grpc::Status(grpc::StatusCode::CANCELLED, "closed");
      co_return;
    }
    running_.insert(&call->context);
    start_call(call, executor_, gate_, [this, method](auto* context, auto* request, auto* response, auto callback) {
      (stub_->async()->*method)(context, request, response, std::move(callback));
    });
    while (!call->ended) {
      co_await call->done.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    running_.erase(&call->context);
  }

  template <typename Request, typename Response>
  std::shared_ptr<UnaryCall<Request, Response>> new_call() {
    return std::make_shared<UnaryCall<Request, Response>>(executor_);
  }

  void watch(EventStream::OnEvent on_event, const std::function<void(proxy::Error)>& on_end) {
    stream_ = std::make_shared<EventStream>(
        executor_, gate_, std::move(on_event),
        [on_end](const grpc::Status& status) { on_end(error_of(status, "watching containers")); });
    stream_->start(*stub_);
  }

  void close() {
    closed_ = true;
    for (auto* context : running_) {
      context->TryCancel();
    }
    if (stream_) {
      stream_->close();
    }
  }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<CallGate> gate_;
  std::unique_ptr<api::RuntimeService::Stub> stub_;
  std::set<grpc::ClientContext*> running_;
  std::shared_ptr<EventStream> stream_;
  bool closed_ = false;
};

namespace {

/// A method of the stub that answers by callback. Each is overloaded, so its type must be said to take its address.
template <typename Request, typename Response>
using Method = void (api::RuntimeService::Stub::async::*)(grpc::ClientContext*, const Request*, Response*,
                                                          std::function<void(grpc::Status)>);

}  // namespace

CriClient::CriClient(const asio::any_io_executor& executor, const std::string& path, std::shared_ptr<CallGate> gate)
    : impl_(std::make_unique<Impl>(executor, path, std::move(gate))) {}
CriClient::~CriClient() = default;

CriClient::Answer<std::string> CriClient::version(milliseconds timeout) {
  const Method<api::VersionRequest, api::VersionResponse> method = &api::RuntimeService::Stub::async::Version;
  const auto call = impl_->new_call<api::VersionRequest, api::VersionResponse>();
  co_await impl_->send(call, method, timeout);
  if (!call->status.ok()) {
    co_return std::unexpected(error_of(call->status, "asking for the version"));
  }
  const auto& answer = call->response;
  co_return answer.runtime_name().substr(0, 64) + " " + answer.runtime_version().substr(0, 64) + ", CRI " +
      answer.runtime_api_version().substr(0, 64);
}

CriClient::Answer<std::vector<CriSandbox>> CriClient::sandboxes(milliseconds timeout) {
  const Method<api::ListPodSandboxRequest, api::ListPodSandboxResponse> method =
      &api::RuntimeService::Stub::async::ListPodSandbox;
  const auto call = impl_->new_call<api::ListPodSandboxRequest, api::ListPodSandboxResponse>();
  co_await impl_->send(call, method, timeout);
  if (!call->status.ok()) {
    co_return std::unexpected(error_of(call->status, "listing Pods"));
  }
  std::vector<CriSandbox> all;
  for (const auto& item : call->response.items()) {
    all.push_back(sandbox_of(item));
  }
  co_return all;
}

CriClient::Answer<std::vector<CriContainer>> CriClient::containers(milliseconds timeout) {
  const Method<api::ListContainersRequest, api::ListContainersResponse> method =
      &api::RuntimeService::Stub::async::ListContainers;
  const auto call = impl_->new_call<api::ListContainersRequest, api::ListContainersResponse>();
  co_await impl_->send(call, method, timeout);
  if (!call->status.ok()) {
    co_return std::unexpected(error_of(call->status, "listing containers"));
  }
  std::vector<CriContainer> all;
  for (const auto& item : call->response.containers()) {
    all.push_back(container_of(item));
  }
  co_return all;
}

CriClient::Answer<std::optional<CriSandbox>> CriClient::sandbox(const std::string& id, milliseconds timeout) {
  const Method<api::PodSandboxStatusRequest, api::PodSandboxStatusResponse> method =
      &api::RuntimeService::Stub::async::PodSandboxStatus;
  const auto call = impl_->new_call<api::PodSandboxStatusRequest, api::PodSandboxStatusResponse>();
  call->request.set_pod_sandbox_id(id);
  co_await impl_->send(call, method, timeout);
  if (call->status.error_code() == grpc::StatusCode::NOT_FOUND) {
    co_return std::nullopt;
  }
  if (!call->status.ok()) {
    co_return std::unexpected(error_of(call->status, "asking for Pod " + id.substr(0, 12)));
  }
  co_return sandbox_of(call->response.status());
}

CriClient::Answer<std::optional<CriContainer>> CriClient::container(const CriContainer& listed, milliseconds timeout) {
  const Method<api::ContainerStatusRequest, api::ContainerStatusResponse> method =
      &api::RuntimeService::Stub::async::ContainerStatus;
  const auto call = impl_->new_call<api::ContainerStatusRequest, api::ContainerStatusResponse>();
  call->request.set_container_id(listed.id);
  const auto sandbox = listed.sandbox;
  const auto id = listed.id;
  co_await impl_->send(call, method, timeout);
  if (call->status.error_code() == grpc::StatusCode::NOT_FOUND) {
    co_return std::nullopt;
  }
  if (!call->status.ok()) {
    co_return std::unexpected(error_of(call->status, "asking for container " + id.substr(0, 12)));
  }
  co_return container_of(call->response.status(), sandbox);
}

void CriClient::watch(std::function<void(CriEvent, proxy::Time)> on_event, std::function<void(proxy::Error)> on_end) {
  impl_->watch(std::move(on_event), on_end);
}

void CriClient::close() {
  impl_->close();
}

}  // namespace ringway::discovery
