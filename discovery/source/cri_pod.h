#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// The Watcher's name.
inline constexpr std::string_view kContainerdSource = "containerd";

/// What the runtime says of a Pod's sandbox, as far as it matters here.
struct CriSandbox {
  std::string id;
  std::string ns;
  std::string name;
  Labels labels;
  Labels annotations;
  bool ready = false;
  bool has_status = false;  ///< the two below are known: a list does not tell them
  bool host_network = false;
  std::vector<proxy::IpAddress> addresses;  ///< at most one for each family
};

enum class CriState : std::uint8_t { kCreated, kRunning, kExited, kUnknown };

/// One run of one of a Pod's containers: it is never started twice, what replaces it has the next `attempt`.
struct CriContainer {
  std::string id;
  std::string sandbox;
  std::string name;
  std::uint32_t attempt = 0;
  CriState state = CriState::kUnknown;
  std::int64_t created_ns = 0;  ///< the runtime's wall clock since 1970, this and the next
  bool has_status = false;      ///< the three below are known: a list does not tell them
  std::int64_t finished_ns = 0;
  int exit_code = 0;
  std::string reason;     ///< "OOMKilled", "Error", "Completed"
  std::string port_list;  ///< what a kubelet notes of `containers[].ports`, as JSON; "" where none did
};
using CriContainers = std::map<std::string, CriContainer>;  ///< by id

/// A Pod as a Workload. It is ready while its sandbox is and the newest run of each of its containers runs; one that
/// ended with 0 before another was created (an init container) does not count.
Workload workload_of(const CriSandbox& sandbox, const CriContainers& containers);

/// Appends `text` where it is an address of a family that `addresses` does not have yet.
void add_address(const std::string& text, std::vector<proxy::IpAddress>& addresses);

}  // namespace ringway::discovery
