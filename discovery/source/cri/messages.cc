#include "discovery/source/cri/messages.h"

#include <discovery/source/cri/api.pb.h>

namespace ringway::discovery {

namespace api = runtime::v1;

namespace {

/// What a kubelet notes at a container of `containers[].ports` (kubelet's kuberuntime, labels.go).
constexpr const char* kPortListAnnotation = "io.kubernetes.container.ports";

CriState state_of(api::ContainerState state) {
  switch (state) {
    case api::CONTAINER_CREATED:
      return CriState::kCreated;
    case api::CONTAINER_RUNNING:
      return CriState::kRunning;
    case api::CONTAINER_EXITED:
      return CriState::kExited;
    default:
      return CriState::kUnknown;
  }
}

CriChange change_of(api::ContainerEventType type) {
  switch (type) {
    case api::CONTAINER_STARTED_EVENT:
      return CriChange::kStarted;
    case api::CONTAINER_STOPPED_EVENT:
      return CriChange::kStopped;
    case api::CONTAINER_DELETED_EVENT:
      return CriChange::kDeleted;
    default:
      return CriChange::kCreated;
  }
}

/// What a list and a status of a sandbox have in common.
template <typename Message>
CriSandbox head_of(const Message& message) {
  CriSandbox sandbox;
  sandbox.id = message.id();
  sandbox.ns = message.metadata().namespace_();
  sandbox.name = message.metadata().name();
  sandbox.labels = {message.labels().begin(), message.labels().end()};
  sandbox.annotations = {message.annotations().begin(), message.annotations().end()};
  sandbox.ready = message.state() == api::SANDBOX_READY;
  return sandbox;
}

template <typename Message>
CriContainer run_of(const Message& message) {
  CriContainer container;
  container.id = message.id();
  container.name = message.metadata().name();
  container.attempt = message.metadata().attempt();
  container.state = state_of(message.state());
  container.created_ns = message.created_at();
  if (const auto ports = message.annotations().find(kPortListAnnotation); ports != message.annotations().end()) {
    container.port_list = ports->second;
  }
  return container;
}

}  // namespace

CriSandbox sandbox_of(const api::PodSandbox& listed) {
  return head_of(listed);
}

CriSandbox sandbox_of(const api::PodSandboxStatus& status) {
  auto sandbox = head_of(status);
  sandbox.has_status = true;
  sandbox.host_network = status.linux().namespaces().options().network() == api::NODE;
  add_address(status.network().ip(), sandbox.addresses);
  for (const auto& more : status.network().additional_ips()) {
    add_address(more.ip(), sandbox.addresses);
  }
  return sandbox;
}

CriContainer container_of(const api::Container& listed) {
  auto container = run_of(listed);
  container.sandbox = listed.pod_sandbox_id();
  return container;
}

CriContainer container_of(const api::ContainerStatus& status, const std::string& sandbox) {
  auto container = run_of(status);
  container.sandbox = sandbox;
  container.has_status = true;
  container.finished_ns = status.finished_at();
  container.exit_code = status.exit_code();
  container.reason = status.reason();
  return container;
}

CriEvent event_of(const api::ContainerEventResponse& message) {
  CriEvent event;
  event.change = change_of(message.container_event_type());
  event.id = message.container_id();
  event.time_ns = message.created_at();
  if (const auto& status = message.pod_sandbox_status(); !status.id().empty()) {
    event.sandbox = sandbox_of(status);
    for (const auto& container : message.containers_statuses()) {
      event.containers.push_back(container_of(container, status.id()));
    }
  }
  return event;
}

}  // namespace ringway::discovery
