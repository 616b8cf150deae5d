#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <map>
#include <utility>

#include "daemon/log.h"
#include "daemon/supervisor_impl.h"
#include "daemon/workload_change.h"
#include "discovery/source/file.h"

namespace ringway::daemon {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAccessLogPace{100};
/// `ringway_worker_busy_ratio` and `ringway_worker_longest_turn_seconds` look back this many seconds.
constexpr std::size_t kBusySamples = 5;

std::string workload_name(const discovery::Workload& workload) {
  return (workload.ns.empty() ? "" : workload.ns + "/") + workload.name;
}

Event endpoint_event(std::string kind, const proxy::EndpointState& endpoint, std::string message) {
  return {.kind = std::move(kind),
          .object = "endpoint/" + endpoint.address.to_string(),
          .ns = endpoint.service().ns,
          .service = endpoint.service().service,
          .message = std::move(message)};
}

bool panics(const proxy::ServicePort* port) {
  return port != nullptr && port->panic;
}

std::string who(const proxy::EndpointState& endpoint) {
  return endpoint.address.to_string() + (endpoint.workload.empty() ? "" : " (" + std::string(endpoint.workload) + ")");
}

}  // namespace

std::vector<std::string> Supervisor::Impl::wanted_sources() const {
  std::vector<std::string> out = {"file"};
  for (const auto& watcher : watchers_) {
    out.push_back(watcher->name());
  }
  return out;
}

bool Supervisor::Impl::listening() const {
  return settled_ && data_plane_->version_in_force() >= first_version_;
}

// A source that has listed is heard before what it said is in force.
void Supervisor::Impl::note_settled() {
  const auto synced = [this](const std::string& name) {
    const auto known = store_.sources().find(name);
    return known != store_.sources().end() && known->second.synced;
  };
  const std::uint64_t newest = published_ ? published_->version : 0;
  settled_ = settled_ || (!merge_planned_ && !publish_posted_ && data_plane_->version_in_force() >= newest &&
                          std::ranges::all_of(wanted_sources(), synced));
}

void Supervisor::Impl::check_data_path(DataPathAsker done) {
  if (probe_ && listening() && !stopping_) {
    probe_->check(std::move(done));
  } else {
    done({.failures = {}, .note = "not probed: " + std::string(probe_ ? "not serving" : "no listener could be had")});
  }
}

void Supervisor::Impl::list_sessions(std::size_t limit, std::function<void(std::vector<proxy::SessionInfo>)> done) {
  data_plane_->list_sessions(limit, [this, done = std::move(done)](std::vector<proxy::SessionInfo> sessions) {
    boost::asio::post(context_, [done, sessions = std::move(sessions)]() mutable { done(std::move(sessions)); });
  });
}

void Supervisor::Impl::workload_changed(const discovery::Workload* before, const discovery::Workload* after,
                                        proxy::Time arrived) {
  reconciler_->workload_changed(before, after, arrived);
  const auto& workload = after != nullptr ? *after : *before;
  std::string kind = "WorkloadChanged";
  if (before == nullptr) {
    kind = "WorkloadAdded";
  } else if (after == nullptr) {
    kind = "WorkloadRemoved";
  } else if (after->terminating && !before->terminating) {
    kind = "WorkloadTerminating";
  }
  std::string message = change_text(before, after);
  log::debug("workload " + workload_name(workload) + ": " + kind + ", " + message);
  if (after != nullptr && !after->note.empty() && (before == nullptr || before->note != after->note)) {
    log::warn("workload " + workload_name(workload) + ": " + after->note);
  }
  events_.add({.kind = std::move(kind),
               .object = "workload/" + workload_name(workload),
               .ns = workload.ns,
               .message = std::move(message)});
}

void Supervisor::Impl::listed(const std::string& source, std::size_t count) {
  events_.add({.kind = "SourceListed",
               .object = "source/" + source,
               .message = "listed " + std::to_string(count) + " workloads, not as they were known"});
}

void Supervisor::Impl::batch_done() {
  changed_something();
}

void Supervisor::Impl::source_changed(const std::string& source, const discovery::SourceStatus& status) {
  // The first news of a source is that it begins to connect: nothing is lost yet.
  if (heard_sources_.insert(source).second && !status.connected) {
    log::info("source " + source + ": " + status.detail);
    changed_something();
    return;
  }
  const std::string message =
      (status.connected ? "connected" : "not connected") + (status.detail.empty() ? "" : ": " + status.detail);
  if (status.connected) {
    log::info("source " + source + " " + message);
  } else {
    log::warn("source " + source + " " + message + (status.synced ? "; what it said before stays in force" : ""));
  }
  events_.add(
      {.kind = status.connected ? "SourceConnected" : "SourceLost", .object = "source/" + source, .message = message});
  changed_something();
  boost::asio::post(context_, [this] { note_settled(); });
}

void Supervisor::Impl::snapshot_wanted() {
  if (publish_posted_ || finished_) {
    return;
  }
  publish_posted_ = true;
  publish_timer_.expires_at(published_at_ + configuration_->ringway.min_sync_period);
  publish_timer_.async_wait([this](const auto& error) {
    if (!error) {
      publish();
    }
  });
}

void Supervisor::Impl::close_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) {
  log::debug("closing the sessions of " + who(*endpoint) + ": " + std::string(to_string(cause)));
  data_plane_->close_sessions(endpoint, cause);
}

void Supervisor::Impl::reset_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) {
  log::debug("resetting the sessions of " + who(*endpoint) + ": " + std::string(to_string(cause)));
  data_plane_->reset_sessions(endpoint, cause);
}

void Supervisor::Impl::say(const std::string& line) {
  log::warn(line);
}

void Supervisor::Impl::put_in_force(std::shared_ptr<const config::Configuration> configuration) {
  files_ = std::move(configuration);
  configure_merged();
  store_.reset("file", discovery::workloads_of(*files_), clock_.now());
  want_pods_of_files();
  publish();
}

void Supervisor::Impl::publish() {
  if (finished_) {
    return;
  }
  publish_posted_ = false;
  publish_timer_.cancel();
  const proxy::Time arrived =
      std::min(reconciler_->oldest_pending(), std::exchange(oldest_service_, proxy::Time::max()));
  auto snapshot = reconciler_->build();
  if (snapshot) {
    published_at_ = clock_.now();
    if (arrived != proxy::Time::max()) {
      under_way_.push_back({snapshot->version, arrived});
    }
    tell_endpoint_events(*snapshot);
    published_ = snapshot;
    data_plane_->publish(std::move(snapshot));
  }
  changed_something();
  expire();
  note_settled();
}

void Supervisor::Impl::in_force(proxy::Time when) {
  if (finished_) {
    return;
  }
  const std::uint64_t version = data_plane_->version_in_force();
  bool news = false;
  while (!under_way_.empty() && under_way_.front().version <= version) {
    tallies_.observe_propagation(
        std::chrono::duration_cast<std::chrono::microseconds>(when - under_way_.front().arrived));
    under_way_.pop_front();
    news = true;
  }
  if (news) {
    expire();
  }
  note_settled();
}

void Supervisor::Impl::expire() {
  const proxy::Time next = reconciler_->expire(data_plane_->version_in_force());
  if (next == proxy::Time::max()) {
    expire_timer_.cancel();
    return;
  }
  expire_timer_.expires_at(next);
  expire_timer_.async_wait([this](const auto& error) {
    if (!error && !finished_) {
      expire();
    }
  });
}

void Supervisor::Impl::tell_endpoint_events(const proxy::Snapshot& next) {
  const auto endpoints = [](const proxy::ServicePort* port) {
    return port == nullptr ? Endpoints{} : Endpoints(port->endpoints.begin(), port->endpoints.end());
  };
  proxy::for_each_changed(published_.get(), next, [&](std::size_t slot) {
    const auto* before = published_ ? published_->port(slot) : nullptr;
    const auto* after = next.port(slot);
    if (after != nullptr && panics(before) != panics(after)) {
      events_.add({.kind = after->panic ? "PanicBegan" : "PanicEnded",
                   .object = "service/" + after->key.to_string(),
                   .ns = after->key.ns,
                   .service = after->key.service,
                   .message = after->panic ? "no endpoint is healthy, all ready ones take sessions"
                                           : "healthy endpoints alone take sessions again"});
    }
    const Endpoints old_ones = endpoints(before);
    const Endpoints new_ones = endpoints(after);
    for (const auto& endpoint : new_ones) {
      if (!old_ones.contains(endpoint)) {
        log::debug("service " + endpoint->service().to_string() + ": endpoint " + who(*endpoint) + " takes sessions");
        events_.add(endpoint_event("EndpointIn", *endpoint, who(*endpoint) + " takes new sessions"));
      }
    }
    tell_left(old_ones, new_ones);
  });
}

void Supervisor::Impl::tell_left(const Endpoints& old_ones, const Endpoints& new_ones) {
  Endpoints left;
  std::ranges::set_difference(old_ones, new_ones, std::inserter(left, left.end()));
  if (left.empty()) {
    return;
  }
  std::map<const proxy::EndpointState*, std::string> reasons;
  for (const auto& view : reconciler_->endpoints((*left.begin())->service())) {
    reasons[view.state.get()] = view.reason;
  }
  for (const auto& endpoint : left) {
    const auto reason = reasons.find(endpoint.get());
    const std::string why = reason == reasons.end() || reason->second.empty() ? "gone" : reason->second;
    log::debug("service " + endpoint->service().to_string() + ": endpoint " + who(*endpoint) + " is out: " + why);
    events_.add(endpoint_event("EndpointOut", *endpoint, who(*endpoint) + " takes no new sessions: " + why));
  }
}

void Supervisor::Impl::changed_something() {
  if (server_) {
    server_->notify();
  }
}

void Supervisor::Impl::every_second() {
  sample_workers();
  data_plane_->maintain();
  reconciler_->review_sessions();
  if (retry_after_.count() > 0 && clock_.now() >= retry_at_) {
    reload("tried again");
  }
  retry_refused();
  look_at_node();
  second_timer_.expires_after(std::chrono::seconds(1));
  second_timer_.async_wait([this](const auto& error) {
    if (!error && !finished_) {
      every_second();
    }
  });
}

void Supervisor::Impl::sample_workers() {
  std::vector<BusySample> now(data_plane_->worker_count());
  for (std::size_t i = 0; i < now.size(); ++i) {
    const auto& counters = data_plane_->worker_counters(i);
    now[i] = {counters.busy_us.get(), counters.idle_us.get(), counters.longest_turn_us.take()};
  }
  busy_samples_.push_back(std::move(now));
  if (busy_samples_.size() > kBusySamples + 1) {
    busy_samples_.pop_front();
  }
  const auto& oldest = busy_samples_.front();
  const auto& newest = busy_samples_.back();
  tallies_.worker_busy.assign(newest.size(), 0);
  tallies_.worker_longest_turn_us.assign(newest.size(), 0);
  for (std::size_t i = 0; i < newest.size(); ++i) {
    const auto busy = static_cast<double>(newest[i].busy_us - oldest[i].busy_us);
    const auto idle = static_cast<double>(newest[i].idle_us - oldest[i].idle_us);
    tallies_.worker_busy[i] = busy + idle > 0 ? busy / (busy + idle) : 0;
    for (std::size_t second = busy_samples_.size() > kBusySamples ? 1 : 0; second < busy_samples_.size(); ++second) {
      tallies_.worker_longest_turn_us[i] =
          std::max(tallies_.worker_longest_turn_us[i], busy_samples_[second][i].longest_turn_us);
    }
  }
}

void Supervisor::Impl::write_access_log() {
  for (const auto& session : data_plane_->take_ended()) {
    log::session(session);
  }
  if (finished_) {
    return;
  }
  access_timer_.expires_after(kAccessLogPace);
  access_timer_.async_wait([this](const auto& error) {
    if (!error && !finished_) {
      write_access_log();
    }
  });
}

}  // namespace ringway::daemon
