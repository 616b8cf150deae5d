#pragma once

#include <string>
#include <utility>

#include "discovery/source/cri_table.h"

namespace ringway::discovery {

/// A Pod in the way that the runtime tells of it, for tests: sandbox and one container that runs.
inline CriSandbox cri_sandbox(const std::string& id, const std::string& name) {
  CriSandbox sandbox;
  sandbox.id = id;
  sandbox.ns = "shop";
  sandbox.name = name;
  sandbox.ready = true;
  sandbox.has_status = true;
  sandbox.addresses = {*proxy::IpAddress::parse("10.99.0.2")};
  return sandbox;
}

inline CriContainer cri_container(const std::string& id, const std::string& sandbox, const std::string& name = "web") {
  CriContainer container;
  container.id = id;
  container.sandbox = sandbox;
  container.name = name;
  container.state = CriState::kRunning;
  container.created_ns = 100;
  return container;
}

inline CriContainer cri_exited(CriContainer container, int code, std::int64_t finished_ns = 200) {
  container.state = CriState::kExited;
  container.has_status = true;
  container.exit_code = code;
  container.finished_ns = finished_ns;
  return container;
}

/// As a list tells it.
inline CriSandbox without_status(CriSandbox sandbox) {
  sandbox.has_status = false;
  sandbox.addresses.clear();
  return sandbox;
}

inline CriContainers by_id(std::vector<CriContainer> containers) {
  CriContainers result;
  for (auto& container : containers) {
    auto id = container.id;
    result.emplace(std::move(id), std::move(container));
  }
  return result;
}

}  // namespace ringway::discovery
