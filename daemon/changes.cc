#include "daemon/changes.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/admin/config_json.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

/// Each object by a name for a person, as its JSON.
using Objects = std::map<std::string, std::string>;

template <typename Item>
Objects objects(const char* kind, const std::vector<Item>& items, json (*to_json)(const Item&)) {
  Objects out;
  for (const auto& item : items) {
    out.emplace(std::string(kind) + " " + item.metadata.ns + "/" + item.metadata.name, to_line(to_json(item)));
  }
  return out;
}

void compare(const Objects& before, const Objects& after, std::vector<std::string>& out) {
  for (const auto& [name, value] : after) {
    const auto found = before.find(name);
    if (found == before.end()) {
      out.push_back(name + ": added");
    } else if (found->second != value) {
      out.push_back(name + ": changed");
    }
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) {
      out.push_back(name + ": removed");
    }
  }
}

json at(const json& settings, const char* path) {
  return settings.value(json::json_pointer(path), json(nullptr));
}

/// A setting for a person: `/virtualIPs/mode` is `spec.virtualIPs.mode`.
std::string spec_path(std::string pointer) {
  for (char& c : pointer) {
    c = c == '/' ? '.' : c;
  }
  return "spec" + pointer;
}

}  // namespace

std::vector<std::string> changes_between(const config::Configuration& before, const config::Configuration& after) {
  std::vector<std::string> out;
  if (settings_json(before.ringway) != settings_json(after.ringway)) {
    out.emplace_back("settings: changed");
  }
  compare(objects("service", before.services, &service_json), objects("service", after.services, &service_json), out);
  compare(objects("pod", before.pods, &pod_json), objects("pod", after.pods, &pod_json), out);
  compare(objects("endpointslice", before.slices, &slice_json), objects("endpointslice", after.slices, &slice_json),
          out);
  compare(objects("node", before.nodes, &node_json), objects("node", after.nodes, &node_json), out);
  return out;
}

std::vector<std::string> needs_restart(const config::Configuration& before, const config::Configuration& after) {
  constexpr std::array kFixed = {"/workers",
                                 "/engine",
                                 "/busyPoll",
                                 "/backlog",
                                 "/admin/listen",
                                 "/node/name",
                                 "/node/zone",
                                 "/virtualIPs/mode",
                                 "/virtualIPs/interface",
                                 "/discovery/docker",
                                 "/discovery/containerd",
                                 "/discovery/kubernetes",
                                 "/log/accessLog",
                                 "/stateDirectory"};
  const json old_settings = settings_json(before.ringway);
  const json new_settings = settings_json(after.ringway);
  std::vector<std::string> out;
  for (const char* path : kFixed) {
    const json old_value = at(old_settings, path);
    const json new_value = at(new_settings, path);
    if (old_value != new_value) {
      out.push_back(spec_path(path) + ": cannot change while the daemon runs (" + to_line(old_value) + " to " +
                    to_line(new_value) + "): restart it, or put the old value back");
    }
  }
  return out;
}

}  // namespace ringway::daemon
