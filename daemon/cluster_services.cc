#include "daemon/cluster_services.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "config/claims.h"

namespace ringway::daemon {
namespace {

/// Of those that the machine has refused, one by one, each of which costs a plan of all Services.
constexpr std::size_t kTries = 4;

std::string id_of(const config::Service& service) {
  return service.metadata.ns + "/" + service.metadata.name;
}

/// The places where a Service takes TCP connections.
std::vector<std::string> places_of(const config::Service& service) {
  std::vector<std::string> out;
  for (config::Claim& claim : config::claims_of(service)) {
    if (claim.protocol == config::Protocol::kTcp) {
      out.push_back(std::move(claim.place));
    }
  }
  return out;
}

/// Names and addresses that are taken, and by whom.
class Taken {
 public:
  explicit Taken(const config::Configuration& files) {
    places_.emplace(files.ringway.admin_listen, "the admin API");
    for (const auto& service : files.services) {
      take(service);
    }
  }

  /// "" where nothing of it is taken.
  [[nodiscard]] std::string hindrance(const config::Service& service) const {
    if (names_.contains(id_of(service))) {
      return "a file has a Service of this name, which goes first";
    }
    for (const std::string& place : places_of(service)) {
      if (const auto owner = places_.find(place); owner != places_.end()) {
        return place + " belongs to " + owner->second;
      }
    }
    return "";
  }

  void take(const config::Service& service) {
    names_.insert(id_of(service));
    for (std::string& place : places_of(service)) {
      places_.emplace(std::move(place), "Service " + id_of(service));
    }
  }

 private:
  std::set<std::string> names_;
  std::map<std::string, std::string> places_;
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
  unbound_.erase(id);
  if (now == nullptr) {
    services_.erase(id);
  } else {
    services_.insert_or_assign(id, *now);
  }
}

std::shared_ptr<const config::Configuration> ClusterServices::merge(const config::Configuration& files,
                                                                    const Bind& bind, bool again) {
  auto merged = std::make_shared<config::Configuration>(files);
  Taken taken(files);
  std::vector<config::Service> fitting;
  std::vector<config::Service> doubtful;  // those that the machine refused the last time
  refusals_.clear();
  for (const auto& [id, one] : services_) {
    config::Service service = with_policy(one, files.ringway.default_patch.get());
    restrict_external_ips(service, files.ringway);
    if (std::string why = taken.hindrance(service); !why.empty()) {
      refusals_.emplace(id, std::move(why));
      continue;
    }
    taken.take(service);
    (unbound_.contains(id) ? doubtful : fitting).push_back(std::move(service));
  }
  std::map<std::string, std::string> unbound;
  add_bound(*merged, fitting, bind, unbound);
  std::map<std::string, std::string> still;
  for (const config::Service& one : doubtful) {
    still.emplace(id_of(one), unbound_.at(id_of(one)));
  }
  if (again) {
    add_some(*merged, doubtful, bind, still);
  }
  unbound_ = std::move(unbound);
  unbound_.merge(still);
  refusals_.insert(unbound_.begin(), unbound_.end());
  return merged;
}

void ClusterServices::add_some(config::Configuration& into, const std::vector<config::Service>& doubtful,
                               const Bind& bind, std::map<std::string, std::string>& unbound) {
  const std::size_t before = into.services.size();
  into.services.insert(into.services.end(), doubtful.begin(), doubtful.end());
  if (doubtful.empty() || bind(into)) {
    unbound.clear();
    return;
  }
  into.services.erase(into.services.begin() + static_cast<std::ptrdiff_t>(before), into.services.end());
  auto one = std::ranges::upper_bound(doubtful, last_tried_, {}, id_of);
  for (std::size_t tries = 0; tries < std::min(kTries, doubtful.size()); ++tries, ++one) {
    one = one == doubtful.end() ? doubtful.begin() : one;
    last_tried_ = id_of(*one);
    unbound.erase(last_tried_);
    add_bound(into, std::span(&*one, 1), bind, unbound);
  }
}

}  // namespace ringway::daemon
