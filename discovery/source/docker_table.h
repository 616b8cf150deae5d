#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "discovery/source/docker_container.h"
#include "discovery/source/docker_event.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// What is known of an engine's containers, and which of them must be asked for again. Turns lists, inspects and events
/// into news for a sink; does no I/O. Control thread.
///
///              begin()            listed()                     last answer in
///   (stale) ───────────▶ listing ──────────▶ waiting for every ───────────────▶ live
///      ▲                                     inspect; no news        reset       │ upsert, remove
///      └──────────────────────────── begin() after a break ─────────────────────┘
///
/// An event that says enough (kill, die, destroy) is told at once; every other only causes an inspect, several events
/// of one container the same. An answer that was asked for before the last event of its container is out of date: it
/// is dropped and asked for again, so it cannot undo what the event said.
class DockerTable {
 public:
  /// `network` as in config::DockerSource.
  DockerTable(std::string network, WorkloadSink& sink);

  /// A new connection: nothing is told until a list and all its inspects are in. What was known stays.
  void begin();
  /// The answer of the list. What is known and not in it is asked for too: it may be newer than the list.
  void listed(const std::vector<std::string>& ids, proxy::Time arrived);
  void apply(const DockerEvent& event, proxy::Time arrived);

  [[nodiscard]] bool wants_inspect() const { return !queue_.empty(); }
  /// The id of the next container to inspect; exactly one of `inspected`, `missing` and `failed` must follow for it.
  std::optional<std::string> next_inspect();
  void inspected(const std::string& id, DockerContainer container);
  /// The engine does not know the container any more.
  void missing(const std::string& id);
  /// No usable answer. What is known of the container stays; a list does not wait for it any longer.
  void failed(const std::string& id);
  /// Asks for a container once more, where it is still of interest.
  void again(const std::string& id);

  /// The list of this connection has been told.
  [[nodiscard]] bool live() const { return live_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::optional<DockerContainer> container;
    std::optional<Workload> told;
    proxy::Time arrived;         ///< of the oldest news that no answer has covered yet
    std::int64_t killed_ns = 0;  ///< when a stop signal was sent to the current run, 0 = not
    int killed_by = 0;
    bool asking = false;  ///< an inspect is under way
    bool queued = false;  ///< one is to be made, or made again: what is under way is out of date
  };
  using Entries = std::map<std::string, Entry>;

  void ask(const std::string& id, Entry& entry, proxy::Time arrived);
  /// Finds the entry that an answer is for; null where the answer is out of date or of no interest any more.
  Entry* answered(const std::string& id);
  void signalled(Entry& entry, const DockerEvent& event);
  void died(Entry& entry, const DockerEvent& event);
  void forget(Entries::iterator entry, proxy::Time arrived);
  void share_network(const std::string& id, const std::string& parent_before, const std::string& parent);
  void tell(const std::string& id, proxy::Time arrived);
  void tell_one(Entry& entry, proxy::Time arrived);
  void no_longer_waiting(const std::string& id);
  [[nodiscard]] Workload workload(const Entry& entry, const DockerContainer& container) const;

  const std::string network_;
  WorkloadSink& sink_;
  Entries entries_;
  std::map<std::string, std::set<std::string>> children_;  ///< containers by the one whose network they share
  std::deque<std::string> queue_;
  bool live_ = false;
  bool listed_ = false;
  proxy::Time list_arrived_;
  std::set<std::string> waiting_;  ///< for these the list's reset waits
};

}  // namespace ringway::discovery
