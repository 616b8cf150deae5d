#include "tests/conformance/control_plane.h"

namespace ringway::test {

std::string name_of(const ::testing::TestParamInfo<From>& info) {
  return info.param == From::kFile ? "of_a_file" : "of_an_api";
}

std::vector<std::string> ControlPlane::spec_lines(const TemporaryFolder& folder) const {
  if (from_ == From::kFile) {
    return {};
  }
  const std::string file = folder / "kubeconfig";
  write_file(file, api_.kubeconfig("{token: let-me-in}"));
  return {"discovery: {kubernetes: {kubeconfig: \"" + file + "\"}}"};
}

void ControlPlane::put_slices(const std::vector<Json>& objects) {
  for (const Json& object : objects) {
    put("endpointslices", "discovery.k8s.io/v1", "EndpointSlice", object);
  }
}

void ControlPlane::drop(const std::string& resource, const std::string& name) {
  objects_.erase({resource, name});
  if (from_ == From::kApi) {
    api_.drop(resource, "shop/" + name);
  }
  write();
}

void ControlPlane::put(const std::string& resource, const std::string& version, const std::string& kind, Json object) {
  if (from_ == From::kApi) {
    api_.put(resource, object);
  }
  object["apiVersion"] = version;
  object["kind"] = kind;
  const std::string name = object["metadata"]["name"];
  objects_[{resource, name}] = std::move(object);
  write();
}

void ControlPlane::write() {
  if (from_ == From::kApi) {
    return;
  }
  std::string text;
  for (const auto& [key, object] : objects_) {
    text += "---\n" + object.dump() + "\n";
  }
  for (Daemon* daemon : daemons_) {
    daemon->reconfigure(text);
  }
}

}  // namespace ringway::test
