#include "daemon/cluster_services.h"

#include <iterator>
#include <span>
#include <utility>

namespace ringway::daemon {
namespace {

std::string id_of(const config::Service& service) {
  return service.metadata.ns + "/" + service.metadata.name;
}

std::string listener_text(const std::string& ip, std::uint16_t port) {
  return (ip.contains(':') ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

/// The TCP addresses that a Service listens on.
std::vector<std::string> listeners_of(const config::Service& service) {
  std::vector<std::string> out;
  if (service.headless() || service.type == config::ServiceType::kExternalName) {
    return out;
  }
  for (const std::string& ip : service.cluster_ips) {
    for (const auto& port : service.ports) {
      if (port.protocol == config::Protocol::kTcp) {
        out.push_back(listener_text(ip, port.port));
      }
    }
  }
  return out;
}

/// Names and addresses that are taken, and by whom.
class Taken {
 public:
  explicit Taken(const config::Configuration& files) {
    listeners_.emplace(files.ringway.admin_listen, "the admin API");
    for (const auto& service : files.services) {
      take(service);
    }
  }

  /// "" where nothing of it is taken.
  [[nodiscard]] std::string hindrance(const config::Service& service) const {
    if (names_.contains(id_of(service))) {
      return "a file has a Service of this name, which goes first";
    }
    for (const std::string& listener : listeners_of(service)) {
      if (const auto owner = listeners_.find(listener); owner != listeners_.end()) {
        return listener + " belongs to " + owner->second;
      }
    }
    return "";
  }

  void take(const config::Service& service) {
    names_.insert(id_of(service));
    for (std::string& listener : listeners_of(service)) {
      listeners_.emplace(std::move(listener), "Service " + id_of(service));
    }
  }

 private:
  std::set<std::string> names_;
  std::map<std::string, std::string> listeners_;
};

/// Adds those of `services` that can be bound to `into`, whose own Services are bound. Halves what fails, so that a few
/// that do among many cost few tries.
void add_bound(config::Configuration& into, std::span<const config::Service> services,
               const ClusterServices::Bind& bind, std::map<std::string, std::string>& refused) {
  if (services.empty()) {
    return;
  }
  const auto before = static_cast<std::ptrdiff_t>(into.services.size());
  into.services.insert(into.services.end(), services.begin(), services.end());
  const auto bound = bind(into);
  if (bound) {
    return;
  }
  into.services.erase(into.services.begin() + before, into.services.end());
  if (services.size() == 1) {
    refused[id_of(services.front())] = bound.error().context;
    return;
  }
  add_bound(into, services.first(services.size() / 2), bind, refused);
  add_bound(into, services.subspan(services.size() / 2), bind, refused);
}

}  // namespace

void ClusterServices::change(const std::string& id, const config::ApiService* now) {
  if (now == nullptr) {
    services_.erase(id);
  } else {
    services_.insert_or_assign(id, *now);
  }
}

std::shared_ptr<const config::Configuration> ClusterServices::merge(const config::Configuration& files,
                                                                    const Bind& bind) {
  auto merged = std::make_shared<config::Configuration>(files);
  Taken taken(files);
  std::vector<config::Service> fitting;
  std::vector<config::Service> doubtful;  // those that the machine refused the last time
  refusals_.clear();
  for (const auto& [id, one] : services_) {
    if (std::string why = taken.hindrance(one.service); !why.empty()) {
      refusals_.emplace(id, std::move(why));
      continue;
    }
    taken.take(one.service);
    (unbound_.contains(id) ? doubtful : fitting).push_back(with_policy(one, files.ringway.default_patch.get()));
  }
  std::map<std::string, std::string> unbound;
  add_bound(*merged, fitting, bind, unbound);
  for (const config::Service& one : doubtful) {
    add_bound(*merged, std::span(&one, 1), bind, unbound);
  }
  unbound_.clear();
  for (auto& [id, why] : unbound) {
    unbound_.insert(id);
    refusals_.emplace(id, std::move(why));
  }
  return merged;
}

}  // namespace ringway::daemon
