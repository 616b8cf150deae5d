#include "tests/containerd/cri.h"

#include <discovery/source/cri/api.grpc.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <mutex>
#include <stdexcept>

#include "tests/containerd/engine.h"

namespace ringway::test {

namespace api = runtime::v1;

struct Cri::Impl {
  std::unique_ptr<api::RuntimeService::Stub> stub;
  std::mutex mutex;                                      ///< of the two below
  std::map<std::string, api::PodSandboxConfig> configs;  ///< by sandbox
  std::map<std::string, std::string> sandboxes;          ///< by the Pod's name

  api::ContainerStatus status(const std::string& container) {
    api::ContainerStatusRequest request;
    request.set_container_id(container);
    return call(&api::RuntimeService::Stub::ContainerStatus, request).status();
  }

  template <typename Request, typename Response>
  Response call(grpc::Status (api::RuntimeService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    Response response;
    auto status = ask(method, request, response);
    // The channel may not have noticed yet that the containerd at its other end is another one.
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      status = ask(method, request, response);
    }
    if (!status.ok()) {
      throw std::runtime_error(std::string(Request::descriptor()->name()) + ": " + status.error_message());
    }
    return response;
  }

  template <typename Request, typename Response>
  grpc::Status ask(grpc::Status (api::RuntimeService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return (stub.get()->*method)(&context, request, &response);
  }
};

Cri::Cri(const std::string& socket) : impl_(std::make_unique<Impl>()) {
  impl_->stub = api::RuntimeService::NewStub(grpc::CreateChannel(socket, grpc::InsecureChannelCredentials()));
}
Cri::~Cri() = default;

std::string Cri::run_sandbox(const PodSpec& pod) {
  api::RunPodSandboxRequest request;
  auto& config = *request.mutable_config();
  config.mutable_metadata()->set_name(pod.name);
  config.mutable_metadata()->set_namespace_("shop");
  config.mutable_metadata()->set_uid("uid-" + pod.name);
  config.set_hostname(pod.host_network ? "" : pod.name);
  config.mutable_labels()->insert(pod.labels.begin(), pod.labels.end());
  config.mutable_annotations()->insert(pod.annotations.begin(), pod.annotations.end());
  if (pod.host_network) {
    config.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_network(api::NODE);
  }
  const auto id = impl_->call(&api::RuntimeService::Stub::RunPodSandbox, request).pod_sandbox_id();
  const std::scoped_lock lock(impl_->mutex);
  impl_->configs[id] = config;
  impl_->sandboxes[pod.name] = id;
  return id;
}

std::string Cri::run_container(const std::string& sandbox, const std::string& name, std::vector<std::string> command,
                               std::uint32_t attempt, const std::vector<std::string>& capabilities) {
  const auto pod = [&] {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->configs.at(sandbox);
  }();
  if (command.empty()) {
    command = {"/greeter", pod.metadata().name(), "7000"};
  }
  api::CreateContainerRequest create;
  create.set_pod_sandbox_id(sandbox);
  *create.mutable_sandbox_config() = pod;
  auto& config = *create.mutable_config();
  config.mutable_metadata()->set_name(name);
  config.mutable_metadata()->set_attempt(attempt);
  config.mutable_image()->set_image(kPodImage);
  config.mutable_command()->Add(command.begin(), command.end());
  config.mutable_linux()->mutable_security_context()->mutable_capabilities()->mutable_add_capabilities()->Add(
      capabilities.begin(), capabilities.end());
  auto& mount = *config.add_mounts();
  mount.set_container_path("/greeter");
  mount.set_host_path(RINGWAY_GREETER);
  mount.set_readonly(true);
  api::StartContainerRequest start;
  start.set_container_id(impl_->call(&api::RuntimeService::Stub::CreateContainer, create).container_id());
  impl_->call(&api::RuntimeService::Stub::StartContainer, start);
  return start.container_id();
}

std::string Cri::run_pod(const PodSpec& pod) {
  return run_container(run_sandbox(pod), "web");
}

void Cri::stop_container(const std::string& container, std::int64_t grace_s) {
  api::StopContainerRequest request;
  request.set_container_id(container);
  request.set_timeout(grace_s);
  impl_->call(&api::RuntimeService::Stub::StopContainer, request);
}

void Cri::remove_container(const std::string& container) {
  api::RemoveContainerRequest request;
  request.set_container_id(container);
  impl_->call(&api::RuntimeService::Stub::RemoveContainer, request);
}

void Cri::stop_pod(const std::string& name) {
  api::StopPodSandboxRequest request;
  request.set_pod_sandbox_id(sandbox(name));
  impl_->call(&api::RuntimeService::Stub::StopPodSandbox, request);
}

void Cri::remove_pod(const std::string& name) {
  api::RemovePodSandboxRequest request;
  request.set_pod_sandbox_id(sandbox(name));
  impl_->call(&api::RuntimeService::Stub::RemovePodSandbox, request);
}

void Cri::remove_all() {
  for (const auto& [name, id] : impl_->sandboxes) {
    api::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(id);
    impl_->call(&api::RuntimeService::Stub::RemovePodSandbox, request);
  }
}

std::string Cri::sandbox(const std::string& name) const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->sandboxes.at(name);
}

std::int64_t Cri::started_ns(const std::string& container) {
  return impl_->status(container).started_at();
}

std::int64_t Cri::finished_ns(const std::string& container) {
  return impl_->status(container).finished_at();
}

int Cri::exit_code(const std::string& container) {
  return impl_->status(container).exit_code();
}

std::vector<std::string> Cri::addresses(const std::string& name) {
  api::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(sandbox(name));
  const auto status = impl_->call(&api::RuntimeService::Stub::PodSandboxStatus, request).status();
  std::vector<std::string> all = {status.network().ip()};
  for (const auto& more : status.network().additional_ips()) {
    all.push_back(more.ip());
  }
  return all;
}

}  // namespace ringway::test
