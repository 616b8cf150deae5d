#include <algorithm>

#include "tests/sim/checker.h"

// When a stream may end, and how: FIN after FIN and all data, RST after RST.
namespace ringway::sim {
namespace {

using proxy::Cause;
using proxy::simulated::End;

/// Within this the data plane hears of what has arrived.
constexpr auto kTold = std::chrono::milliseconds(200);
/// Longer than the data plane may let a peer wait for what it has.
constexpr auto kStuck = std::chrono::seconds(2);
/// How long both sides have for their FIN when a session is closed.
constexpr auto kCloseGrace = std::chrono::seconds(2);
/// How long a reader that takes nothing has before it gets RST (README of proxy).
constexpr auto kLingerLimit = std::chrono::seconds(30);

}  // namespace

/// Remembers whether there was ever a reason to close.
bool Checker::may_close(Conversation& conversation) const {
  const auto idle = conversation.policy.idle_timeout;
  conversation.may_close |=
      conversation.established && idle.count() > 0 && timeline_.now() - conversation.last_moved >= idle;
  const auto age = conversation.policy.max_age;
  conversation.may_close |= conversation.established && age.count() > 0 &&
                            timeline_.now() - conversation.established_at >= age * (1 - proxy::kAgeJitter);
  return conversation.may_close;
}

/// A session that is too old is closed, and one that is being closed has so long to say what it has.
void Checker::check_age(EndId end, const Conversation& conversation) {
  const auto age = conversation.policy.max_age;
  if (conversation.established && age.count() > 0 &&
      timeline_.now() - conversation.established_at > age * (1 + proxy::kAgeJitter) + kCloseGrace + kTold) {
    report(end, "passes bytes on though it is older than a session may be");
  }
}

void Checker::allow_close(const SocketAddress* endpoint) {
  all_may_close_ |= endpoint == nullptr;
  for (Conversation& conversation : conversations_) {
    conversation.may_close |=
        endpoint == nullptr || (!conversation.tried.empty() && conversation.tried.back() == *endpoint);
  }
}

void Checker::check_fin(EndId end) {
  Conversation* conversation = find(end);
  if (conversation == nullptr || !conversation->established) {
    if (conversation != nullptr && end == conversation->client) {
      report(end, "a client that no upstream was found for gets FIN");
    }
    return;
  }
  const EndId source = conversation->other(end);
  const End& speaker = network_.other(source);
  const End& out = network_.at(end);
  if (out.failed || may_close(*conversation)) {
    return;
  }
  if (network_.at(source).failed && !speaker.fin_arrived) {
    report(end, "RST of one side becomes FIN for the other");
  } else if (!speaker.fin_arrived) {
    report(end, "FIN is passed on that nobody has said");
  } else if (speaker.arrived_total != handled(end)) {
    report(end, "FIN is passed on before all bytes: " + std::to_string(speaker.arrived_total) + " came, " +
                    std::to_string(handled(end)) + " went");
  }
}

void Checker::on_close(EndId end) {
  Conversation* conversation = find(end);
  if (conversation == nullptr) {
    return;
  }
  if (network_.close_resets(end)) {
    check_reset(end);
  } else if (const End& self = network_.at(end); !self.reset && self.established && !self.fin_written) {
    check_fin(end);
  }
  if (end == conversation->upstream && !conversation->established) {
    conversation->upstream = kNoEnd;  // An attempt that failed.
    conversation->place_taken = network_.at(end).place_taken;
  } else if (end == conversation->client) {
    conversation->ended = true;
  }
}

void Checker::check_reset(EndId end) {
  Conversation& conversation = *find(end);
  if (!conversation.established) {
    return;
  }
  if (may_close(conversation)) {
    check_polite(conversation);
    return;
  }
  const EndId source = conversation.other(end);
  const End& cause = network_.at(source);
  const End& speaker = network_.other(source);
  const End& out = network_.at(end);
  if (!cause.failed) {
    report(end, "RST without a cause");
    return;
  }
  const bool reads_on = !network_.other(end).closed && timeline_.now() - cause.failed_at < kLingerLimit;
  if (reads_on && (speaker.arrived_total != handled(end) || out.unsent() > 0)) {
    report(end, "RST overtakes bytes that had come before it: " + std::to_string(speaker.arrived_total) + " came, " +
                    std::to_string(out.arrived_total) + " were delivered");
  }
}

/// A session that is being closed still reads, so that its peers can say what they have to say, and then FIN.
void Checker::check_polite(const Conversation& conversation) {
  for (const EndId end : {conversation.client, conversation.upstream}) {
    const End& speaker = network_.other(end);
    const End& out = network_.at(conversation.other(end));
    const Time since =
        std::max({ring_->short_of_buffers_at(), conversation.last_moved, speaker.segment_arrives, out.segment_arrives});
    if (!network_.at(end).reset && !out.reset && speaker.arrived > 0 && out.unsent() == 0 &&
        timeline_.now() - since > kTold) {
      report(end, "what comes while the session closes is not read");
    }
  }
}

/// `accepts`: there were files and places of the budget all the time.
void Checker::check_giving_up(EndId peer, bool accepts) {
  const auto* found = conversation_of(peer);
  if (found == nullptr && accepts && network_.at(peer).established && !network_.other(peer).reset) {
    report(peer, "a client stands in the backlog and is not accepted, though there is room");
  }
  if (found == nullptr || !found->established || found->ended || found->may_close) {
    return;
  }
  for (const EndId to : {found->client, found->upstream}) {
    const EndId source = found->other(to);
    const End& speaker = network_.other(source);
    if (network_.at(to).failed) {
      continue;
    }
    if (const End& gone = network_.at(source); gone.failed) {
      const Time told = std::max(
          {gone.failed_at, found->last_moved, ring_->short_of_buffers_at(), services_->bandwidth_changed_at()});
      if (network_.unacknowledged(to) == 0 && timeline_.now() - told > kStuck + longest_pause(*found)) {
        report(to, "RST of the other side is not passed on, though all bytes before it are");
      }
      return;
    }
    const bool waits = speaker.arrived > 0 || (speaker.fin_arrived && !network_.at(to).fin_written) ||
                       speaker.arrived_total > handled(to);
    const Time since = std::max(
        {found->last_moved, speaker.segment_arrives, ring_->short_of_buffers_at(), services_->bandwidth_changed_at()});
    if (waits && network_.writable(to) && timeline_.now() - since > kStuck + longest_pause(*found)) {
      report(to, "what has come from the other side is not passed on, though there is room");
    }
  }
}

EndId Checker::still_established() const {
  const auto found = std::ranges::find_if(
      conversations_, [](const Conversation& conversation) { return conversation.established && !conversation.ended; });
  return found == conversations_.end() ? kNoEnd : found->client;
}

void Checker::check_ended(const proxy::EndedSession& ended) {
  const auto found = std::ranges::find_if(conversations_, [&](const Conversation& conversation) {
    return conversation.client_address == ended.client || conversation.shown == ended.client;
  });
  if (ended.client.port() == 0 || found == conversations_.end()) {
    return;
  }
  const auto failed = [this](EndId end) { return end != kNoEnd && network_.at(end).failed; };
  const std::string name = "the log says " + std::string(proxy::to_string(ended.cause)) + ", but ";
  switch (ended.cause) {
    case Cause::kFinished:
      check_finished(*found, ended);
      break;
    case Cause::kClientReset:
      if (!failed(found->client)) {
        report(found->client, name + "the client sent no RST");
      }
      break;
    case Cause::kUpstreamReset:
      // One that failed under its header may never have been seen beside its client.
      if (!failed(found->upstream) &&
          (found->upstream != kNoEnd || found->policy.proxy_send == proxy::ProxyVersion::kNone)) {
        report(found->client, name + "the upstream sent no RST");
      } else if (found->upstream != kNoEnd && !network_.other(found->upstream).established) {
        report(found->client, name + "no upstream had accepted");
      }
      break;
    case Cause::kIdleTimeout:
    case Cause::kMaxAge:
    case Cause::kDrained:
    case Cause::kShutdown:
      if (found->established && !may_close(*found)) {
        report(found->client, name + "there was no reason");
      }
      break;
    default:
      if (found->established) {
        report(found->client, name + "the session was established");
      }
  }
}

void Checker::check_finished(const Conversation& conversation, const proxy::EndedSession& ended) {
  for (const EndId to : {conversation.client, conversation.upstream}) {
    if (to == kNoEnd) {
      report(conversation.client, "a session without upstream is logged as finished");
      return;
    }
    const End& speaker = network_.other(conversation.other(to));
    const std::uint64_t logged = to == conversation.client ? ended.bytes_downstream : ended.bytes_upstream;
    if (!speaker.fin_arrived || handled(to) != speaker.arrived_total) {
      report(to, "a session is logged as finished that is not");
    } else if (logged != relayed(to)) {
      report(to, "the log counts " + std::to_string(logged) + " bytes of " + std::to_string(relayed(to)));
    }
  }
}

}  // namespace ringway::sim
