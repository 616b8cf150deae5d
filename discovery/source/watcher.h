#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "discovery/labels/selector.h"
#include "proxy/core/address.h"
#include "proxy/core/clock.h"

namespace ringway::discovery {

/// A port that a workload gives a name to.
struct NamedPort {
  std::uint16_t number = 0;
  bool udp = false;

  bool operator==(const NamedPort&) const = default;
};

/// A Pod or container as its runtime tells of it.
struct Workload {
  std::string source;  ///< the Watcher's name: "file", "docker", …
  std::string id;      ///< unique within the source and stable for the workload's life
  std::string ns;      ///< "" = the runtime knows no namespaces: seen by the Services of every namespace
  std::string name;
  Labels labels;
  std::vector<proxy::IpAddress> addresses;  ///< at most one for each family
  std::multimap<std::string, NamedPort> ports;
  bool ready = false;
  bool terminating = false;  ///< it has begun to stop: no new session, the old ones drain
  std::string reason;        ///< why it is not ready, for a person: "paused", "no address in network front"
  std::string node;
  std::string zone;
  bool of_this_machine = false;         ///< its source asks this machine's own engine, so that it is on our node
  std::optional<std::uint16_t> weight;  ///< where its source reads annotations; else its label says
  std::string note;  ///< what its labels say that was not understood, for a person; "" where nothing is odd

  bool operator==(const Workload&) const = default;
};

struct SourceStatus {
  bool synced = false;     ///< has listed everything at least once
  bool connected = false;  ///< its stream is live now; when not, what is known is kept
  std::string detail;      ///< the server's version when connected, else what went wrong

  bool operator==(const SourceStatus&) const = default;
};

/// What a Watcher says: the whole contract between a source and the rest. All calls come on the control thread.
/// `arrived` is when the news reached this process, for `ringway_propagation_seconds`.
class WorkloadSink {
 public:
  virtual ~WorkloadSink() = default;
  /// All workloads of this source: what is not among them is gone. The first news after every (re)connect.
  virtual void reset(const std::string& source, std::vector<Workload> all, proxy::Time arrived) = 0;
  virtual void upsert(Workload workload, proxy::Time arrived) = 0;
  virtual void remove(const std::string& source, const std::string& id, proxy::Time arrived) = 0;
  virtual void status(const std::string& source, const SourceStatus& status) = 0;
};

/// A source of workloads. Lives on the control thread's executor; keeps trying until it is stopped.
class Watcher {
 public:
  virtual ~Watcher() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  virtual void start() = 0;
  /// No call to the sink comes after this returns.
  virtual void stop() = 0;
};

}  // namespace ringway::discovery
