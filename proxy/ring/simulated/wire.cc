#include <cerrno>

#include "proxy/ring/simulated/network.h"

// What happens between two ends: SYN, segments, FIN and RST on their way.
namespace ringway::proxy::simulated {

void Network::act(std::uint32_t what, std::uint32_t subject) {
  switch (static_cast<Happening>(what)) {
    case kSyn:
      on_syn(subject);
      break;
    case kSynAck:
      on_syn_ack(subject);
      break;
    case kRefused:
      on_connect_failed(subject, ECONNREFUSED);
      break;
    case kUnreachable:
      on_connect_failed(subject, EHOSTUNREACH);
      break;
    case kSilence:
      on_connect_failed(subject, ETIMEDOUT);
      break;
    case kSegment:
      on_segment(subject);
      break;
    case kFin:
      on_fin(subject);
      break;
    case kReset:
      on_reset(subject, at(subject ^ 1U).fin_arrived && !at(subject).fin_written ? EPIPE : ECONNRESET);
      break;
    case kVanished:
      on_reset(subject, ETIMEDOUT);
  }
}

void Network::tell(EndId end) {
  if (EndWatcher* watcher = at(end).watcher; watcher != nullptr) {
    watcher->changed(end);
  }
}

void Network::on_syn(EndId end) {
  if (at(end).closed) {
    return;
  }
  const auto found = by_address_.find(at(end).peer);
  if (found == by_address_.end() || !listeners_[found->second].listening) {
    timeline_.after(latency(), *this, kRefused, end);
    return;
  }
  Listener& listener = listeners_[found->second];
  if (listener.silent) {
    timeline_.after(kSynTimeout, *this, kSilence, end);
    return;
  }
  const EndId accepter = end ^ 1U;
  at(accepter).established = true;
  listener.backlog.push_back(accepter);
  timeline_.after(latency(), *this, kSynAck, end);
  listener.watcher->listener_changed(found->second);
}

void Network::on_syn_ack(EndId end) {
  End& self = at(end);
  if (self.closed || self.reset) {
    return;
  }
  trace_.add(timeline_.now(), "connected", end);
  self.established = true;
  tell(end);
  pump(end);
  pump(end ^ 1U);
}

void Network::on_connect_failed(EndId end, int error) {
  if (!at(end).closed) {
    trace_.add(timeline_.now(), "connect failed", end, -error);
    at(end).error = error;
    at(end).failed = true;
    at(end).reset = true;
    tell(end);
  }
}

void Network::pump(EndId end) {
  End& self = at(end);
  const End& peer = other(end);
  // An accepter may send before its SYN-ACK has arrived, and then the data follows it.
  if (self.in_flight > 0 || self.fin_in_flight || self.reset || !self.established || !peer.established) {
    return;
  }
  if (const std::uint32_t unsent = self.unsent(); unsent > 0) {
    const std::uint32_t window = peer.receive_limit > self.arrived ? peer.receive_limit - self.arrived : 0;
    const std::uint32_t most = std::min({unsent, window, weather_.segment_bytes});
    // A closed or vanished peer advertises nothing new, yet what is sent to it has to meet its fate.
    if (most == 0 && !peer.closed) {
      return;
    }
    self.in_flight = std::max(most, 1U);
    self.segment_arrives = timeline_.now() + latency();
    timeline_.at(self.segment_arrives, *this, kSegment, end);
  } else if (self.fin_written && !self.fin_arrived) {
    self.fin_in_flight = true;
    self.segment_arrives = timeline_.now() + latency();
    timeline_.at(self.segment_arrives, *this, kFin, end);
  }
}

void Network::on_segment(EndId end) {
  End& self = at(end);
  const EndId receiver = end ^ 1U;
  End& peer = at(receiver);
  if (peer.vanished) {
    return;  // Never acknowledged: it stays on its way.
  }
  const std::uint32_t count = std::min(self.in_flight, self.unsent());
  self.in_flight = 0;
  if (peer.reset || self.in_flight_lost) {
    return;
  }
  if (peer.closed) {
    // Data for a socket that nobody reads any more is answered with RST, and what that socket still had to send is
    // lost.
    send_reset(receiver);
    return;
  }
  self.arrived += count;
  self.arrived_total += count;
  trace_.add(timeline_.now(), "data arrives", receiver, count);
  tell(receiver);
  if (!self.closed && !self.reset) {
    tell(end);
  }
  pump(end);
}

void Network::on_fin(EndId end) {
  End& self = at(end);
  self.fin_in_flight = false;
  if (self.in_flight_lost || at(end ^ 1U).vanished || at(end ^ 1U).reset) {
    return;
  }
  self.fin_arrived = true;
  trace_.add(timeline_.now(), "FIN arrives", end ^ 1U);
  tell(end ^ 1U);
}

void Network::purge(EndId end) {
  End& self = at(end);
  self.bytes.cut(self.arrived + self.in_flight);
}

void Network::send_reset(EndId end) {
  End& self = at(end);
  purge(end);
  self.reset = true;
  Time arrives = timeline_.now() + latency();
  if (self.in_flight > 0 || self.fin_in_flight) {
    if (random_.chance(weather_.lost_before_reset)) {
      self.in_flight_lost = true;
    } else {
      arrives = std::max(arrives, self.segment_arrives);
    }
  }
  timeline_.at(arrives, *this, kReset, end ^ 1U);
}

void Network::on_reset(EndId end, int error) {
  End& self = at(end);
  const End& peer = other(end);
  const bool over = peer.fin_arrived && self.fin_arrived;
  if (self.reset || self.vanished || over) {
    return;
  }
  self.unacknowledged_at_failure = static_cast<std::uint32_t>(unacknowledged(end));
  self.bytes.cut(self.arrived);
  self.in_flight = 0;
  self.in_flight_lost = true;
  self.reset = true;
  self.failed = true;
  self.failed_at = timeline_.now();
  if (!self.closed) {
    self.error = error;
    trace_.add(timeline_.now(), error == ETIMEDOUT ? "peer is gone" : "RST arrives", end, -error);
  }
  tell(end);
}

}  // namespace ringway::proxy::simulated
