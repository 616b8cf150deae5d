#include "tests/sim/checker.h"

#include <algorithm>
#include <utility>

#include "tests/sim/content.h"

// Who belongs to whom, and what is sent.
namespace ringway::sim {
namespace {

/// The ring's clock is read once in a turn.
constexpr Duration kClockError = std::chrono::milliseconds(20);

bool holds(const std::vector<std::shared_ptr<proxy::EndpointState>>& group, const SocketAddress& to) {
  return std::ranges::any_of(group, [&to](const auto& endpoint) { return endpoint->address == to; });
}

bool serves(const proxy::ServicePort* port, const SocketAddress& to) {
  return port != nullptr &&
         (holds(port->endpoints, to) ||
          std::ranges::any_of(port->reserves, [&to](const auto& group) { return holds(group, to); }));
}

}  // namespace

void Checker::report(EndId end, std::string what) {
  if (!violation_) {
    violation_ = {end, std::move(what)};
  }
}

const Conversation* Checker::conversation_of(EndId end) const {
  for (const EndId candidate : {end, end ^ 1U}) {
    if (end != kNoEnd && candidate < of_end_.size() && of_end_[candidate] != nullptr) {
      return of_end_[candidate];
    }
  }
  return nullptr;
}

void Checker::set(EndId end, Conversation* conversation) {
  of_end_.resize(std::max<std::size_t>(of_end_.size(), end + 1));
  of_end_[end] = conversation;
}

/// Whose session has this slot in this life; null where it is not known yet.
Conversation* Checker::of_token(Token token) {
  of_slot_.resize(std::max<std::size_t>(of_slot_.size(), token.slot + 1));
  Life& life = of_slot_[token.slot];
  if (life.generation != token.generation || life.conversation == nullptr) {
    life = {.generation = token.generation, .conversation = nullptr};
  }
  return life.conversation;
}

void Checker::on_accepted(EndId end) {
  Conversation& accepted = conversations_.emplace_back();
  accepted.client = end;
  accepted.accepted_at = timeline_.now();
  accepted.may_close = all_may_close_;
  accepted.virtual_ip = network_.at(end).address;
  accepted.client_address = network_.at(end).peer;
  accepted.shown = accepted.client_address;
  accepted.shown_to = accepted.virtual_ip;
  set(end, &accepted);
}

void Checker::on_asked_peer(EndId end) {
  Conversation* conversation = find(end);
  if (conversation == nullptr || std::exchange(conversation->opened, true)) {
    return;
  }
  opened_ = conversation;
  conversation->nameless = network_.at(end).reset;
  if (const auto* port = services_->port_at(conversation->virtual_ip); port != nullptr) {
    conversation->policy = port->policy;
    conversation->bandwidth = port->bandwidth;
    conversation->speaks_for_others =
        port->proxy_sources != nullptr && port->proxy_sources->allows(conversation->client_address.ip());
  }
  if (const EndId speaker = conversation->client ^ 1U; conversation->speaks_for_others) {
    conversation->swallowed = header_of(speaker).size();
    conversation->shown = told_by(speaker).source;
    conversation->shown_to = told_by(speaker).destination;
  }
}

/// The port, or the route of it, that a session which connects to `to` has taken, held against its client's hello. A
/// route that the hello does not name may not be taken; one that it names must be, where it was read whole and in time,
/// and nothing was changed.
const proxy::ServicePort* Checker::target_of(EndId end, const Conversation& conversation, const SocketAddress& to) {
  const proxy::ServicePort* port = services_->port_at(conversation.virtual_ip);
  const EndId speaker = conversation.client ^ 1U;
  const Hello& hello = hello_of(speaker);
  const std::size_t header = header_of(speaker).size();
  // Where nobody trusts who says it a header is no TLS.
  const bool names = hello.route && (header == 0 || conversation.speaks_for_others);
  const proxy::ServicePort* route = names ? services_->route_at(conversation.virtual_ip, *hello.route) : nullptr;
  if (serves(route, to)) {
    return route;
  }
  if (port == nullptr || port->sni == nullptr || services_->plan().snapshot->version > 1 || !serves(port, to)) {
    return port;
  }
  const bool read = network_.at(speaker).arrived_total >= header + hello.text.size() &&
                    buffer_bytes_ >= header + hello.text.size() &&
                    timeline_.now() - conversation.accepted_at < port->sni->timeout;
  if (route != nullptr && read) {
    report(end, "does not take the route that the client's hello names: " + to.to_string());
  } else if (route == nullptr && port->sni->reject) {
    report(end, "goes on without a route though that is refused: " + to.to_string());
  }
  return port;
}

/// Where the connection to an upstream comes from, held against the policy.
void Checker::check_source(EndId end, const Conversation& conversation, const proxy::ServicePort* port) {
  const proxy::Source* source = port == nullptr ? nullptr : port->source.get();
  const proxy::simulated::End& near = network_.at(end);
  if (source == nullptr ? near.bound : !near.bound) {
    report(end, source == nullptr ? "has a source that nobody asked for" : "has no source though it was asked for");
    return;
  }
  if (source == nullptr) {
    return;
  }
  const proxy::IpAddress ip = near.address.ip();
  if (source->transparent && ip != conversation.shown.ip()) {
    report(end, "does not come from its client's address but from " + ip.to_string());
  } else if (!source->addresses.empty() && std::ranges::find(source->addresses, ip) == source->addresses.end()) {
    report(end, "comes from an address that is not one of the source's: " + ip.to_string());
  } else if (const std::uint16_t at = near.address.port();
             at != 0 && (at < source->first_port || at > source->last_port)) {
    report(end, "comes from a port that is not one of the source's: " + std::to_string(at));
  }
}

/// A client goes to where it was, while that may be picked.
void Checker::check_affinity(EndId end, const Conversation& conversation, const proxy::ServicePort* port,
                             const SocketAddress& to) {
  if (port == nullptr || port->affinity == nullptr || conversation.nameless) {
    return;
  }
  // Full ones, those that are in doubt, and places that are taken lead on to others.
  const bool plain =
      conversation.policy.max_per_endpoint == 0 && (port->source == nullptr || port->source->first_port == 0) &&
      std::ranges::none_of(port->endpoints, [](const auto& endpoint) { return endpoint->doubt.raised(); });
  Stay& stay = stays_[{port->affinity.get(), conversation.shown.ip()}];
  const bool holds_still = timeline_.now() - stay.last + kClockError < port->policy.affinity_timeout;
  if (plain && stay.sure && conversation.tried.empty() && holds_still && to != stay.with &&
      holds(port->endpoints, stay.with)) {
    report(end, "goes to " + to.to_string() + " though its client was with " + stay.with.to_string());
  }
  stay = {.with = to, .last = timeline_.now(), .sure = plain};
}

void Checker::on_connect(EndId end, const SocketAddress& to, Token token) {
  Conversation* conversation = of_token(token);
  if (conversation == nullptr) {
    // The first attempt is what a session is made for, unless a file for it was missing.
    conversation = std::exchange(opened_, nullptr);
    of_slot_[token.slot].conversation = conversation;
  }
  if (conversation == nullptr) {
    if (std::ranges::none_of(services_->plan().snapshot->ports,
                             [&to](const auto& port) { return serves(port.get(), to); })) {
      report(end, "connects to an address that is in no plan in force: " + to.to_string());
    }
    return;
  }
  const proxy::ServicePort* port = target_of(end, *conversation, to);
  if (!serves(port, to)) {
    report(end, "connects to an address that is not in the plan in force: " + to.to_string());
  }
  if (conversation->accepted) {
    report(end, "tries again though an upstream had accepted the session: " + to.to_string());
  }
  // Before it was tried an endpoint may be passed over where it is full, or others found that it does not take
  // connects.
  const std::uint32_t most = conversation->policy.max_per_endpoint;
  const auto trusted = [&](const auto& group) {
    return std::ranges::any_of(group, [&](const auto& endpoint) {
      return !endpoint->doubt.raised() && (most == 0 || endpoint->active < most);
    });
  };
  // An attempt for which no port was free is not seen here.
  const bool unseen = port != nullptr && port->source != nullptr && port->source->first_port != 0;
  if (conversation->tried.empty() && port != nullptr && !unseen && !holds(port->endpoints, to) &&
      trusted(port->endpoints)) {
    report(end, "connects to an address that is for retries only: " + to.to_string());
  }
  check_source(end, *conversation, port);
  check_affinity(end, *conversation, port, to);
  const proxy::ServicePort* const own = services_->port_at(conversation->virtual_ip);
  if (own != nullptr && own->access != nullptr && !own->access->allows(conversation->shown.ip())) {
    report(end, "is for a client that the Service keeps out: " + conversation->shown.to_string());
  }
  if (conversation->speaks_for_others &&
      (conversation->swallowed == 0 ||
       network_.at(conversation->client ^ 1U).arrived_total < conversation->swallowed)) {
    report(end, "connects before a trusted proxy has said whom it speaks for");
  }
  // One that found no place has not failed: it may be tried from another one, also later.
  if (std::exchange(conversation->place_taken, false) ||
      (conversation->upstream != kNoEnd && network_.at(conversation->upstream).place_taken)) {
    conversation->tried.pop_back();
  }
  if (std::ranges::find(conversation->tried, to) != conversation->tried.end()) {
    report(end, "tries again the endpoint that has failed: " + to.to_string());
  }
  conversation->tried.push_back(to);
  conversation->upstream = end;
  set(end, conversation);
}

void Checker::on_connected(EndId end) {
  if (Conversation* conversation = find(end); conversation != nullptr) {
    conversation->accepted = true;
    conversation->last_moved = timeline_.now();
  }
}

void Checker::on_asked(EndId end, Token token) {
  Conversation* conversation = find(end);
  Conversation* claimed = of_token(token);
  if (claimed == nullptr && conversation != nullptr) {
    claimed = of_slot_[token.slot].conversation = conversation;
  } else if (conversation == nullptr && claimed != nullptr) {
    // Its connect could not be told to whom it belonged.
    conversation = claimed;
    conversation->upstream = end;
    conversation->tried.push_back(network_.at(end).peer);
    set(end, conversation);
    check_header(*conversation);
  }
  if (conversation != claimed) {
    report(end, "an operation of one session on the socket of another");
  } else if (conversation != nullptr && !conversation->established &&
             (conversation->accepted || end == conversation->upstream)) {
    // Before that a client is asked for its hello.
    conversation->established = true;
    conversation->last_moved = conversation->established_at = timeline_.now();
    note_bandwidth(*conversation);
    ++established_ever_;
  }
}

void Checker::on_moved(EndId end) {
  if (Conversation* conversation = find(end); conversation != nullptr) {
    may_close(*conversation);
    // What comes for a side that has failed is dropped, and counts for nothing.
    if (const EndId to = conversation->other(end); to == kNoEnd || !network_.at(to).failed) {
      conversation->last_moved = timeline_.now();
    }
  }
}

void Checker::on_preface(EndId end, std::span<const std::byte> bytes) {
  if (network_.at(end).written_total != bytes.size()) {
    report(end, "a header is sent after other bytes");
  }
  prefaces_[end].assign(bytes.begin(), bytes.end());
  if (Conversation* conversation = find(end); conversation != nullptr) {
    check_header(*conversation);
  }
}

void Checker::check_header(Conversation& conversation) {
  const auto bytes = prefaces_.find(conversation.upstream);
  if (bytes == prefaces_.end()) {
    return;
  }
  conversation.header_bytes = bytes->second.size();
  const auto header = proxy::parse_proxy_header(bytes->second);
  if (!header || header->size != bytes->second.size() || header->connection.destination != conversation.shown_to ||
      header->connection.source != conversation.shown) {
    report(conversation.upstream, "the header does not tell of the client and the address that it dialed");
  }
}

std::uint64_t Checker::relayed(EndId end) const {
  const Conversation* conversation = conversation_of(end);
  const std::uint64_t own = conversation != nullptr && end == conversation->upstream ? conversation->header_bytes : 0;
  return network_.at(end).written_total - own;
}

std::uint64_t Checker::handled(EndId end) const {
  const Conversation* conversation = conversation_of(end);
  const bool up = conversation != nullptr && end == conversation->upstream;
  return relayed(end) + (up ? conversation->swallowed : 0);
}

void Checker::on_sent(EndId end, std::uint64_t position, std::span<const std::byte> bytes) {
  const Conversation* conversation = find(end);
  if (conversation == nullptr || conversation->other(end) == kNoEnd) {
    report(end, "bytes are sent to who has no other side");
    return;
  }
  check_age(end, *conversation);
  check_bandwidth(end, bytes.size());
  const bool wants_header =
      end == conversation->upstream && conversation->policy.proxy_send != proxy::ProxyVersion::kNone;
  if (wants_header && conversation->header_bytes == 0) {
    report(end, "bytes are sent before the header that the upstream wants");
    return;
  }
  if (end == conversation->upstream) {
    position = position - conversation->header_bytes + conversation->swallowed;
  }
  const EndId speaker = conversation->other(end) ^ 1U;
  if (position + bytes.size() > network_.at(speaker).arrived_total) {
    report(end, "more bytes are sent than came from the other side");
  } else if (!Content(speaker).matches(position, bytes)) {
    report(end, "wrong bytes are sent: they should be those of the other side from position " +
                    std::to_string(position) + " on");
  }
}

}  // namespace ringway::sim
