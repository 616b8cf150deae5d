#include "proxy/ring/simulated/network.h"

#include <cerrno>

// Listening, connecting, and what programs call. What the wire does stands in wire.cc.
namespace ringway::proxy::simulated {

ListenerId Network::bind(const SocketAddress& address, ListenWatcher& watcher) {
  const auto listener = static_cast<ListenerId>(listeners_.size());
  listeners_.push_back({.watcher = &watcher, .address = address, .listening = false, .silent = false, .backlog = {}});
  by_address_[address] = listener;
  return listener;
}

void Network::set_listening(ListenerId id, bool listening) {
  Listener& listener = listeners_[id];
  if (listener.listening && !listening) {
    for (const EndId end : listener.backlog) {
      send_reset(end);
      at(end).closed = true;
    }
    listener.backlog.clear();
  }
  listener.listening = listening;
  if (!listening && listener.watcher != nullptr) {
    listener.watcher->listener_changed(id);
  }
}

void Network::unbind(ListenerId id) {
  listeners_[id].watcher = nullptr;
  set_listening(id, false);
  if (const auto found = by_address_.find(listeners_[id].address); found != by_address_.end() && found->second == id) {
    by_address_.erase(found);
  }
}

EndId Network::accept(ListenerId id, EndWatcher& watcher) {
  Listener& listener = listeners_[id];
  if (listener.backlog.empty()) {
    return kNoEnd;
  }
  const EndId end = listener.backlog.front();
  listener.backlog.pop_front();
  at(end).watcher = &watcher;
  return end;
}

EndId Network::open(const SocketAddress& local, EndWatcher& watcher) {
  const auto opener = static_cast<EndId>(ends_.size());
  ends_.emplace_back();
  ends_.emplace_back();
  at(opener).address = local;
  at(opener).watcher = &watcher;
  for (const EndId end : {opener, opener + 1}) {
    at(end).send_limit = socket_bytes();
    at(end).receive_limit = socket_bytes();
  }
  return opener;
}

void Network::connect(EndId end, const SocketAddress& to) {
  at(end).peer = to;
  at(end ^ 1U).address = to;
  at(end ^ 1U).peer = at(end).address;
  Duration late{0};
  switch (router_.route(to, late)) {
    case Route::kDelivered:
      timeline_.after(latency() + late, *this, kSyn, end);
      break;
    case Route::kUnreachable:
      timeline_.after(latency() + late, *this, kUnreachable, end);
      break;
    case Route::kSilent:
      timeline_.after(kSynTimeout, *this, kSilence, end);
  }
}

void Network::connect_from_taken_place(EndId end, const SocketAddress& to) {
  at(end).peer = to;
  at(end).place_taken = true;
  at(end).error = EADDRNOTAVAIL;
}

int Network::take_error(EndId end) {
  const int error = at(end).error;
  at(end).error = 0;
  return error;
}

std::int32_t Network::read(EndId end, std::span<std::byte> into) {
  End& from = at(end ^ 1U);
  if (from.arrived > 0) {
    const auto count = std::min(static_cast<std::uint32_t>(into.size()), from.arrived);
    from.bytes.pop(into.first(count));
    from.arrived -= count;
    pump(end ^ 1U);
    return static_cast<std::int32_t>(count);
  }
  if (from.fin_arrived) {
    return 0;
  }
  if (at(end).error != 0) {
    return -take_error(end);
  }
  return at(end).reset ? 0 : -EAGAIN;
}

std::int32_t Network::write(EndId end, std::span<const std::byte> bytes) {
  End& from = at(end);
  if (from.error != 0) {
    return -take_error(end);
  }
  if (from.reset || from.fin_written) {
    return -EPIPE;
  }
  const auto count = std::min(static_cast<std::uint32_t>(bytes.size()), room(end));
  if (count == 0) {
    return -EAGAIN;
  }
  from.bytes.push(bytes.first(count));
  from.written_total += count;
  pump(end);
  return static_cast<std::int32_t>(count);
}

void Network::shut_send(EndId end) {
  if (at(end).established && !at(end).reset) {
    at(end).fin_written = true;
    pump(end);
  }
}

bool Network::close_resets(EndId end) const {
  const End& self = at(end);
  const End& peer = other(end);
  if (!self.established || self.reset) {
    return false;
  }
  const bool over = peer.fin_arrived && self.fin_written && self.unsent() == 0;
  return (self.hard_close && !over) || peer.arrived > 0;
}

void Network::close(EndId end) {
  End& self = at(end);
  const bool resets = close_resets(end);
  self.closed = true;
  self.watcher = nullptr;
  if (!self.established) {
    // The answer to an accepted SYN finds nobody.
    if (at(end ^ 1U).established) {
      send_reset(end);
    }
    self.reset = true;
  } else if (resets) {
    send_reset(end);
  } else if (!self.reset) {
    self.fin_written = true;
    pump(end);
  }
}

void Network::reset(EndId end) {
  at(end).hard_close = true;
  close(end);
}

void Network::vanish(EndId end, Duration delay) {
  at(end).vanished = true;
  at(end).closed = true;
  at(end).watcher = nullptr;
  timeline_.after(delay, *this, kVanished, end ^ 1U);
}

bool Network::readable(EndId end) const {
  const End& from = other(end);
  return from.arrived > 0 || from.fin_arrived || at(end).error != 0 || at(end).reset;
}

std::uint32_t Network::room(EndId end) const {
  const End& self = at(end);
  return self.established && self.unsent() < self.send_limit ? self.send_limit - self.unsent() : 0;
}

bool Network::writable(EndId end) const {
  const End& self = at(end);
  // As sk_stream_is_writeable has it: a third of the buffer is free.
  return self.error != 0 || self.reset || self.fin_written || (self.established && room(end) * 3 >= self.send_limit);
}

bool Network::hung_up(EndId end) const {
  const End& self = at(end);
  return self.error != 0 || self.reset || (other(end).fin_arrived && self.fin_written);
}

std::size_t Network::unacknowledged(EndId end) const {
  const End& self = at(end);
  if (self.reset) {
    // RST empties the queue and not the count: SIOCOUTQ goes on to say what had been on its way.
    return self.unacknowledged_at_failure;
  }
  // FIN counts as one.
  return self.unsent() + (self.fin_written && !self.fin_arrived ? 1 : 0);
}

}  // namespace ringway::proxy::simulated
