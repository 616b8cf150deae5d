#include <algorithm>
#include <utility>

#include "proxy/relay/session_table.h"

// The ends of a session: what has to be waited for before its two fds and its slot may go.
namespace ringway::proxy {
namespace {

/// How long both sides may take to answer our FIN before they get RST: between Envoy's delayed_close_timeout (1 s) and
/// nginx's lingering_timeout (5 s), which bound the same wait.
constexpr auto kCloseGrace = std::chrono::seconds(2);

/// RST throws away what the peer has not acknowledged. A reader that is slow, not gone, gets this long to take it.
constexpr auto kLingerLimit = std::chrono::seconds(30);
constexpr auto kLingerPoll = std::chrono::milliseconds(5);

}  // namespace

void Session::on_timer() {
  switch (state_) {
    case State::kAwaitingHeader:
      refuse(Cause::kProxyHeader);
      break;
    case State::kAwaitingHello:
      on_hello_timeout();
      break;
    case State::kConnecting:
      if (fd(Side::kUpstream) < 0) {
        connect_next();
      } else {
        timed_out_ = true;
        table_->shared_.ring.cancel(fd(Side::kUpstream));
      }
      break;
    case State::kEstablished:
      on_established_timer();
      break;
    case State::kClosing:
      abort(cause_);
      return;
    case State::kFree:
    case State::kLingering:
    case State::kReleasing:
      break;
  }
  settle();
}

/// A session that is still connecting to an endpoint which goes is tried elsewhere, for no byte has been passed.
bool Session::leaves_endpoint(Cause cause) {
  const bool endpoint_goes = cause == Cause::kEndpointDown || cause == Cause::kDrained;
  if (!endpoint_goes || state_ != State::kConnecting || fd(Side::kUpstream) < 0) {
    return false;
  }
  if (!timed_out_ && leaving_ == Cause::kNone) {
    table_->shared_.ring.cancel(fd(Side::kUpstream));
  }
  leaving_ = cause;
  return true;
}

void Session::close(Cause cause) {
  if (!leaves_endpoint(cause)) {
    begin_close(cause);
    settle();
  }
}

void Session::begin_close(Cause cause) {
  if (state_ == State::kConnecting || state_ == State::kAwaitingHeader || state_ == State::kAwaitingHello) {
    refuse(cause);
    return;
  }
  if (state_ != State::kEstablished) {
    return;
  }
  state_ = State::kClosing;
  if (cause_ == Cause::kNone) {
    cause_ = cause;
  }
  table_->timers_.set(slot_, table_->shared_.ring.now() + kCloseGrace);
  if (limited_) {
    stop_limiting();
  }
  for (const Side side : {Side::kClient, Side::kUpstream}) {
    if (failed_[index(side)]) {
      side_failed(side);
    }
  }
  for (const Side side : {Side::kClient, Side::kUpstream}) {
    if (state_ == State::kClosing && from(side).flushed() && !from(side).finished) {
      pass_fin(side);
    }
  }
  check_closed();
}

void Session::abort(Cause cause) {
  if (state_ == State::kFree || state_ == State::kReleasing || leaves_endpoint(cause)) {
    return;
  }
  if (cause_ == Cause::kNone) {
    cause_ = cause;
  }
  reset_client_ = true;
  reset_upstream_ = true;
  release();
  settle();
}

void Session::check_closed() {
  const auto over = [](const Relay& relay) { return relay.finished && relay.ended; };
  if (state_ == State::kClosing && over(relays_[0]) && over(relays_[1])) {
    release();
  }
}

void Session::linger() {
  state_ = State::kLingering;
  limit_ = table_->shared_.ring.now() + kLingerLimit;
  if (in_flight_ > 0) {
    table_->shared_.ring.cancel(fd(Side::kClient));
    table_->shared_.ring.cancel(fd(Side::kUpstream));
  }
}

void Session::release() {
  state_ = State::kReleasing;
  table_->timers_.clear(slot_);
  if (in_flight_ == 0) {
    return;
  }
  for (const int open_fd : fds_) {
    if (open_fd >= 0) {
      table_->shared_.ring.cancel(open_fd);
    }
  }
}

void Session::settle() {
  if (in_flight_ > 0) {
    return;
  }
  if (state_ == State::kLingering) {
    Ring& ring = table_->shared_.ring;
    for (const Side side : {Side::kClient, Side::kUpstream}) {
      // A socket that fails in its turn keeps its count of unsent bytes.
      const bool gone = failed_[index(side)] || (!to(side).finished && ring.hung_up(fd(side)));
      if (!gone && ring.now() < limit_ && ring.unsent_bytes(fd(side)) > 0) {
        table_->timers_.set(slot_, ring.now() + kLingerPoll);
        return;
      }
    }
    state_ = State::kReleasing;
  }
  if (state_ == State::kReleasing) {
    free();
  }
}

void Session::drop(Relay& relay) {
  for (Buffer* buffer : {&relay.sending, &relay.queued}) {
    if (!buffer->empty()) {
      table_->shared_.ring.release(*buffer);
    }
  }
  if (!relay.pipe.none()) {
    table_->shared_.ring.return_pipe(relay.pipe);
  }
}

void Session::free() {
  Ring& ring = table_->shared_.ring;
  for (const Side side : {Side::kClient, Side::kUpstream}) {
    drop(from(side));
    if (fd(side) < 0) {
      continue;
    }
    if (side == Side::kClient ? reset_client_ : reset_upstream_) {
      ring.reset_on_close(fd(side));
    }
    ring.close(fd(side));
  }
  if (counters_ != nullptr) {
    counters_->active.subtract();
    counters_->ended[static_cast<std::size_t>(cause_)].add();
    if (std::ranges::find(kRejections, cause_) != kRejections.end()) {
      stats_->refusals_seen.store(true, std::memory_order_release);
    }
  }
  leave_queue();
  if (clients_ != nullptr) {
    clients_->leave(client_.ip(), policy_.per_client);
  }
  note_outcome();
  log_end();
  take_endpoint(nullptr);
  state_ = State::kFree;
  generation_ = (generation_ + 1) & Token::kGenerationMask;
  table_->freed(slot_);
}

void Session::log_end() {
  EndedLog* log = table_->shared_.ended;
  if (log == nullptr || is_probe()) {
    return;
  }
  EndedSession ended{.id = id_,
                     .told_id = proxied_ != nullptr ? std::move(proxied_->connection.unique_id) : std::string(),
                     .opened = opened_,
                     .client = client_,
                     .virtual_ip = virtual_ip_,
                     .endpoint = endpoint_,
                     .bytes_upstream = from(Side::kClient).bytes,
                     .bytes_downstream = from(Side::kUpstream).bytes,
                     .age = std::chrono::duration_cast<std::chrono::milliseconds>(table_->shared_.ring.now() - opened_),
                     .connect_time = connect_time_,
                     .first_byte_time = first_byte_time_,
                     .attempts = attempts_,
                     .cause = cause_,
                     .server_name = routed_ != nullptr ? std::move(routed_->server_name) : std::string()};
  if (endpoint_ != nullptr) {
    endpoint_->pinned.fetch_add(1, std::memory_order_relaxed);
  }
  if (!log->push(std::move(ended))) {
    table_->shared_.counters.access_log_dropped.add();
    if (endpoint_ != nullptr) {
      endpoint_->pinned.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

SessionInfo Session::describe() const {
  Ring& ring = table_->shared_.ring;
  SessionInfo info;
  info.id = id();
  info.client = client_.port() != 0 ? client_ : ring.peer(fd(Side::kClient));
  info.virtual_ip = virtual_ip_;
  if (endpoint_ != nullptr) {
    info.service = endpoint_->service();
    info.endpoint = endpoint_->address.to_string();
    info.workload = endpoint_->workload;
  } else if (const ServicePort* port = table_->plan_->port(port_slot_); port != nullptr) {
    info.service = port->key;
  }
  info.bytes_upstream = relays_[index(Side::kClient)].bytes;
  info.bytes_downstream = relays_[index(Side::kUpstream)].bytes;
  info.age = std::chrono::duration_cast<std::chrono::milliseconds>(ring.now() - opened_);
  info.opened = opened_;
  info.connect_time = connect_time_;
  info.first_byte_time = first_byte_time_;
  info.attempts = attempts_;
  info.server_name = routed_ == nullptr ? "" : routed_->server_name;
  const bool half_closed = relays_[0].finished || relays_[1].finished;
  switch (state_) {
    case State::kAwaitingHeader:
      info.state = "awaitingHeader";
      break;
    case State::kAwaitingHello:
      info.state = "awaitingHello";
      break;
    case State::kConnecting:
      info.state = "connecting";
      break;
    case State::kEstablished:
      info.state = half_closed ? "halfClosed" : "established";
      break;
    default:
      info.state = "closing";
  }
  return info;
}

}  // namespace ringway::proxy
