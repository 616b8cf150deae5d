#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// The last known state of every source. Stale beats empty: what a source said stays until it says otherwise.
///
/// Listeners are told of differences only: a `reset` that repeats what is known causes nothing. Control thread.
class Store final : public WorkloadSink {
 public:
  /// Hears what changed. `before` is null for a new workload, `after` for one that is gone.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void workload_changed(const Workload* before, const Workload* after, proxy::Time arrived) = 0;
    /// All `count` workloads of `source` were listed, and the list differed from what was known; after its changes and
    /// before the end of the batch.
    virtual void listed(const std::string& /*source*/, std::size_t /*count*/) {}
    /// The end of one batch (a whole reset counts as one): time to build a snapshot.
    virtual void batch_done() = 0;
    virtual void source_changed(const std::string& source, const SourceStatus& status) = 0;
  };

  /// `listener` must outlive the store and is not called from within this constructor.
  explicit Store(Listener& listener) : listener_(listener) {}

  void reset(const std::string& source, std::vector<Workload> all, proxy::Time arrived) override;
  void upsert(Workload workload, proxy::Time arrived) override;
  void remove(const std::string& source, const std::string& id, proxy::Time arrived) override;
  void status(const std::string& source, const SourceStatus& status) override;
  /// Counts news of a source that are no workloads: an upsert or a remove.
  void count(const std::string& source, const std::string& type) { ++events_[{source, type}]; }

  /// All workloads, by (source, id).
  [[nodiscard]] const std::map<std::pair<std::string, std::string>, Workload>& workloads() const { return workloads_; }
  [[nodiscard]] const std::map<std::string, SourceStatus>& sources() const { return sources_; }
  /// Counts of news by source and type (reset, upsert, remove), for `ringway_discovery_events_total`.
  [[nodiscard]] const std::map<std::pair<std::string, std::string>, std::uint64_t>& events() const { return events_; }

 private:
  /// Both tell the listener, and return whether there was anything to tell.
  bool put(Workload workload, proxy::Time arrived);
  bool drop(const std::pair<std::string, std::string>& key, proxy::Time arrived);

  Listener& listener_;
  std::map<std::pair<std::string, std::string>, Workload> workloads_;
  std::map<std::string, SourceStatus> sources_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> events_;
};

}  // namespace ringway::discovery
