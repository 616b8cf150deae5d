#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/address/transparent_routing.h"
#include "proxy/core/cause.h"
#include "proxy/core/clock.h"
#include "proxy/core/error.h"
#include "proxy/core/session_info.h"
#include "proxy/core/snapshot.h"
#include "proxy/ring/engine.h"
#include "proxy/steer/steering.h"

namespace ringway::proxy {

struct DataPlaneOptions {
  std::uint32_t workers = 1;
  std::optional<Engine> engine;            ///< null: io_uring where it can be had, else epoll
  std::chrono::microseconds busy_poll{0};  ///< see RingOptions
  std::uint32_t backlog = 65'535;          ///< see RingOptions
  std::uint32_t max_sessions = 0;          ///< over all workers; 0 = what RLIMIT_NOFILE allows
  bool manage_virtual_ips = true;          ///< add addresses that are not local, remove them on exit
  std::string virtual_ip_interface = "lo";
  bool steer = false;  ///< one listening socket for all addresses, where that can be had
  bool access_log = false;
  TransparentNumbers transparent;
};

/// The workers, their listeners and the virtual IPs, seen from the control thread. Every member is for that one thread;
/// nothing here waits for a worker longer than it takes to hand over a pointer, except `stop`.
///
/// A change of the world is `bind` (may fail, changes nothing that serves), then `publish` (cannot fail).
class DataPlane {
 public:
  /// Starts the worker threads. Fails when `engine` names io_uring and the kernel or a seccomp profile refuses it.
  static Result<std::unique_ptr<DataPlane>> start(const DataPlaneOptions& options);
  virtual ~DataPlane() = default;

  /// Makes every `listen` address of `snapshot` local, sets up routing where a port wants its clients' addresses as
  /// source, and binds what is not bound yet, one socket for each worker.
  /// On failure all that this call added is taken away again; every failing address is named.
  virtual Result<void> bind(const Snapshot& snapshot) = 0;

  /// Gives each worker a listener on 127.0.0.1 that no other has, whose sessions go to `echo` alone: what comes back
  /// through it went through that worker. It is no Service's and stands in no list and no access log; WorkerCounters
  /// count its sessions. To be called once, before the first `publish`. Returns the addresses, in the workers' order.
  virtual Result<std::vector<SocketAddress>> listen_for_probes(const SocketAddress& echo) = 0;

  /// Puts `snapshot` in force in every worker: listeners bound for it begin to accept, listeners that it does not name
  /// are closed once what stands in their backlog has been accepted. Call `bind` first.
  virtual void publish(std::shared_ptr<const Snapshot> snapshot) = 0;

  /// Housekeeping, once a second or so: frees what no worker uses any more, and takes away the virtual IPs that no
  /// Service names and no session came in by.
  virtual void maintain() = 0;

  /// The newest version that every worker runs.
  [[nodiscard]] virtual std::uint64_t version_in_force() const = 0;
  /// `callback` runs on a worker thread, after each worker's switch to a version. Set before the first `publish`.
  virtual void on_in_force(std::function<void()> callback) = 0;

  /// Closes the sessions of `endpoint`: FIN to both sides after what is under way, RST to who does not answer.
  virtual void close_sessions(const std::shared_ptr<EndpointState>& endpoint, Cause cause) = 0;
  /// Ends the sessions of `endpoint` with RST to both sides; what is under way is lost.
  virtual void reset_sessions(const std::shared_ptr<EndpointState>& endpoint, Cause cause) = 0;

  /// All sessions now, at most `limit`; `done` runs on a worker thread.
  virtual void list_sessions(std::size_t limit, std::function<void(std::vector<SessionInfo>)> done) = 0;
  /// Takes the ended sessions since the last call (access log on), oldest first for each worker.
  virtual std::vector<SessionInfo> take_ended() = 0;

  /// Stops accepting (what stands in the backlogs is still served), then waits for the sessions to end; `done` runs on
  /// a worker thread when none is left.
  virtual void drain(std::function<void()> done) = 0;
  /// Closes what is left, ends the threads, removes the virtual IPs and the routing. Blocks, a second at most.
  virtual void stop() = 0;

  /// There are as many sessions as there may be: accepting pauses until one ends.
  [[nodiscard]] virtual bool full() const = 0;
  [[nodiscard]] virtual std::size_t worker_count() const = 0;
  [[nodiscard]] virtual const WorkerCounters& worker_counters(std::size_t worker) const = 0;
  [[nodiscard]] virtual EngineChoice engine() const = 0;
  [[nodiscard]] virtual SteeringChoice steering() const = 0;
  /// Addresses that this process added to an interface.
  [[nodiscard]] virtual std::vector<IpAddress> added_virtual_ips() const = 0;
};

}  // namespace ringway::proxy
