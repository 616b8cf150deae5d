#include "tests/sim/peers.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/sim/content.h"

namespace ringway::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::uint32_t Peers::add(EndId end, bool client) {
  const auto index = static_cast<std::uint32_t>(peers_.size());
  Peer& peer = peers_.emplace_back();
  peer.end = end;
  peer.script = draw_script(client ? scenario_.clients : scenario_.upstreams, client);
  peer.may_send = client ? 1 : 0;
  peer_of_end_.resize(std::max<std::size_t>(peer_of_end_.size(), end + 1));
  peer_of_end_[end] = index;
  ++open_;
  timeline_.after(peer.script.give_up, *this, kGiveUp, index);
  return index;
}

void Peers::ended() {
  --open_;
  last_ended_ = timeline_.now();
}

void Peers::connect(const SocketAddress& local, const SocketAddress& to) {
  const EndId end = network_.open(local, *this);
  add(end, true);
  trace_.add(timeline_.now(), "client connects", end);
  network_.connect(end, to);
}

void Peers::serve(EndId end) {
  trace_.add(timeline_.now(), "upstream accepts", end);
  const std::uint32_t index = add(end, false);
  start(index);
  changed(end);
}

void Peers::act(std::uint32_t what, std::uint32_t subject) {
  Peer& peer = peers_[subject];
  if (what == kGone) {
    ended();
    return;
  }
  if (peer.closed) {
    return;
  }
  switch (static_cast<Happening>(what)) {
    case kStart:
    case kGone:
      break;
    case kWrite:
      peer.write_planned = false;
      write(subject);
      break;
    case kRead:
      peer.read_planned = false;
      read(subject);
      break;
    case kEnd:
      end(subject);
      break;
    case kGiveUp:
      giving_up_(peer.end);
      peer.closed = true;
      ended();
      trace_.add(timeline_.now(), "peer gives up with RST", peer.end);
      network_.reset(peer.end);
  }
}

void Peers::start(std::uint32_t index) {
  Peer& peer = peers_[index];
  peer.started = true;
  plan_write(index, random_.between(Duration(), peer.script.most_gap));
  if (peer.script.ending == Script::Ending::kReset || peer.script.ending == Script::Ending::kVanish) {
    timeline_.after(peer.script.end_after, *this, kEnd, index);
  }
}

void Peers::changed(EndId end) {
  const std::uint32_t index = peer_of_end_[end];
  Peer& peer = peers_[index];
  if (peer.closed) {
    return;
  }
  if (!peer.started) {
    if (network_.at(end).failed) {
      close(index, "client was refused");
      return;
    }
    if (!network_.at(end).established) {
      return;
    }
    start(index);
  }
  // After FIN there is nothing to read but the news that the connection has failed.
  if (!peer.read_planned && network_.readable(end) && (!peer.fin_read || network_.at(end).reset)) {
    plan_read(index, random_.between(Duration(), peer.script.most_read_gap));
  }
  if (peer.write_blocked && network_.writable(end)) {
    peer.write_blocked = false;
    plan_write(index, Duration());
  }
}

void Peers::plan_write(std::uint32_t index, Duration delay) {
  Peer& peer = peers_[index];
  if (!peer.write_planned && !peer.fin_sent) {
    peer.write_planned = true;
    timeline_.after(delay, *this, kWrite, index);
  }
}

void Peers::plan_read(std::uint32_t index, Duration delay) {
  peers_[index].read_planned = true;
  timeline_.after(delay, *this, kRead, index);
}

void Peers::write(std::uint32_t index) {
  Peer& peer = peers_[index];
  if (peer.sent == peer.script.bytes) {
    said_all(index);
    return;
  }
  if (peer.script.answers && !peer.fin_read && peer.may_send == 0) {
    // It does not wait for ever: the other side may wait as well.
    peer.may_send = 1;
    plan_write(index, random_.between(milliseconds(5), milliseconds(400)));
    return;
  }
  const std::uint32_t chunk_bytes = 1 + random_.below(std::min(peer.script.most_chunk, peer.script.bytes - peer.sent));
  const std::uint32_t count = std::clamp(network_.room(peer.end), 1U, chunk_bytes);
  scratch_.resize(std::max<std::size_t>(scratch_.size(), count));
  const std::span<std::byte> chunk = std::span(scratch_).first(count);
  Content(peer.end).write(peer.sent, chunk);
  const std::int32_t result = network_.write(peer.end, chunk);
  if (result == -EAGAIN) {
    peer.write_blocked = true;
    return;
  }
  if (result < 0) {
    // What has arrived is read, as a program would that reads and writes independently.
    peer.fin_sent = true;
    changed(peer.end);
    return;
  }
  trace_.add(timeline_.now(), "peer writes", peer.end, result);
  peer.sent += static_cast<std::uint32_t>(result);
  peer.may_send -= std::min(peer.may_send, 1U);
  plan_write(index, random_.between(Duration(), peer.script.most_gap));
}

void Peers::read(std::uint32_t index) {
  Peer& peer = peers_[index];
  scratch_.resize(std::max<std::size_t>(scratch_.size(), peer.script.most_read));
  const std::int32_t result = network_.read(peer.end, std::span(scratch_).first(peer.script.most_read));
  if (result == -EAGAIN) {
    return;
  }
  if (result <= 0) {
    trace_.add(timeline_.now(), result == 0 ? "peer reads FIN" : "peer reads an error", peer.end, result);
    peer.fin_read = true;
    if (result < 0 || peer.fin_sent) {
      close(index, "peer closes");
    } else {
      plan_write(index, random_.between(Duration(), peer.script.most_gap));
    }
    return;
  }
  trace_.add(timeline_.now(), "peer reads", peer.end, result);
  peer.read += static_cast<std::uint32_t>(result);
  if (peer.script.answers) {
    ++peer.may_send;
    plan_write(index, random_.between(Duration(), peer.script.most_gap));
  }
  if (peer.read >= peer.script.stall_at) {
    peer.script.stall_at = ~std::uint64_t{0};
    plan_read(index, peer.script.stall);
  } else if (network_.readable(peer.end)) {
    plan_read(index, random_.between(Duration(), peer.script.most_read_gap));
  }
}

void Peers::said_all(std::uint32_t index) {
  Peer& peer = peers_[index];
  switch (peer.script.ending) {
    case Script::Ending::kClose:
      close(index, "peer closes early");
      break;
    case Script::Ending::kFinLast:
      if (!peer.fin_read) {
        break;
      }
      [[fallthrough]];
    case Script::Ending::kFin:
      peer.fin_sent = true;
      if (peer.fin_read) {
        close(index, "peer closes");
      } else {
        trace_.add(timeline_.now(), "peer says FIN", peer.end);
        network_.shut_send(peer.end);
      }
      break;
    case Script::Ending::kReset:
    case Script::Ending::kVanish:
      break;
  }
}

void Peers::end(std::uint32_t index) {
  Peer& peer = peers_[index];
  if (peer.script.ending == Script::Ending::kReset) {
    peer.closed = true;
    ended();
    trace_.add(timeline_.now(), "peer sends RST", peer.end);
    network_.reset(peer.end);
    return;
  }
  peer.closed = true;
  const Duration delay = random_.between(milliseconds(1), seconds(20));
  trace_.add(timeline_.now(), "peer vanishes", peer.end);
  network_.vanish(peer.end, delay);
  timeline_.after(delay + milliseconds(1), *this, kGone, index);
}

void Peers::close(std::uint32_t index, const char* how) {
  Peer& peer = peers_[index];
  peer.closed = true;
  ended();
  trace_.add(timeline_.now(), how, peer.end);
  network_.close(peer.end);
}

}  // namespace ringway::sim
