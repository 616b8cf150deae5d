#include "proxy/steered_listeners.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "proxy/core/answer.h"
#include "proxy/relay/listen_socket.h"
#include "proxy/ring/sockets.h"

namespace ringway::proxy {
namespace {

constexpr int kAnswer_ms = 20;

std::size_t address_count(const Snapshot& snapshot) {
  std::size_t count = 0;
  for (const auto& port : snapshot.ports) {
    count += port == nullptr ? 0 : port->listen.size();
  }
  return count;
}

/// A local connection is made, or refused, within the call; one that a filter drops is nobody's.
bool answers(const SocketAddress& address) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  sockaddr_storage storage{};
  const socklen_t length = address.fill(storage);
  const bool now = connect(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  const bool connected = now || (poll(&ready, 1, kAnswer_ms) == 1 && ready.revents == POLLOUT);
  close(fd);
  return connected;
}

}  // namespace

/// What the last worker that knows a snapshot does. Changes are made in the order of the snapshots, for each worker
/// switches in that order.
struct SteeredListeners::Change {
  std::vector<SocketAddress> on;
  std::vector<SocketAddress> silent;
  std::vector<SocketAddress> off;
  std::atomic<std::size_t> workers_left;
};

SteeredListeners::SteeredListeners(std::unique_ptr<Steering> steering) : steering_(std::move(steering)) {}

SteeredListeners::~SteeredListeners() {
  for (const Socket& socket : sockets_) {
    close(socket.fd);
  }
  for (const int fd : silent_) {
    close(fd);
  }
}

Result<std::unique_ptr<SteeredListeners>> SteeredListeners::open(std::size_t workers, std::uint32_t backlog) {
  auto steering = Steering::open();
  if (!steering) {
    return std::unexpected(std::move(steering.error()));
  }
  std::unique_ptr<SteeredListeners> listeners(new SteeredListeners(std::move(*steering)));
  const IpAddress loopback = IpAddress::v4(INADDR_LOOPBACK);
  auto four = listeners->listen(loopback, workers, backlog);
  if (four) {
    four = listeners->keep_silent(loopback);
  }
  if (!four) {
    return std::unexpected(std::move(four.error()));
  }
  // Where IPv6 is switched off there is nothing to steer.
  const IpAddress six = IpAddress::parse("::1").value();
  if (listeners->listen(six, workers, backlog)) {
    static_cast<void>(listeners->keep_silent(six));
  }
  return listeners;
}

Result<void> SteeredListeners::listen(const IpAddress& loopback, std::size_t workers, std::uint32_t backlog) {
  auto fds = bind_stream(SocketAddress(loopback, 0), workers);
  if (!fds) {
    return std::unexpected(std::move(fds.error()));
  }
  for (std::size_t worker = 0; worker < workers; ++worker) {
    // What suits the peers of an address is looked at when it is known, see Ring::dialled.
    const SocketAddress address(loopback.is_v6() ? IpAddress::parse("::").value() : IpAddress(), 0);
    sockets_.push_back({(*fds)[worker], worker, address});
    ++socket_count_;
    if (!sockets::listen((*fds)[worker], address, backlog)) {
      return std::unexpected(system_error(errno, "listening for what is steered"));
    }
  }
  return steering_->serve_by(fds->front());
}

Result<void> SteeredListeners::keep_silent(const IpAddress& loopback) {
  const SocketAddress address(loopback, 0);
  auto fds = bind_stream(address, 1);
  if (!fds) {
    return std::unexpected(std::move(fds.error()));
  }
  const int fd = silent_.emplace_back(fds->front());
  ++socket_count_;
  sockets::silence(fd, true);
  if (!sockets::listen(fd, address, 1)) {
    return std::unexpected(system_error(errno, "listening for what is to get no answer"));
  }
  return steering_->serve_by(fd, Steered::kSilent);
}

Result<void> SteeredListeners::check(const Snapshot& snapshot) {
  if (const std::size_t count = address_count(snapshot); count > kMaxSteered) {
    return failure(ErrorCode::kExhausted, std::to_string(count) + " addresses are to be steered, " +
                                              std::to_string(kMaxSteered) +
                                              " can be: set virtualIPs.mode to auto, or run a second daemon");
  }
  return {};
}

Result<void> SteeredListeners::check_free(std::span<const SocketAddress> addresses) const {
  if (!steering_->others_first()) {
    return {};
  }
  for (const SocketAddress& address : addresses) {
    if (answers(address)) {
      return failure(ErrorCode::kInUse,
                     "steering " + address.to_string() +
                         ": another process steers it already; stop that one or choose another port");
    }
  }
  return {};
}

bool SteeredListeners::takes(const SocketAddress& address) {
  const std::span bytes(address.ip().bytes(), address.ip().size());
  return std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte != 0; });
}

void SteeredListeners::follow(const ServicePort& port, const Snapshot& after, Change& change) {
  const Answer answer = answer_of(port, after.ports);
  for (const SocketAddress& address : port.listen) {
    if (answer == Answer::kRefuses) {
      stop(address, change);
      continue;
    }
    const Steered kind = answer == Answer::kServes ? Steered::kServed : Steered::kSilent;
    if (!takes(address)) {
      continue;
    }
    if (const auto [known, is_new] = steered_.try_emplace(address, kind); is_new || known->second != kind) {
      known->second = kind;
      (kind == Steered::kServed ? change.on : change.silent).push_back(address);
    }
  }
}

void SteeredListeners::stop(const SocketAddress& address, Change& change) {
  if (steered_.erase(address) > 0) {
    change.off.push_back(address);
  }
}

void SteeredListeners::advance(const Snapshot& after, std::vector<Switch>& switches) {
  auto change = std::make_shared<Change>();
  change->workers_left = switches.size();
  for (const std::uint32_t slot : switches.front().changed_slots) {
    const ServicePort* port = after.port(slot);
    // Endpoints of a route are a reason for its port to serve.
    if (port != nullptr && port->route != nullptr) {
      port = after.port(port->route_of);
    }
    if (port != nullptr && port->key.protocol == Protocol::kTcp) {
      follow(*port, after, *change);
    }
  }
  for (const SocketAddress& address : switches.front().removed) {
    stop(address, *change);
  }
  // There is room in both, for `check` has counted them.
  const auto end = [steering = steering_, change] {
    steering->remove(Protocol::kTcp, change->off);
    static_cast<void>(steering->add(Protocol::kTcp, change->silent, Steered::kSilent));
  };
  end();
  for (const Socket& socket : sockets_) {
    switches[socket.worker].added.push_back({socket.fd, socket.address, kSteeredSlot});
    switches[socket.worker].changed_slots.push_back(kSteeredSlot);
  }
  sockets_.clear();
  for (auto& each : switches) {
    each.listeners_stand = [steering = steering_, change, end] {
      if (change->workers_left.fetch_sub(1) == 1) {
        // Once more, for a snapshot before this one may have added them meanwhile.
        end();
        static_cast<void>(steering->add(Protocol::kTcp, change->on));
      }
    };
  }
}

}  // namespace ringway::proxy
