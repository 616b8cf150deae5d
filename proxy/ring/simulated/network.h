#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "proxy/core/address.h"
#include "proxy/ring/simulated/byte_queue.h"
#include "proxy/ring/simulated/faults.h"
#include "proxy/ring/simulated/random.h"
#include "proxy/ring/simulated/timeline.h"
#include "proxy/ring/simulated/trace.h"

namespace ringway::proxy::simulated {

using ListenerId = std::uint32_t;

/// Who owns an end of a connection and is told when it may be worth to look at it again.
class EndWatcher {
 public:
  virtual ~EndWatcher() = default;
  virtual void changed(EndId end) = 0;
};

class ListenWatcher {
 public:
  virtual ~ListenWatcher() = default;
  /// A connection stands in the backlog, or the listener has stopped.
  virtual void listener_changed(ListenerId listener) = 0;
};

/// What becomes of a SYN.
enum class Route : std::uint8_t { kDelivered, kUnreachable, kSilent };

class Router {
 public:
  virtual ~Router() = default;
  /// Also sets by how much later than usual it arrives.
  virtual Route route(const SocketAddress& to, Duration& late) = 0;
};

/// One end of a connection, and the stream that it sends.
struct End {
  SocketAddress address;
  SocketAddress peer;
  EndWatcher* watcher = nullptr;
  bool bound = false;        ///< to an address of its owner's choice
  bool place_taken = false;  ///< which another connection to the same peer has: its connect failed
  bool established = false;
  bool closed = false;      ///< by its owner
  bool reset = false;       ///< by either side: nothing goes or comes any more, what has arrived can be read
  bool failed = false;      ///< and it was not this side that did so
  bool vanished = false;    ///< its host is gone and answers nothing
  bool hard_close = false;  ///< SO_LINGER {1, 0}
  int error = 0;            ///< what the next call reports, once
  Time failed_at;
  std::uint32_t unacknowledged_at_failure = 0;

  ByteQueue bytes;              ///< sent by this end: what the other one has not read yet
  std::uint32_t arrived = 0;    ///< so many of `bytes` are there, to be read
  std::uint32_t in_flight = 0;  ///< so many follow and are on the way
  bool in_flight_lost = false;
  bool fin_written = false;  ///< nothing more will be sent
  bool fin_in_flight = false;
  bool fin_arrived = false;
  Time segment_arrives;
  std::uint32_t send_limit = 0;     ///< of this end's send buffer
  std::uint32_t receive_limit = 0;  ///< of this end's receive buffer
  bool at_urgent_mark = false;      ///< this end, reading
  std::uint64_t written_total = 0;
  std::uint64_t arrived_total = 0;

  [[nodiscard]] std::uint32_t unsent() const { return bytes.size() - arrived; }
};

/// What Linux takes with 6 repetitions of SYN.
inline constexpr std::chrono::seconds kSynTimeout{127};

/// TCP as two Linux hosts show it to programs, one segment of each stream on its way at a time.
///
/// As there: what arrived before RST can still be read, then the error is reported, once, by whichever call comes
/// first, and then reads give 0; closing with unread data, or receiving data after closing, sends RST; an orphaned end
/// goes on sending what was written.
class Network final : public Actor {
 public:
  Network(Timeline& timeline, Router& router, Trace& trace, const Weather& weather, std::uint64_t seed)
      : timeline_(timeline), router_(router), trace_(trace), weather_(weather), random_(seed) {}

  ListenerId bind(const SocketAddress& address, ListenWatcher& watcher);
  void set_listening(ListenerId listener, bool listening);
  /// While silent, a listener answers nobody who connects from now on.
  void set_silent(ListenerId listener, bool silent) { listeners_[listener].silent = silent; }
  void unbind(ListenerId listener);
  [[nodiscard]] bool listening(ListenerId listener) const { return listeners_[listener].listening; }
  [[nodiscard]] bool has_backlog(ListenerId listener) const { return !listeners_[listener].backlog.empty(); }
  /// The oldest of the backlog, kNoEnd where it is empty.
  EndId accept(ListenerId listener, EndWatcher& watcher);

  EndId open(const SocketAddress& local, EndWatcher& watcher);
  void connect(EndId end, const SocketAddress& to);
  /// A connect that fails at once with EADDRNOTAVAIL, for the place that `end` is bound to.
  void connect_from_taken_place(EndId end, const SocketAddress& to);
  /// What the next call would report, once: 0 or an errno.
  int take_error(EndId end);
  /// As recv(2) and send(2) on a non-blocking socket.
  std::int32_t read(EndId end, std::span<std::byte> into);
  std::int32_t write(EndId end, std::span<const std::byte> bytes);
  void shut_send(EndId end);
  void close(EndId end);
  /// Closes with RST.
  void reset(EndId end);
  /// The host of `end` is gone; the other end learns it by ETIMEDOUT after `delay`.
  void vanish(EndId end, Duration delay);

  [[nodiscard]] End& at(EndId end) { return ends_[end]; }
  [[nodiscard]] const End& at(EndId end) const { return ends_[end]; }
  [[nodiscard]] const End& other(EndId end) const { return ends_[end ^ 1U]; }
  [[nodiscard]] EndId end_count() const { return static_cast<EndId>(ends_.size()); }
  [[nodiscard]] bool readable(EndId end) const;
  [[nodiscard]] bool writable(EndId end) const;
  /// Whether the connect of `end` has come to an end, well or not.
  [[nodiscard]] bool connect_ended(EndId end) const { return at(end).established || at(end).error != 0; }
  [[nodiscard]] std::uint32_t room(EndId end) const;
  [[nodiscard]] bool hung_up(EndId end) const;
  [[nodiscard]] std::size_t unacknowledged(EndId end) const;
  /// Whether a close now would send RST.
  [[nodiscard]] bool close_resets(EndId end) const;

 private:
  enum Happening : std::uint32_t { kSyn, kSynAck, kRefused, kUnreachable, kSilence, kSegment, kFin, kReset, kVanished };
  struct Listener {
    ListenWatcher* watcher = nullptr;
    SocketAddress address;
    bool listening = false;
    bool silent = false;
    std::deque<EndId> backlog;
  };

  void act(std::uint32_t what, std::uint32_t subject) override;
  void on_syn(EndId end);
  void on_syn_ack(EndId end);
  void on_connect_failed(EndId end, int error);
  void on_segment(EndId end);
  void on_fin(EndId end);
  void on_reset(EndId end, int error);
  void pump(EndId end);
  void send_reset(EndId end);
  void purge(EndId end);
  void tell(EndId end);
  Duration latency() { return random_.between(weather_.least_latency, weather_.most_latency); }
  std::uint32_t socket_bytes() { return random_.between(weather_.least_socket_bytes, weather_.most_socket_bytes); }

  Timeline& timeline_;
  Router& router_;
  Trace& trace_;
  Weather weather_;
  Random random_;
  std::deque<End> ends_;
  std::vector<Listener> listeners_;
  std::unordered_map<SocketAddress, ListenerId> by_address_;
};

}  // namespace ringway::proxy::simulated
