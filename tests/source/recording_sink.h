#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Keeps what a Watcher says: as a state (`known`, by name) and as a log of short lines
/// (`reset a b`, `upsert a ready`, `upsert a ready stopping (SIGTERM)`, `upsert a not: paused`, `remove ID`).
class RecordingSink final : public WorkloadSink {
 public:
  explicit RecordingSink(std::string source = "docker") : source_(std::move(source)) {}

  void reset(const std::string& source, std::vector<Workload> all, proxy::Time) override {
    EXPECT_EQ(source, source_);
    std::vector<std::string> names;
    by_id_.clear();
    for (auto& workload : all) {
      names.push_back(workload.name);
      by_id_.insert_or_assign(workload.id, std::move(workload));
    }
    std::ranges::sort(names);
    std::string line = "reset";
    for (const auto& name : names) {
      line += " " + name;
    }
    log.push_back(line);
  }

  void upsert(Workload workload, proxy::Time) override {
    std::string line = "upsert " + workload.name + (workload.ready ? " ready" : " not: " + workload.reason);
    if (workload.terminating) {
      line += " " + workload.reason;
    }
    log.push_back(line);
    by_id_.insert_or_assign(workload.id, std::move(workload));
  }

  void remove(const std::string& source, const std::string& id, proxy::Time) override {
    EXPECT_EQ(source, source_);
    log.push_back("remove " + id);
    by_id_.erase(id);
  }

  void status(const std::string&, const SourceStatus& status) override {
    last_status = status;
    statuses.push_back(status);
  }

  /// Null where no workload has this name.
  [[nodiscard]] const Workload* find(const std::string& name) const {
    const auto found = std::ranges::find_if(by_id_, [&](const auto& entry) { return entry.second.name == name; });
    return found == by_id_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool ready(const std::string& name) const {
    const auto* workload = find(name);
    return workload != nullptr && workload->ready && !workload->terminating;
  }
  [[nodiscard]] std::string reason(const std::string& name) const {
    const auto* workload = find(name);
    return workload == nullptr ? "unknown" : workload->reason;
  }
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] bool heard(const std::string& line) const { return std::ranges::find(log, line) != log.end(); }
  std::vector<std::string> take() { return std::exchange(log, {}); }

  std::vector<std::string> log;
  std::vector<SourceStatus> statuses;
  SourceStatus last_status;

 private:
  std::string source_;
  std::map<std::string, Workload> by_id_;
};

}  // namespace ringway::discovery
