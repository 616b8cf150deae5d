#include "proxy/relay/session_table.h"

#include <algorithm>

namespace ringway::proxy {

SessionTable::SessionTable(const Shared& shared)
    : shared_(shared), timers_(shared.ring.now()), random_(shared.seed), run_(random_()) {}

void SessionTable::open(int client_fd, std::uint32_t port_slot, const SocketAddress& virtual_ip) {
  if (free_slots_.empty()) {
    const auto first = static_cast<std::uint32_t>(chunks_.size()) * kChunk;
    chunks_.push_back(std::make_unique<Session[]>(kChunk));
    timers_.resize(first + kChunk);
    free_slots_.reserve(first + kChunk);
    for (std::uint32_t slot = first + kChunk; slot > first; --slot) {
      free_slots_.push_back(slot - 1);
    }
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  ++size_;
  shared_.counters.sessions_active.add();
  shared_.budget.used.fetch_add(1, std::memory_order_relaxed);
  at(slot).open(*this, slot, client_fd, port_slot, virtual_ip);
}

void SessionTable::on_completion(const Completion& completion) {
  if (is_copy(static_cast<Operation>(completion.token.operation))) {
    messages_came_ = true;
    ++messages_;
  }
  Session& session = at(completion.token.slot);
  if (session.generation() == completion.token.generation) {
    session.on_completion(completion);
  } else if (!completion.buffer.empty()) {
    Buffer strayed = completion.buffer;
    shared_.ring.release(strayed);
  }
}

void SessionTable::expire(Time now) {
  timers_.expire(now, [this](std::uint32_t slot) { at(slot).on_timer(); });
}

void SessionTable::run_streams() {
  const bool beside_messages = std::exchange(messages_came_, false);
  if (beside_messages && messages_ < kMessagesFirst) {
    return;
  }
  messages_ = 0;
  const std::uint32_t limit = beside_messages ? kBesideMessages_bytes : kStreams_bytes;
  std::uint64_t moved = 0;
  for (std::size_t left = streams_.size(); left > 0 && moved < limit; --left) {
    const Stream stream = streams_.front();
    streams_.pop_front();
    if (Session& session = at(stream.slot); session.generation() == stream.generation) {
      moved += session.on_stream(stream.source, limit);
    }
  }
}

template <typename Do>
void SessionTable::for_each(Do&& act) {
  for (auto& chunk : chunks_) {
    for (std::uint32_t index = 0; index < kChunk; ++index) {
      if (chunk[index].state() != Session::State::kFree) {
        act(chunk[index]);
      }
    }
  }
}

void SessionTable::close(const EndpointState* endpoint, Cause cause) {
  for_each([&](Session& session) {
    if (endpoint == nullptr || session.endpoint() == endpoint) {
      session.close(cause);
    }
  });
}

void SessionTable::abort(const EndpointState* endpoint, Cause cause) {
  for_each([&](Session& session) {
    if (endpoint == nullptr || session.endpoint() == endpoint) {
      session.abort(cause);
    }
  });
}

void SessionTable::describe(std::size_t limit, std::vector<SessionInfo>& into) const {
  for (const auto& chunk : chunks_) {
    for (std::uint32_t index = 0; index < kChunk && into.size() < limit; ++index) {
      if (chunk[index].state() != Session::State::kFree && !chunk[index].is_probe()) {
        into.push_back(chunk[index].describe());
      }
    }
  }
}

void SessionTable::mark_used(std::span<const IpAddress> virtual_ips, std::span<bool> used) const {
  std::size_t left = size_;
  for (auto chunk = chunks_.begin(); chunk != chunks_.end() && left > 0; ++chunk) {
    for (std::uint32_t index = 0; index < kChunk && left > 0; ++index) {
      const Session& session = (*chunk)[index];
      if (session.state() == Session::State::kFree) {
        continue;
      }
      --left;
      const IpAddress& ip = session.virtual_ip().ip();
      if (const auto found = std::ranges::lower_bound(virtual_ips, ip); found != virtual_ips.end() && *found == ip) {
        used[static_cast<std::size_t>(found - virtual_ips.begin())] = true;
      }
    }
  }
}

void SessionTable::freed(std::uint32_t slot) {
  timers_.clear(slot);
  free_slots_.push_back(slot);
  --size_;
  shared_.counters.sessions_active.subtract();
  shared_.budget.used.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace ringway::proxy
