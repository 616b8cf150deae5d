#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/api.h"
#include "proxy/core/error.h"

namespace ringway::daemon {

/// The Services that a cluster tells of, and which of them run beside those of the files.
///
/// Precedence: files, then the cluster. A Service of the cluster whose name, or one of whose virtual IPs and ports, a
/// file has taken does not run; nor does one that the machine refuses to bind. Each is refused alone. Control thread.
class ClusterServices {
 public:
  /// Makes all addresses of a configuration local and binds them, or changes nothing and says why.
  using Bind = std::function<proxy::Result<void>(const config::Configuration& configuration)>;

  /// Null `now`: it is gone.
  void change(const std::string& id, const config::ApiService* now);
  [[nodiscard]] bool empty() const { return services_.empty(); }

  /// `files`, which must be bound, with every Service that fits, and that is bound then. What the machine has refused
  /// and nobody has changed since stays out, unless it is to be tried `again`: then all of it at once, or if that
  /// fails, a few in turn.
  std::shared_ptr<const config::Configuration> merge(const config::Configuration& files, const Bind& bind, bool again);

  /// Why a Service did not fit into the last merge, by its id.
  [[nodiscard]] const std::map<std::string, std::string>& refusals() const { return refusals_; }
  /// Some of them by the machine, which may change its mind.
  [[nodiscard]] bool may_retry() const { return !unbound_.empty(); }

 private:
  void add_some(config::Configuration& into, const std::vector<config::Service>& doubtful, const Bind& bind,
                std::map<std::string, std::string>& unbound);

  std::map<std::string, config::ApiService> services_;
  std::map<std::string, std::string> refusals_;
  std::map<std::string, std::string> unbound_;  ///< what the machine refused, and why
  std::string last_tried_;                      ///< of these
};

}  // namespace ringway::daemon
