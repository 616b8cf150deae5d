#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "discovery/source/cri_pod.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

enum class CriChange : std::uint8_t { kCreated, kStarted, kStopped, kDeleted };

/// An event: something happened to a container or a sandbox, and what its Pod is like since.
struct CriEvent {
  CriChange change = CriChange::kCreated;
  std::string id;                     ///< of the container, or of the sandbox
  std::int64_t time_ns = 0;           ///< the runtime's wall clock since 1970
  std::optional<CriSandbox> sandbox;  ///< absent in the last event of a Pod, and where the runtime could not say
  std::vector<CriContainer> containers;
};

/// Everything that a runtime has, as one round of requests tells it.
struct CriListing {
  std::vector<CriSandbox> sandboxes;
  std::vector<CriContainer> containers;
};

/// What is known of a runtime's Pods. Turns lists and events into news for a sink; does no I/O. Control thread.
///
///              begin()             listed(), as reset          listed(), apply()
///   (stale) ───────────▶ unlisted ───────────────────▶ live ────────────────────▶ upsert, remove
///      ▲                                                │
///      └─────────────── begin() after a break ──────────┘
///
/// Lists and events overtake each other. An event from before the list that was told last says nothing new (the first
/// containerd 1.7 keep them for whoever asks next); a Pod that an event touched while a list was under way is not
/// overwritten by it.
class CriTable {
 public:
  explicit CriTable(WorkloadSink& sink) : sink_(sink) {}

  /// A new connection, at `now_ns` of the wall clock: nothing is told until a list is in. What was known stays.
  void begin(std::int64_t now_ns);
  /// A list is about to be asked for.
  void list_begins(std::int64_t now_ns);
  /// Its answer. What a list does not tell (`has_status`) is taken from what is known.
  void listed(CriListing listing, proxy::Time arrived);
  void apply(CriEvent event, proxy::Time arrived);

  /// Whether the addresses of a sandbox, or the end of a container, need not be asked for.
  [[nodiscard]] bool knows(const CriSandbox& sandbox) const;
  [[nodiscard]] bool knows(const CriContainer& container) const;
  /// An event said too little: a list is wanted now.
  [[nodiscard]] bool wants_list() const { return wants_list_; }
  [[nodiscard]] std::size_t size() const { return pods_.size(); }

 private:
  struct Pod {
    CriSandbox sandbox;
    CriContainers containers;
    std::optional<Workload> told;
    std::uint64_t touched = 0;  ///< `sequence_` at the last event
  };
  using Pods = std::map<std::string, Pod>;  ///< by the sandbox's id

  void apply_without_status(const CriEvent& event, proxy::Time arrived);
  void replace(Pod& pod, CriSandbox sandbox, std::vector<CriContainer> containers);
  void drop_unlisted(const std::map<std::string, std::vector<CriContainer>>& listed, proxy::Time arrived);
  Pods::iterator forget(Pods::iterator pod, proxy::Time arrived);
  void tell(Pod& pod, proxy::Time arrived);
  void tell_all(proxy::Time arrived);
  [[nodiscard]] Pods::iterator holder(const std::string& container);

  WorkloadSink& sink_;
  Pods pods_;
  std::map<std::string, std::uint64_t> removed_;  ///< by events since the list began: a list may still have them
  std::uint64_t sequence_ = 0;
  std::uint64_t list_began_ = 0;           ///< `sequence_` then
  std::int64_t list_began_ns_ = 0;         ///< the wall clock then
  std::int64_t events_count_from_ns_ = 0;  ///< older ones say nothing new
  bool live_ = false;
  bool wants_list_ = false;
};

}  // namespace ringway::discovery
