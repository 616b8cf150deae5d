#include <cerrno>

#include "proxy/relay/session_table.h"

// From an accepted client to an established session: pick, connect, and try again elsewhere before any byte has passed.
namespace ringway::proxy {
namespace {

/// How often a session that found no file descriptor looks again; each look costs one system call.
constexpr auto kResourceRetry = std::chrono::milliseconds(10);

ConnectFailure failure_of(int errno_value) {
  switch (errno_value) {
    case ECONNREFUSED:
      return ConnectFailure::kRefused;
    case ETIMEDOUT:
      return ConnectFailure::kTimeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return ConnectFailure::kUnreachable;
    default:
      return ConnectFailure::kOther;
  }
}

}  // namespace

void Session::open(SessionTable& table, std::uint32_t slot, int client_fd, std::uint32_t port_slot,
                   const SocketAddress& vip) {
  // All but the generation starts anew; that one must outlive this life so that stale completions are known.
  const std::uint32_t generation = generation_;
  *this = Session();
  generation_ = generation;
  table_ = &table;
  slot_ = slot;
  port_slot_ = port_slot;
  virtual_ip_ = vip;
  fds_[index(Side::kClient)] = client_fd;
  state_ = State::kConnecting;
  opened_ = table.shared_.ring.now();
  id_ = {table.run_, ++table.opened_};
  if (table.shared_.ended != nullptr) {
    client_ = table.shared_.ring.peer(client_fd);
  }
  if (const ServicePort* port = table.plan_->port(port_slot); port != nullptr) {
    policy_ = port->policy;
    limit_bandwidth(*port);
    stats_ = port->stats.get();
    counters_ = &stats_->worker(table.shared_.worker);
    counters_->connections.add();
    counters_->active.add();
    counters_->retry_budget.earn(policy_.retry_budget, opened_);
    if (port->proxy_sources != nullptr) {
      if (!learn_client()) {
        refuse(Cause::kClientReset);
        settle();
        return;
      }
      if (port->proxy_sources->allows(client_.ip())) {
        await_header();
        settle();
        return;
      }
    }
    enter(*port);
  } else {
    refuse(Cause::kNoEndpoint);
  }
  settle();
}

void Session::connect_next() {
  // The slot may have gone to another Service, or another route, between two attempts.
  const ServicePort* port = own_port();
  if (port == nullptr) {
    refuse(Cause::kNoEndpoint);
    return;
  }
  if (port_full(*port)) {
    queue_up(Cause::kMaxConnections);
    return;
  }
  const bool shows_client = port->source != nullptr && port->source->transparent;
  if ((shows_client || table_->plan_->picker(port_slot_).wants_client()) && !learn_client() && shows_client) {
    refuse(Cause::kClientReset);
    return;
  }
  EndpointState* endpoint = choose(*port);
  if (endpoint == nullptr) {
    refuse(cause_ == Cause::kNone ? Cause::kNoEndpoint : cause_);
    return;
  }
  if (endpoint_full(*endpoint)) {
    queue_up(Cause::kEndpointsFull);
    return;
  }
  leave_queue();
  take_endpoint(endpoint);
  if (!open_upstream()) {
    return;
  }
  if (++attempts_ > 1) {
    counters_->retries.add();
  }
  attempt_started_ = table_->shared_.ring.now();
  if (port->source != nullptr) {
    source_start_ = static_cast<std::uint32_t>(table_->random_());
    source_tries_ = 0;
    if (!bind_source(*port->source)) {
      return;
    }
  }
  start_connect();
  if (policy_.connect_timeout.count() > 0) {
    table_->timers_.set(slot_, attempt_started_ + policy_.connect_timeout);
  }
}

bool Session::open_upstream() {
  const int fd = table_->shared_.ring.open_stream(endpoint_->address.family());
  if (fd < 0) {
    wait_for_resources();
    return false;
  }
  fds_[index(Side::kUpstream)] = fd;
  return true;
}

void Session::start_connect() {
  table_->shared_.ring.connect(fd(Side::kUpstream), endpoint_->address, token(Operation::kConnect));
  ++in_flight_;
}

void Session::wait_for_resources() {
  table_->out_of_files_ = true;
  leave_endpoint();
  const Time now = table_->shared_.ring.now();
  if (limit_ == Time()) {
    limit_ = now + policy_.connect_timeout;
  }
  if (now >= limit_) {
    refuse(Cause::kConnectError);
    return;
  }
  table_->timers_.set(slot_, now + kResourceRetry);
}

void Session::on_connect(std::int32_t result) {
  if (state_ != State::kConnecting) {
    return;
  }
  // A connect may still succeed while its cancellation is under way; then it is simply a success.
  if (result == 0) {
    establish();
    if (leaving_ != Cause::kNone) {
      begin_close(leaving_);
    }
    return;
  }
  // io_uring of some kernels of 2025 says so of every connect that failed after a while, and leaves the error to the
  // socket (Linux 6.14, and stable kernels with 8c8492ca64e7 but without c7cafd5b81cc).
  if (result == -ECONNRESET) {
    const std::int32_t told = table_->shared_.ring.take_error(fd(Side::kUpstream));
    result = told == 0 ? result : told;
  }
  // Who refuses a connection answers ECONNREFUSED; these two say that the upstream accepted and then sent RST (RFC
  // 9293, section 3.10.7; tcp_reset() in Linux). It may have begun to serve: that is a session that ends, not one to
  // try again.
  if (result == -ECONNRESET || result == -EPIPE) {
    establish();
    side_failed(Side::kUpstream);
    return;
  }
  if (source_taken(result)) {
    try_next_source();
    return;
  }
  const bool given_up = timed_out_ || leaving_ != Cause::kNone;
  connect_failed(given_up ? ConnectFailure::kTimeout : failure_of(-result));
}

void Session::take_endpoint(EndpointState* endpoint) {
  // The last one is left only now: it is what keeps the counters of a Service alive that is gone from the plan.
  if (endpoint != nullptr) {
    endpoint->active.fetch_add(1, std::memory_order_relaxed);
  }
  if (endpoint_ != nullptr) {
    endpoint_->active.fetch_sub(1, std::memory_order_release);
  }
  endpoint_ = endpoint;
}

void Session::establish() {
  const Time now = table_->shared_.ring.now();
  state_ = State::kEstablished;
  cause_ = Cause::kNone;
  last_activity_ = now;
  connect_time_ = std::chrono::duration_cast<std::chrono::microseconds>(now - attempt_started_);
  if (policy_.max_age.count() > 0) {
    std::uniform_real_distribution<double> factor(1.0 - kAgeJitter, 1.0 + kAgeJitter);
    too_old_ = now + std::chrono::duration_cast<Duration>(policy_.max_age * factor(table_->random_));
  }
  endpoint_->connections.fetch_add(1, std::memory_order_relaxed);
  endpoint_->doubt.clear();
  if (endpoint_->connect_failures_in_row.load(std::memory_order_relaxed) != 0) {
    endpoint_->connect_failures_in_row.store(0, std::memory_order_relaxed);
  }
  counters_->observe_connect(static_cast<std::uint64_t>(connect_time_.count()));
  observe_connect();
  if (policy_.proxy_send != ProxyVersion::kNone) {
    send_header();
    if (state_ != State::kEstablished) {
      return;
    }
  }
  if (from(Side::kClient).sending.empty() && !from(Side::kClient).ended) {
    // Most clients speak first and have done so by now; the upstream has had no time to answer.
    receive(Side::kClient, false);
  } else {
    if (limited_) {
      const Relay& read = from(Side::kClient);
      take_bandwidth(Side::kClient, read.sending.size - read.sent + read.queued.size);
    }
    pass_on_hello();
  }
  receive(Side::kUpstream, true);
  set_established_timer();
}

void Session::refuse(Cause cause) {
  cause_ = cause;
  reset_client_ = true;
  release();
}

}  // namespace ringway::proxy
