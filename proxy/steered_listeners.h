#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "proxy/core/error.h"
#include "proxy/core/snapshot.h"
#include "proxy/relay/reactor.h"
#include "proxy/steer/steering.h"

namespace ringway::proxy {

/// One listening socket for each worker and family that stands for the addresses of all Services, one more of each
/// family for those that shall not answer, and the steering that brings connections there. A Service that comes, goes,
/// or gains or loses its endpoints is a change of a map in the kernel. Control thread.
class SteeredListeners {
 public:
  /// Fails where steering cannot be had; the error says why. For `backlog` see RingOptions.
  static Result<std::unique_ptr<SteeredListeners>> open(std::size_t workers, std::uint32_t backlog);
  SteeredListeners(const SteeredListeners&) = delete;
  SteeredListeners& operator=(const SteeredListeners&) = delete;
  ~SteeredListeners();

  /// Whether each address of `snapshot` can be steered at the same time.
  [[nodiscard]] static Result<void> check(const Snapshot& snapshot);
  /// Whether `address` gets its connections this way. An unspecified one (0.0.0.0) does not: it stands for addresses
  /// that are not ours to take.
  [[nodiscard]] static bool takes(const SocketAddress& address);

  /// Whether none of `addresses` is steered by somebody else in this network namespace: another daemon of ours keeps
  /// what it had first, and bind(2) does not know of it. Asks by connecting, and only where there is such a program.
  [[nodiscard]] Result<void> check_free(std::span<const SocketAddress> addresses) const;

  /// Follows the change to `after` that `switches` are for. Addresses that go, or whose port serves nobody any more,
  /// are refused or silent from now on; those that come are steered when the last worker knows them, before it reports
  /// the snapshot to be in force. The first call hands each worker its sockets too.
  void advance(const Snapshot& after, std::vector<Switch>& switches);

  [[nodiscard]] std::size_t size() const { return steered_.size(); }
  [[nodiscard]] std::size_t socket_count() const { return socket_count_; }

 private:
  struct Socket {
    int fd;
    std::size_t worker;
    SocketAddress address;
  };
  explicit SteeredListeners(std::unique_ptr<Steering> steering);
  Result<void> listen(const IpAddress& loopback, std::size_t workers, std::uint32_t backlog);
  Result<void> keep_silent(const IpAddress& loopback);
  struct Change;
  void follow(const ServicePort& port, const Snapshot& after, Change& change);
  void stop(const SocketAddress& address, Change& change);

  std::shared_ptr<Steering> steering_;  ///< shared with changes that workers have not made yet
  std::vector<Socket> sockets_;         ///< until they are handed over
  std::vector<int> silent_;             ///< listening sockets that answer nobody, one of each family
  std::size_t socket_count_ = 0;
  std::unordered_map<SocketAddress, Steered> steered_;
};

}  // namespace ringway::proxy
