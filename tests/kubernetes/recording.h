#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "discovery/kubernetes/cluster_sink.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Keeps what a cluster tells: as a state, and as a log of short lines (`service shop/web`, `service shop/web gone`,
/// `slice shop/web-1`, `pod shop/web-1`, `zone a`, `refused …`).
class Recording final : public ClusterSink, public WorkloadSink {
 public:
  void service_changed(const std::string& id, const config::ApiService* now, proxy::Time) override {
    note("service " + id, now, services, id);
  }
  void slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now, proxy::Time) override {
    note("slice " + id, now.get(), slices, id);
  }
  void zone_known(const std::string& zone) override { log.push_back("zone " + zone); }
  void refused(const std::string& line) override { log.push_back("refused " + line); }

  void reset(const std::string&, std::vector<Workload>, proxy::Time) override { log.emplace_back("reset"); }
  void upsert(Workload workload, proxy::Time) override {
    log.push_back("pod " + workload.id);
    pods.insert_or_assign(workload.id, std::move(workload));
  }
  void remove(const std::string&, const std::string& id, proxy::Time) override {
    log.push_back("pod " + id + " gone");
    pods.erase(id);
  }
  void status(const std::string&, const SourceStatus& status) override {
    last_status = status;
    statuses.push_back(status);
  }

  std::vector<std::string> take() { return std::exchange(log, {}); }

  std::vector<std::string> log;
  std::map<std::string, config::ApiService> services;
  std::map<std::string, config::EndpointSlice> slices;
  std::map<std::string, Workload> pods;
  std::vector<SourceStatus> statuses;
  SourceStatus last_status;

 private:
  template <typename Value>
  void note(const std::string& line, const Value* now, std::map<std::string, Value>& state, const std::string& id) {
    log.push_back(line + (now == nullptr ? " gone" : ""));
    if (now == nullptr) {
      state.erase(id);
    } else {
      state.insert_or_assign(id, *now);
    }
  }
};

}  // namespace ringway::discovery
