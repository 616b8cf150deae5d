#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/core/session_id.h"
#include "proxy/core/session_info.h"
#include "proxy/core/snapshot.h"
#include "proxy/relay/operation.h"
#include "proxy/relay/plan.h"
#include "proxy/relay/relay.h"

namespace ringway::proxy {

class SessionTable;

/// A client, an upstream, and the two Relays between them.
///
///                accept ── a proxy ──▶ kAwaitingHeader ── wrong, late ──────────┐
///                  │ ◀───── header read ─────┘                                  │
///                  │ ── a port with routes ──▶ kAwaitingHello ── no route ──────┤
///                  │ ◀───── name read, or none ──┘                              │
///                  │ pick ── none ──────────────────────────────────────────────┤
///                  ▼                                                            │ RST to the client
///   ┌──▶ kConnecting ── refused, timed out, no attempt or endpoint left ────────┤
///   └─ next endpoint ─┘ │ connected                                             │
///                       ▼                                                       │
///                 kEstablished ── FIN passed on both ways ──────────────────────┤
///                       │  │                                                    │
///    idle, drained,     │  └── one side failed, and what it had sent is passed on
///    shutdown           │                     │                                 │
///                       ▼                     ▼                                 ▼
///                   kClosing             kLingering ───────────────────▶  kReleasing ─▶ slot free
///               FIN to both sides,    until the other side has     cancels, waits until no operation
///               wait for theirs,      acknowledged all, then RST   is in flight, closes both fds
///               RST after a limit
///
/// Invariant: an fd is closed and the slot freed only when `in_flight_` is zero, so no completion can reach a stranger.
class Session {
 public:
  enum class State : std::uint8_t {
    kFree,
    kAwaitingHeader,
    kAwaitingHello,
    kConnecting,
    kEstablished,
    kClosing,
    kLingering,
    kReleasing
  };

  /// Takes over `client_fd`, and picks and connects.
  void open(SessionTable& table, std::uint32_t slot, int client_fd, std::uint32_t port_slot, const SocketAddress& vip);
  void on_completion(const Completion& completion);
  void on_timer();
  /// The turn of a direction that splices, see SessionTable::run_streams, which may read `limit` bytes. How many
  /// it passed on.
  std::uint64_t on_stream(Side source, std::uint32_t limit);

  /// FIN to both sides after what is under way; RST to whoever has not answered within a limit. Idempotent.
  void close(Cause cause);
  /// RST to both sides at once. Idempotent.
  void abort(Cause cause);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint32_t generation() const { return generation_; }
  [[nodiscard]] const EndpointState* endpoint() const { return endpoint_; }
  [[nodiscard]] const SocketAddress& virtual_ip() const { return virtual_ip_; }
  /// The daemon's own, of its data path: nobody is told of it.
  [[nodiscard]] bool is_probe() const { return port_slot_ == kProbeSlot; }
  [[nodiscard]] SessionInfo describe() const;
  /// What the client's PROXY header said, else ours.
  [[nodiscard]] std::string id() const;

 private:
  [[nodiscard]] Token token(Operation operation) const { return token_of(operation, slot_, generation_); }
  [[nodiscard]] int fd(Side side) const { return fds_[index(side)]; }
  [[nodiscard]] Relay& from(Side side) { return relays_[index(side)]; }
  [[nodiscard]] Relay& to(Side side) { return relays_[index(other(side))]; }

  // session_header.cc
  void await_header();
  void on_header(const Completion& completion);
  void send_header();
  /// False where the client has gone already: its socket no longer says who it was.
  bool learn_client();

  // session_hello.cc
  void await_hello(const ServicePort& port);
  void on_hello(const Completion& completion);
  void look_at_hello();
  void on_hello_timeout();
  void take_route(std::string name, SniMiss otherwise);
  void pass_on_hello();
  [[nodiscard]] const ServicePort* own_port() const;
  bool leaves_endpoint(Cause cause);
  void begin_close(Cause cause);

  // session_admit.cc
  void enter(const ServicePort& port);
  [[nodiscard]] Cause admit(const ServicePort& port);
  [[nodiscard]] bool port_full(const ServicePort& port) const;
  [[nodiscard]] bool endpoint_full(const EndpointState& endpoint) const;
  void queue_up(Cause otherwise);
  void leave_endpoint();
  void leave_queue();

  // session_retry.cc
  [[nodiscard]] EndpointState* choose(const ServicePort& port);
  void connect_failed(ConnectFailure failure);
  [[nodiscard]] bool may_retry(ConnectFailure failure);
  void note_outcome();

  // session_connect.cc
  void connect_next();
  [[nodiscard]] bool open_upstream();
  void start_connect();
  void wait_for_resources();
  void on_connect(std::int32_t result);
  void take_endpoint(EndpointState* endpoint);
  void establish();
  void refuse(Cause cause);

  // session_source.cc
  [[nodiscard]] bool bind_source(const Source& source);
  [[nodiscard]] bool searches_ports(const Source& source) const;
  [[nodiscard]] NearEnd near_end(const Source& source) const;
  [[nodiscard]] bool source_taken(std::int32_t connect_result) const;
  void try_next_source();

  // session_bandwidth.cc
  void limit_bandwidth(const ServicePort& port);
  [[nodiscard]] bool pauses(Side source);
  [[nodiscard]] std::uint32_t bandwidth_allowance(Side source) const;
  void take_bandwidth(Side source, std::uint32_t bytes);
  void read_on();
  [[nodiscard]] bool paused() const { return relays_[0].paused || relays_[1].paused; }
  void stop_limiting();

  // session_latency.cc
  void observe_connect();
  void observe_failure();
  void observe_data(Side side, std::uint32_t bytes);

  // session_relay.cc
  void receive(Side side, bool later);
  void send(Side source);
  void on_receive(Side side, const Completion& completion);
  void on_data(Side side, const Buffer& buffer);
  void on_send(Side destination, std::int32_t result);
  void passed_on(Side source, std::uint32_t bytes, Counter& path);
  void on_end(Side side, std::int32_t result);
  void flushed(Side source);
  void on_flushed(Side source);
  void pass_fin(Side source);
  void set_established_timer();
  void on_established_timer();
  void side_failed(Side side);
  void check_failed();

  // session_splice.cc
  void note_read(Relay& relay, bool full);
  void await(Side source, Readiness what);
  void stream(Side source);
  void splice(Side source, std::uint32_t limit);
  bool empty_pipe(Side source);
  std::uint32_t fill_pipe(Side source, std::uint32_t limit);
  void stop_splicing(Side source, bool later);

  // session_end.cc
  void check_closed();
  void linger();
  void release();
  void settle();
  void free();
  void drop(Relay& relay);
  void log_end();

  SessionTable* table_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
  std::uint32_t port_slot_ = 0;
  std::uint32_t in_flight_ = 0;
  State state_ = State::kFree;
  Cause cause_ = Cause::kNone;
  Cause leaving_ = Cause::kNone;  ///< the connect is being cancelled, for its endpoint goes
  bool timed_out_ = false;        ///< the connect, or the wait for a ClientHello, is being cancelled by its time limit
  bool reset_client_ = false;     ///< the client gets RST at the end
  bool reset_upstream_ = false;
  bool observes_ = false;         ///< what is read is noted: until the upstream's first byte, and where `limited_`
  bool limited_ = false;          ///< by a bandwidth, its own or its Service's
  std::array<bool, 2> failed_{};  ///< the side's socket reported an error
  std::array<int, 2> fds_{-1, -1};
  std::array<Relay, 2> relays_;
  struct ProxiedClient {
    std::vector<std::byte> received;  ///< of the header, until it is whole
    ProxiedConnection connection;
  };
  std::unique_ptr<ProxiedClient> proxied_;  ///< of a client that speaks for another
  struct Routed {
    std::string server_name;            ///< "" where the client named none
    std::shared_ptr<RouteStats> route;  ///< null: the port's own endpoints
  };
  std::unique_ptr<Routed> routed_;  ///< of a port with routes
  EndpointState* endpoint_ = nullptr;
  ServiceStats* stats_ = nullptr;
  ServiceCounters* counters_ = nullptr;
  SessionPolicy policy_;
  SocketAddress virtual_ip_;
  SocketAddress
      client_;  ///< known from the start where the access log or the picker wants it, else asked of the kernel
  Time opened_;
  Time attempt_started_;
  Time last_activity_;
  Time asked_;                  ///< when the client first said something, else when the upstream was connected; until
                                ///< `first_byte_time_` is
  Time too_old_ = Time::max();  ///< when `policy_.max_age` is over
  bool queued_ = false;
  Time queue_limit_;                             ///< while `queued_`
  std::shared_ptr<ClientLimits> clients_;        ///< that count this session
  std::shared_ptr<ServiceBandwidth> bandwidth_;  ///< null: the Service had no limit
  std::shared_ptr<ServiceStats> kept_;           ///< where no endpoint keeps `stats_` alive
  Time limit_;                                   ///< of kLingering, and of waiting for resources
  std::chrono::microseconds connect_time_{0};
  std::optional<std::chrono::microseconds> first_byte_time_;  ///< as SessionInfo has it
  SessionId id_;
  std::uint32_t attempts_ = 0;
  std::uint32_t failed_attempts_ = 0;  ///< those that count against `connect_attempts`
  bool trusted_ = false;               ///< no connect to the endpoint was known to have failed when it was picked
  std::uint32_t source_start_ = 0;     ///< where the search of this attempt through `source` began
  std::uint32_t source_tries_ = 0;     ///< of this attempt, its places that were tried
  std::uint32_t tried_count_ = 0;
  std::array<const EndpointState*, kMaxConnectAttempts> tried_{};
};

}  // namespace ringway::proxy
