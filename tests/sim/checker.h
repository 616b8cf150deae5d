#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/relay/ended_log.h"
#include "proxy/ring/simulated/network.h"
#include "proxy/ring/simulated/observer.h"
#include "tests/sim/services.h"

namespace ringway::sim {

using proxy::Token;

/// A session as it looks from outside: whose bytes it may pass to whom, and what gives it the right to end.
struct Conversation {
  /// The data plane's own ends; a peer's is the one next to it.
  EndId client = kNoEnd;
  EndId upstream = kNoEnd;  ///< of the attempt under way, or the one that connected
  SocketAddress virtual_ip;
  SocketAddress client_address;
  bool speaks_for_others = false;  ///< the client is a proxy that the Service trusts: its header is swallowed
  std::uint64_t swallowed = 0;     ///< bytes of that header
  SocketAddress shown;             ///< who the session is for: the client, or whom its header tells of
  SocketAddress shown_to;          ///< and what that one dialed
  proxy::SessionPolicy policy;
  std::shared_ptr<proxy::ServiceBandwidth> bandwidth;
  std::vector<SocketAddress> tried;
  bool nameless = false;           ///< it was gone before the data plane asked who it is
  bool opened = false;             ///< a session was made of it, whose policy is that of this moment
  std::uint64_t header_bytes = 0;  ///< that the upstream was sent before all else
  bool accepted = false;           ///< by the upstream, and the data plane was told
  bool place_taken = false;        ///< the last attempt found its source taken, and may go on from another one
  bool established = false;
  /// Idle for long enough or old enough once, its endpoint's sessions closed, or the data plane stopped.
  bool may_close = false;
  bool ended = false;
  Time accepted_at;
  Time last_moved;
  Time established_at;

  [[nodiscard]] EndId other(EndId end) const { return end == client ? upstream : client; }
};

struct Violation {
  EndId end = kNoEnd;
  std::string what;
};

/// Holds the data plane to its promises while it runs: what it sends where, when it ends a stream, and how.
class Checker final : public proxy::simulated::Observer {
 public:
  Checker(proxy::simulated::Timeline& timeline, proxy::simulated::Network& network)
      : timeline_(timeline), network_(network) {}
  /// Before anything happens.
  void join(const Services& services, const proxy::simulated::SimulatedRing& ring, std::uint32_t buffer_bytes,
            std::function<void()> between_completions) {
    services_ = &services;
    ring_ = &ring;
    buffer_bytes_ = buffer_bytes;
    between_ = std::move(between_completions);
  }

  /// The sessions that are with `endpoint`, or all, also those to come, may be closed from now on.
  void allow_close(const SocketAddress* endpoint);
  /// Sessions that are made from now on are others.
  void after_turn() { opened_ = nullptr; }
  /// A peer has waited for long: was it the data plane that kept it waiting?
  void check_giving_up(EndId peer, bool accepts);
  void check_ended(const proxy::EndedSession& ended);
  /// The client's end of a session that has two connections and has not ended, kNoEnd where there is none.
  [[nodiscard]] EndId still_established() const;
  [[nodiscard]] std::size_t established_ever() const { return established_ever_; }

  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  void report(EndId end, std::string what);
  [[nodiscard]] const Conversation* conversation_of(EndId end) const;

 private:
  void on_accepted(EndId end) override;
  void on_connect(EndId end, const SocketAddress& to, Token token) override;
  void on_connected(EndId end) override;
  void on_asked(EndId end, Token token) override;
  void on_moved(EndId end) override;
  void on_sent(EndId end, std::uint64_t position, std::span<const std::byte> bytes) override;
  void on_asked_peer(EndId end) override;
  void on_preface(EndId end, std::span<const std::byte> bytes) override;
  void on_shut_send(EndId end) override { check_fin(end); }
  void on_close(EndId end) override;
  void between_completions() override {
    opened_ = nullptr;
    between_();
    opened_ = nullptr;
  }
  void on_violation(EndId end, std::string what) override { report(end, std::move(what)); }

  // checker_bandwidth.cc
  /// What the sessions of a Service have passed on in one direction since its rate is what it is.
  struct Shared {
    std::uint64_t change = 0;  ///< of all rates, the last before
    std::uint64_t rate = 0;
    Time since;
    std::uint64_t sessions = 0;  ///< that there ever were
    std::uint64_t bytes = 0;
    std::uint64_t beyond = 0;  ///< may come beyond the rate
  };
  /// What a session passes on before a rate holds it back: what it has read of once.
  [[nodiscard]] std::uint64_t most_read() const;
  void note_bandwidth(const Conversation& conversation);
  void check_bandwidth(EndId end, std::size_t bytes);
  /// How long a session may wait for its turn.
  [[nodiscard]] Duration longest_pause(const Conversation& conversation) const;

  // checker_ends.cc
  void check_fin(EndId end);
  void check_reset(EndId end);
  void check_age(EndId end, const Conversation& conversation);
  void check_polite(const Conversation& conversation);
  bool may_close(Conversation& conversation) const;
  void check_source(EndId end, const Conversation& conversation, const proxy::ServicePort* port);
  void check_affinity(EndId end, const Conversation& conversation, const proxy::ServicePort* port,
                      const SocketAddress& to);
  void check_finished(const Conversation& conversation, const proxy::EndedSession& ended);

  struct Life {
    std::uint32_t generation = 0;
    Conversation* conversation = nullptr;
  };
  Conversation* find(EndId end) { return end < of_end_.size() ? of_end_[end] : nullptr; }
  void set(EndId end, Conversation* conversation);
  Conversation* of_token(Token token);
  void check_header(Conversation& conversation);
  const proxy::ServicePort* target_of(EndId end, const Conversation& conversation, const SocketAddress& to);
  /// Bytes written to `end` that came from the other side.
  [[nodiscard]] std::uint64_t relayed(EndId end) const;
  /// Of what the other side has said: passed on to `end`, or swallowed.
  [[nodiscard]] std::uint64_t handled(EndId end) const;

  proxy::simulated::Timeline& timeline_;
  proxy::simulated::Network& network_;
  const Services* services_ = nullptr;
  const proxy::simulated::SimulatedRing* ring_ = nullptr;
  std::uint32_t buffer_bytes_ = 0;
  std::function<void()> between_;
  std::deque<Conversation> conversations_;
  std::vector<Conversation*> of_end_;
  std::vector<Life> of_slot_;
  std::map<const proxy::ServiceBandwidth*, std::array<Shared, 2>> shared_;
  struct Stay {
    SocketAddress with;
    Time last;
    bool sure = false;  ///< nothing else than the balancer had a say
  };
  /// Where each client was, by the Service or the route.
  std::map<std::pair<const proxy::AffinityTable*, proxy::IpAddress>, Stay> stays_;
  std::map<EndId, std::vector<std::byte>> prefaces_;  ///< headers, by whom they were sent to
  Conversation* opened_ = nullptr;                    ///< the session that is being made
  bool all_may_close_ = false;
  std::size_t established_ever_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace ringway::sim
