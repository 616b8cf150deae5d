#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/kubernetes/server/api_server.h"

namespace ringway::test {

using Json = nlohmann::json;

/// Where the daemons have the objects from.
enum class From : std::uint8_t { kFile, kApi };
/// Of a suite of tests with this parameter: "of_a_file", "of_an_api".
std::string name_of(const ::testing::TestParamInfo<From>& info);

/// `conditions` of an endpoint.
inline const Json kReady = {{"ready", true}, {"serving", true}, {"terminating", false}};
inline const Json kTerminating = {{"ready", false}, {"serving", true}, {"terminating", true}};
inline const Json kNotReady = {{"ready", false}, {"serving", false}, {"terminating", false}};
/// What the control plane makes of a Pod that terminates, where the Service publishes addresses that are not ready.
inline const Json kPublished = {{"ready", true}, {"serving", false}, {"terminating", true}};

/// Says what Services and EndpointSlices there are: to daemons in their file and by `ringway reload`, or by a stand-in
/// for the API server that they watch. One thread; the daemons must outlive what is told.
class ControlPlane {
 public:
  ControlPlane(From from, ApiServerOptions options) : from_(from), api_(std::move(options)) {}

  /// Lines of a daemon's `spec` that make it listen to this; files of it are put into `folder`.
  [[nodiscard]] std::vector<std::string> spec_lines(const TemporaryFolder& folder) const;
  /// From now on it is told as well.
  void tell(Daemon& daemon) { daemons_.push_back(&daemon); }

  void put_service(const Json& object) { put("services", "v1", "Service", object); }
  void put_slices(const std::vector<Json>& objects);
  /// `resource` as in the API's paths: "services", "endpointslices".
  void drop(const std::string& resource, const std::string& name);

 private:
  void put(const std::string& resource, const std::string& version, const std::string& kind, Json object);
  void write();

  From from_;
  ApiServer api_;
  std::vector<Daemon*> daemons_;
  std::map<std::pair<std::string, std::string>, Json> objects_;
};

}  // namespace ringway::test
