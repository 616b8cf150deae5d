#include "proxy/relay/listeners.h"

#include <algorithm>
#include <cerrno>

#include "proxy/core/answer.h"

namespace ringway::proxy {
namespace {

/// How soon to look again whether files or sessions are to be had, when no session of this worker ends before.
constexpr auto kPause = std::chrono::milliseconds(50);

/// What one accept may take at once, for the kernel empties the backlog before we hear of it (net.core.somaxconn is
/// 4,096 by default). Where not so many sessions are to be had, accepted clients would hold the files that their
/// upstreams need: there it is one after the other.
constexpr std::size_t kLongBacklog = 4096;

/// Where no port is in that place nobody listens.
Answer answer_at(const Plan* plan, std::uint32_t port_slot) {
  const ServicePort* port = plan == nullptr ? nullptr : plan->port(port_slot);
  return port == nullptr ? Answer::kRefuses : answer_of(*port, plan->snapshot->ports);
}

}  // namespace

void Listeners::add(int fd, const SocketAddress& address, std::uint32_t port_slot) {
  if (fd < 0) {
    steered_[address] = port_slot;
    return;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(listeners_.size()));
    listeners_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Listener& listener = listeners_[index];
  listener = {.fd = fd, .generation = listener.generation, .port_slot = port_slot, .address = address};
  if (port_slot != kSteeredSlot) {
    by_address_[address] = index;
  }
  by_slot_.emplace(port_slot, index);
  ++open_;
}

void Listeners::retarget(const SocketAddress& address, std::uint32_t port_slot) {
  if (const auto steered = steered_.find(address); steered != steered_.end()) {
    steered->second = port_slot;
    return;
  }
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) {
    return;
  }
  Listener& listener = listeners_[found->second];
  leave_slot(found->second);
  by_slot_.emplace(port_slot, found->second);
  listener.port_slot = port_slot;
}

void Listeners::remove(const SocketAddress& address) {
  if (steered_.erase(address) > 0) {
    return;
  }
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) {
    return;
  }
  const std::uint32_t index = found->second;
  by_address_.erase(found);
  while (accepted_wait()) {
    open_first();
  }
  close(index);
}

void Listeners::remove_all() {
  by_address_.clear();
  while (accepted_wait()) {
    open_first();
  }
  for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
    if (listeners_[index].fd >= 0 && !listeners_[index].closing) {
      close(index);
    }
  }
}

void Listeners::close(std::uint32_t index) {
  Listener& listener = listeners_[index];
  leave_slot(index);
  serve_backlog(listener);
  listener.closing = true;
  if (listener.accepting) {
    ring_.cancel(listener.fd);
  }
  close_if_idle(index);
}

void Listeners::leave_slot(std::uint32_t index) {
  auto [entry, last] = by_slot_.equal_range(listeners_[index].port_slot);
  entry = std::find_if(entry, last, [index](const auto& each) { return each.second == index; });
  if (entry != last) {
    by_slot_.erase(entry);
  }
}

void Listeners::serve_backlog(const Listener& listener) {
  if (!listener.listening) {
    return;
  }
  for (int client = ring_.accept_now(listener.fd); client >= 0; client = ring_.accept_now(listener.fd)) {
    take(client, listener);
    // One after the other, for all together would hold the files that their upstreams need.
    while (accepted_wait()) {
      open_first();
    }
  }
}

void Listeners::serve_steered() {
  while (accepted_wait()) {
    open_first();
  }
  const auto [first, last] = by_slot_.equal_range(kSteeredSlot);
  for (auto entry = first; entry != last; ++entry) {
    serve_backlog(listeners_[entry->second]);
  }
}

/// Puts an accepted connection in line for its session.
void Listeners::take(int client, const Listener& listener) {
  if (listener.port_slot != kSteeredSlot) {
    accepted_.push_back({client, listener.port_slot, listener.address});
    return;
  }
  const SocketAddress address = ring_.dialled(client);
  const auto port = steered_.find(address);
  if (port == steered_.end()) {
    // Its Service went while it was on the way, or somebody dialled the listening socket itself.
    ring_.reset_on_close(client);
    ring_.close(client);
    return;
  }
  accepted_.push_back({client, port->second, address});
}

void Listeners::close_if_idle(std::uint32_t index) {
  Listener& listener = listeners_[index];
  if (!listener.closing || listener.accepting) {
    return;
  }
  ring_.close(listener.fd);
  listener.fd = -1;
  listener.closing = false;
  listener.listening = false;
  listener.generation = (listener.generation + 1) & Token::kGenerationMask;
  free_.push_back(index);
  --open_;
}

void Listeners::follow(std::uint32_t port_slot) {
  const auto [first, last] = by_slot_.equal_range(port_slot);
  for (auto entry = first; entry != last; ++entry) {
    update(entry->second);
  }
}

void Listeners::update(std::uint32_t index) {
  Listener& listener = listeners_[index];
  const bool steered = listener.port_slot == kSteeredSlot;
  const Answer answer = steered ? Answer::kServes : answer_at(sessions_.plan(), listener.port_slot);
  const bool wanted = answer != Answer::kRefuses;
  // Before it listens, so that nobody is answered in between.
  if (const bool silent = answer == Answer::kDrops; silent != listener.silent) {
    ring_.silence(listener.fd, silent);
    listener.silent = silent;
  }
  if (wanted && !listener.listening) {
    listener.listening = ring_.listen(listener.fd, listener.address);
    accept(index);
  } else if (!wanted && listener.listening) {
    ring_.refuse(listener.fd);
    listener.listening = false;
  }
}

void Listeners::accept(std::uint32_t index) {
  Listener& listener = listeners_[index];
  if (listener.listening && !listener.accepting && !listener.closing && !paused_) {
    listener.accepting = true;
    const bool once = budget_.spent(accepted_.size() + kLongBacklog);
    ring_.accept(listener.fd, token_of(Operation::kAccept, index, listener.generation), once);
  }
}

void Listeners::on_completion(const Completion& completion) {
  const std::uint32_t index = completion.token.slot;
  Listener& listener = listeners_[index];
  listener.accepting = completion.more;
  if (completion.result >= 0) {
    take(completion.result, listener);
    if (budget_.spent(accepted_.size())) {
      pause();
    }
  } else if (completion.result != -ECANCELED && completion.result != -ECONNABORTED && completion.result != -EINVAL) {
    // EMFILE, ENFILE, ENOMEM, or news from the kernel: trying again at once would only spin.
    pause();
  }
  if (!listener.accepting) {
    close_if_idle(index);
    accept(index);
  }
}

void Listeners::open_accepted(bool beside_messages) {
  const std::size_t most = beside_messages ? kOpenedBesideMessages : kOpened;
  for (std::size_t opened = 0; opened < most && accepted_wait(); ++opened) {
    open_first();
  }
}

void Listeners::open_first() {
  const Accepted accepted = accepted_.front();
  accepted_.pop_front();
  sessions_.open(accepted.fd, slot_now(accepted), accepted.virtual_ip);
}

/// The plan may have changed since it was accepted, and its slot be that of another port: then whoever has its address
/// now, or nobody.
std::uint32_t Listeners::slot_now(const Accepted& accepted) const {
  const ServicePort* port = sessions_.plan()->port(accepted.port_slot);
  if (accepted.port_slot == kProbeSlot ||
      (port != nullptr && std::ranges::find(port->listen, accepted.virtual_ip) != port->listen.end())) {
    return accepted.port_slot;
  }
  if (const auto steered = steered_.find(accepted.virtual_ip); steered != steered_.end()) {
    return steered->second;
  }
  const auto own = by_address_.find(accepted.virtual_ip);
  return own == by_address_.end() ? kNoSlot : listeners_[own->second].port_slot;
}

void Listeners::pause() {
  resume_at_ = ring_.now() + kPause;
  if (paused_) {
    return;
  }
  paused_ = true;
  counters_.accepts_paused.add();
  for (const Listener& listener : listeners_) {
    if (listener.accepting) {
      ring_.cancel(listener.fd);
    }
  }
}

void Listeners::resume(Time now) {
  if (!paused_ || budget_.spent()) {
    resume_at_ = now + kPause;
    return;
  }
  paused_ = false;
  for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
    accept(index);
  }
}

}  // namespace ringway::proxy
