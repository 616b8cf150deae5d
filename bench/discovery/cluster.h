#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/values.h"

namespace ringway::bench {

/// So many Services of one port each, with so many endpoints behind each of them.
struct Kind {
  std::size_t services = 0;
  std::size_t endpoints = 0;  ///< of one Service
};

/// The Services and EndpointSlices of a cluster, as a kube-apiserver tells of them: a slice has up to 100 endpoints,
/// its controller's `--max-endpoints-per-slice`.
class Cluster {
 public:
  explicit Cluster(const std::vector<Kind>& kinds);

  [[nodiscard]] const std::shared_ptr<config::Configuration>& configuration() const { return configuration_; }
  [[nodiscard]] std::vector<config::EndpointSlice>& slices() { return slices_; }
  [[nodiscard]] std::size_t endpoints() const { return endpoints_; }
  /// The first slice of the first Service of a kind.
  [[nodiscard]] std::size_t first_slice(std::size_t kind) const { return first_slices_[kind]; }

 private:
  void add_slices(const std::string& service, std::size_t count);

  std::shared_ptr<config::Configuration> configuration_ = std::make_shared<config::Configuration>();
  std::vector<config::EndpointSlice> slices_;
  std::vector<std::size_t> first_slices_;
  std::size_t endpoints_ = 0;
};

/// "namespace/name", as a Reconciler knows a slice by.
[[nodiscard]] std::string id_of(const config::EndpointSlice& slice);

}  // namespace ringway::bench
