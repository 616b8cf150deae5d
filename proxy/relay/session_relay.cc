#include <algorithm>
#include <cerrno>

#include "proxy/relay/session_table.h"

// An established session: bytes, FIN and RST from each side to the other.
namespace ringway::proxy {
namespace {

/// A side that has said FIN is no longer read, so its RST would go unseen: a session that stays half-closed is looked
/// at this often.
constexpr auto kHalfCloseLook = std::chrono::milliseconds(500);

constexpr Operation receive_from(Side side) {
  return side == Side::kClient ? Operation::kReceiveFromClient : Operation::kReceiveFromUpstream;
}
constexpr Operation send_to(Side side) {
  return side == Side::kClient ? Operation::kSendToClient : Operation::kSendToUpstream;
}

}  // namespace

void Session::on_completion(const Completion& completion) {
  --in_flight_;
  switch (static_cast<Operation>(completion.token.operation)) {
    case Operation::kConnect:
      on_connect(completion.result);
      break;
    case Operation::kReceiveFromClient:
      on_receive(Side::kClient, completion);
      break;
    case Operation::kReceiveFromUpstream:
      on_receive(Side::kUpstream, completion);
      break;
    case Operation::kSendToClient:
      on_send(Side::kClient, completion.result);
      break;
    case Operation::kSendToUpstream:
      on_send(Side::kUpstream, completion.result);
      break;
    case Operation::kSpliceFromClient:
      stream(Side::kClient);
      break;
    case Operation::kSpliceFromUpstream:
      stream(Side::kUpstream);
      break;
    case Operation::kWake:
    case Operation::kAccept:
      break;
  }
  settle();
}

void Session::receive(Side side, bool later) {
  if (limited_ && pauses(side)) {
    return;
  }
  ++in_flight_;
  table_->shared_.ring.receive(fd(side), token(receive_from(side)), later);
}

void Session::send(Side source) {
  Relay& relay = from(source);
  relay.send_in_flight = true;
  ++in_flight_;
  table_->shared_.ring.send(fd(other(source)), table_->shared_.ring.bytes(relay.sending).subspan(relay.sent),
                            token(send_to(other(source))));
}

void Session::on_receive(Side side, const Completion& completion) {
  if (state_ == State::kAwaitingHeader) {
    on_header(completion);
    return;
  }
  if (state_ == State::kAwaitingHello) {
    on_hello(completion);
    return;
  }
  Relay& relay = from(side);
  const bool relaying = state_ == State::kEstablished && !relay.broken;
  if (completion.result > 0) {
    if (relaying) {
      on_data(side, completion.buffer);
      return;
    }
    Buffer unwanted = completion.buffer;
    table_->shared_.ring.release(unwanted);
    if (state_ == State::kClosing) {
      receive(side, true);
    }
    return;
  }
  if (state_ != State::kEstablished && state_ != State::kClosing) {
    return;
  }
  if (completion.result == -ENOBUFS) {
    receive(side, false);
    return;
  }
  on_end(side, completion.result);
}

void Session::on_end(Side side, std::int32_t result) {
  Relay& relay = from(side);
  // A send on its way may have taken the error, and not told it yet.
  if (result == 0 && to(side).send_in_flight && table_->shared_.ring.hung_up(fd(side))) {
    result = -ECONNRESET;
  }
  relay.ended = true;
  if (result < 0) {
    side_failed(side);
  } else if (state_ == State::kClosing) {
    check_closed();
  } else if (failed_[index(side)]) {
    // The error came to a send first; this end of stream is the RST, not a FIN.
    check_failed();
  } else if (!relay.broken && relay.flushed()) {
    pass_fin(side);
  }
}

void Session::on_data(Side side, const Buffer& buffer) {
  Relay& relay = from(side);
  last_activity_ = table_->shared_.ring.now();
  if (observes_) {
    observe_data(side, buffer.size);
  }
  note_read(relay, buffer.full);
  if (!relay.sending.empty()) {
    relay.queued = buffer;
    return;
  }
  relay.sending = buffer;
  relay.sent = 0;
  send(side);
  if (!relay.splicing) {
    receive(side, !buffer.full);
  }
}

void Session::on_send(Side destination, std::int32_t result) {
  const Side source = other(destination);
  Relay& relay = from(source);
  relay.send_in_flight = false;
  if (state_ != State::kEstablished && state_ != State::kClosing) {
    return;
  }
  if (result == -EAGAIN && !relay.broken) {
    relay.send_in_flight = true;
    ++in_flight_;
    table_->shared_.ring.await(fd(destination), Readiness::kWritable, token(send_to(destination)));
    return;
  }
  if (result < 0) {
    side_failed(destination);
    return;
  }
  relay.sent += static_cast<std::uint32_t>(result);
  passed_on(source, static_cast<std::uint32_t>(result), table_->shared_.counters.relay_copy_bytes);
  if (relay.broken) {
    drop(relay);
    check_failed();
  } else if (relay.sent < relay.sending.size) {
    send(source);
  } else {
    flushed(source);
  }
}

void Session::passed_on(Side source, std::uint32_t bytes, Counter& path) {
  from(source).bytes += bytes;
  (source == Side::kClient ? counters_->bytes_upstream : counters_->bytes_downstream).add(bytes);
  path.add(bytes);
  last_activity_ = table_->shared_.ring.now();
}

void Session::flushed(Side source) {
  Relay& relay = from(source);
  table_->shared_.ring.release(relay.sending);
  if (!relay.queued.empty()) {
    relay.sending = relay.queued;
    relay.queued = {};
    relay.sent = 0;
    send(source);
    if (!relay.ended && !relay.splicing) {
      receive(source, !relay.sending.full);
    }
    return;
  }
  if (relay.splicing && !relay.ended) {
    stream(source);
    return;
  }
  on_flushed(source);
}

void Session::on_flushed(Side source) {
  const Relay& relay = from(source);
  if (failed_[index(source)] && state_ == State::kEstablished) {
    check_failed();
  } else if ((relay.ended || state_ == State::kClosing) && !relay.finished) {
    pass_fin(source);
  }
}

void Session::pass_fin(Side source) {
  from(source).finished = true;
  if (state_ == State::kEstablished && to(source).finished) {
    // Both sides have said all: closing says the last FIN.
    cause_ = Cause::kFinished;
    release();
    return;
  }
  table_->shared_.ring.shutdown_send(fd(other(source)));
  if (state_ == State::kClosing) {
    check_closed();
  } else {
    set_established_timer();
  }
}

void Session::on_established_timer() {
  if (limited_) {
    read_on();
  }
  const Time now = table_->shared_.ring.now();
  if (policy_.idle_timeout.count() > 0 && !paused() && now - last_activity_ >= policy_.idle_timeout) {
    close(Cause::kIdleTimeout);
    return;
  }
  if (now >= too_old_) {
    close(Cause::kMaxAge);
    return;
  }
  set_established_timer();
  for (const Side side : {Side::kClient, Side::kUpstream}) {
    if (state_ == State::kEstablished && from(side).ended && !to(side).finished &&
        table_->shared_.ring.hung_up(fd(side))) {
      side_failed(side);
    }
  }
}

void Session::set_established_timer() {
  const bool half_closed = from(Side::kClient).ended || from(Side::kUpstream).ended;
  const auto look = half_closed ? table_->shared_.ring.now() + kHalfCloseLook : Time::max();
  const auto idle = policy_.idle_timeout.count() > 0 && !paused() ? last_activity_ + policy_.idle_timeout : Time::max();
  const auto resume = [](const Relay& relay) { return relay.paused ? relay.resume : Time::max(); };
  if (const Time next = std::min({look, idle, too_old_, resume(relays_[0]), resume(relays_[1])}); next != Time::max()) {
    table_->timers_.set(slot_, next);
  } else {
    table_->timers_.clear(slot_);
  }
}

void Session::side_failed(Side side) {
  failed_[index(side)] = true;
  if (cause_ == Cause::kNone) {
    cause_ = side == Side::kClient ? Cause::kClientReset : Cause::kUpstreamReset;
  }
  Relay& lost = to(side);
  lost.broken = true;
  if (!lost.send_in_flight) {
    drop(lost);
  }
  if (state_ == State::kClosing) {
    lost.finished = true;
    from(side).ended = true;
    check_closed();
    return;
  }
  check_failed();
}

void Session::check_failed() {
  if (state_ != State::kEstablished) {
    return;
  }
  for (const Side side : {Side::kClient, Side::kUpstream}) {
    const Relay& relay = from(side);
    // What a failed side had sent before stands in our buffers, or in its socket still: all of it goes out first.
    if (failed_[index(side)] && (relay.broken || (relay.ended && relay.flushed()))) {
      (side == Side::kClient ? reset_upstream_ : reset_client_) = true;
      linger();
      return;
    }
  }
}

}  // namespace ringway::proxy
