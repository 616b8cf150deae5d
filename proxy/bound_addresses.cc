#include "proxy/bound_addresses.h"

#include <unistd.h>

#include "proxy/relay/listen_socket.h"
#include "proxy/steered_listeners.h"

namespace ringway::proxy {

std::vector<SocketAddress> BoundAddresses::missing(const Snapshot& snapshot) const {
  std::vector<SocketAddress> addresses;
  for (const auto& port : snapshot.ports) {
    if (port == nullptr || port->key.protocol != Protocol::kTcp) {
      continue;
    }
    for (const SocketAddress& address : port->listen) {
      if (!slots_.contains(address) && !staged_.contains(address)) {
        addresses.push_back(address);
      }
    }
  }
  return addresses;
}

bool BoundAddresses::is_steered(const SocketAddress& address) const {
  return steered_ && SteeredListeners::takes(address);
}

Result<std::vector<int>> BoundAddresses::bind_for_workers(const SocketAddress& address) const {
  if (!is_steered(address)) {
    return bind_stream(address, workers_);
  }
  if (auto free = check_bind(address); !free) {
    return std::unexpected(std::move(free.error()));
  }
  return std::vector<int>();
}

Result<void> BoundAddresses::stage(const std::vector<SocketAddress>& addresses) {
  Error failed{ErrorCode::kInternal, ""};
  std::vector<SocketAddress> done;
  for (const SocketAddress& address : addresses) {
    auto fds = bind_for_workers(address);
    if (fds) {
      staged_[address] = std::move(*fds);
      done.push_back(address);
      continue;
    }
    failed.code = fds.error().code;
    failed.context += (failed.context.empty() ? "" : "\n") + fds.error().context;
  }
  if (failed.context.empty()) {
    return {};
  }
  for (const SocketAddress& address : done) {
    for (const int fd : staged_[address]) {
      close(fd);
    }
    staged_.erase(address);
  }
  return std::unexpected(std::move(failed));
}

std::vector<Switch> BoundAddresses::advance(const Snapshot* before, const Snapshot& after) {
  std::vector<std::uint32_t> changed;
  std::set<SocketAddress> removed;
  std::map<SocketAddress, std::uint32_t> wanted;
  for_each_changed(before, after, [&](std::size_t place) {
    const auto slot = static_cast<std::uint32_t>(place);
    const ServicePort* old_port = before == nullptr ? nullptr : before->port(slot);
    const ServicePort* new_port = after.port(slot);
    changed.push_back(slot);
    if (old_port != nullptr) {
      removed.insert(old_port->listen.begin(), old_port->listen.end());
    }
    if (new_port != nullptr) {
      for (const SocketAddress& address : new_port->listen) {
        wanted[address] = slot;
      }
    }
  });
  std::vector<Switch> switches(workers_);
  for (const auto& [address, slot] : wanted) {
    removed.erase(address);
    if (const auto found = slots_.find(address); found != slots_.end()) {
      if (found->second != slot) {
        for (auto& each : switches) {
          each.retargeted.emplace_back(address, slot);
        }
        found->second = slot;
      }
      continue;
    }
    if (const auto fds = staged_.find(address); fds != staged_.end()) {
      for (std::size_t worker = 0; worker < workers_; ++worker) {
        const int fd = fds->second.empty() ? -1 : fds->second[worker];
        switches[worker].added.push_back({fd, address, slot});
      }
      socket_count_ += fds->second.size();
      staged_.erase(fds);
      slots_[address] = slot;
    }
  }
  for (auto& each : switches) {
    each.changed_slots = changed;
    each.removed.assign(removed.begin(), removed.end());
  }
  left_ = left_ || !removed.empty() || !staged_.empty();
  for (const SocketAddress& address : removed) {
    socket_count_ -= slots_.erase(address) > 0 && !is_steered(address) ? workers_ : 0;
  }
  discard_staged();
  return switches;
}

std::set<IpAddress> BoundAddresses::ips() const {
  std::set<IpAddress> ips;
  for (const auto& [address, slot] : slots_) {
    ips.insert(address.ip());
  }
  for (const auto& [address, fds] : staged_) {
    ips.insert(address.ip());
  }
  return ips;
}

void BoundAddresses::discard_staged() {
  for (const auto& [address, fds] : staged_) {
    for (const int fd : fds) {
      close(fd);
    }
  }
  staged_.clear();
}

}  // namespace ringway::proxy
