#pragma once

#include "discovery/source/cri_table.h"

namespace runtime::v1 {
class Container;
class ContainerEventResponse;
class ContainerStatus;
class PodSandbox;
class PodSandboxStatus;
}  // namespace runtime::v1

namespace ringway::discovery {

/// The API's messages as values of ours. Any thread.
CriSandbox sandbox_of(const runtime::v1::PodSandbox& listed);
CriSandbox sandbox_of(const runtime::v1::PodSandboxStatus& status);
CriContainer container_of(const runtime::v1::Container& listed);
/// A status does not say whose container it is.
CriContainer container_of(const runtime::v1::ContainerStatus& status, const std::string& sandbox);
CriEvent event_of(const runtime::v1::ContainerEventResponse& event);

}  // namespace ringway::discovery
