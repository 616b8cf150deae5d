#include "bench/e2e/sink/sink.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

constexpr std::uint32_t kMaxConnections = 10'000;
constexpr std::size_t kEcho_bytes = 64UL << 10;
constexpr std::size_t kBulk_bytes = 128UL << 10;
constexpr std::size_t kBuffers_bytes = kMaxConnections * 2 * kEcho_bytes;

}  // namespace

Sink::Sink(const sockaddr_in& first) : connections_(kMaxConnections), endless_(kBulk_bytes), dropped_(kBulk_bytes) {
  void* const area =
      mmap(nullptr, kBuffers_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "mmap");
  }
  // A quiet connection touches one small page, not one of 2 MiB.
  madvise(area, kBuffers_bytes, MADV_NOHUGEPAGE);
  buffers_ = static_cast<std::byte*>(area);
  free_.reserve(kMaxConnections);
  for (std::uint32_t slot = kMaxConnections; slot > 0; --slot) {
    free_.push_back(slot - 1);
  }
  for (std::size_t role = 0; role < kRoles; ++role) {
    listeners_[role] = listen_on(next_port(first, static_cast<std::uint16_t>(role)));
    loop_.accept(listeners_[role], {Operation::kAccept, static_cast<std::uint8_t>(role)});
  }
}

Sink::~Sink() {
  for (const int listener : listeners_) {
    close(listener);
  }
  munmap(buffers_, kBuffers_bytes);
}

void Sink::run() {
  for (;;) {
    loop_.turn([this](const Completion& completion) { on(completion); });
  }
}

void Sink::on(const Completion& completion) {
  const auto [token, result, flags] = completion;
  switch (token.operation) {
    case Operation::kAccept:
      if (result >= 0) {
        open(result, static_cast<Role>(token.owner));
      }
      if ((flags & IORING_CQE_F_MORE) == 0) {
        loop_.accept(listeners_[token.owner], token);
      }
      break;
    case Operation::kReceive:
      on_received(token.slot, result, (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0);
      break;
    case Operation::kSend:
      on_sent(token.slot, result);
      break;
    default:
      break;
  }
}

void Sink::open(int fd, Role role) {
  if (free_.empty()) {
    close(fd);
    return;
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  connections_[slot] = {.fd = fd, .role = role};
  receive(slot, false);
  if (role == Role::kSource) {
    send(slot, endless_.data(), kBulk_bytes);
  }
}

void Sink::on_received(std::uint32_t slot, int result, bool more) {
  Connection& connection = connections_[slot];
  connection.receiving = false;
  if (result <= 0 || connection.ended) {
    end(slot);
    return;
  }
  switch (connection.role) {
    case Role::kSource:
    case Role::kDiscard:
      received_bytes_ += static_cast<std::uint64_t>(result);
      receive(slot, !more);
      return;
    case Role::kControl: {
      const Tally tally{now_ns(), received_bytes_};
      std::memcpy(buffer(slot, connection.filling), &tally, sizeof(tally));
      connection.waiting = sizeof(tally);
      break;
    }
    case Role::kEcho:
      connection.waiting = static_cast<std::uint32_t>(result);
      break;
  }
  if (!connection.sending) {
    answer(slot);
  }
}

void Sink::on_sent(std::uint32_t slot, int result) {
  Connection& connection = connections_[slot];
  connection.sending = false;
  if (connection.ended || result != static_cast<int>(connection.promised)) {
    end(slot);
  } else if (connection.role == Role::kSource) {
    send(slot, endless_.data(), kBulk_bytes);
  } else if (connection.waiting > 0) {
    answer(slot);
  }
}

void Sink::receive(std::uint32_t slot, bool poll_first) {
  Connection& connection = connections_[slot];
  connection.receiving = true;
  const bool bulk = connection.role == Role::kSource || connection.role == Role::kDiscard;
  loop_.receive(connection.fd, bulk ? dropped_.data() : buffer(slot, connection.filling),
                bulk ? kBulk_bytes : kEcho_bytes, 0, poll_first, {Operation::kReceive, 0, slot});
}

void Sink::send(std::uint32_t slot, const std::byte* bytes, std::uint32_t count) {
  Connection& connection = connections_[slot];
  connection.sending = true;
  connection.promised = count;
  loop_.send(connection.fd, bytes, count, {Operation::kSend, 0, slot});
}

void Sink::answer(std::uint32_t slot) {
  Connection& connection = connections_[slot];
  send(slot, buffer(slot, connection.filling), connection.waiting);
  connection.waiting = 0;
  connection.filling ^= 1;
  receive(slot, true);
}

void Sink::end(std::uint32_t slot) {
  Connection& connection = connections_[slot];
  connection.ended = true;
  if (connection.receiving || connection.sending) {
    // A source's send would go on for ever; an echo's last one is let through.
    if (connection.role == Role::kSource || connection.receiving) {
      shutdown(connection.fd, SHUT_RDWR);
    }
    return;
  }
  close(connection.fd);
  connection.fd = -1;
  free_.push_back(slot);
}

std::byte* Sink::buffer(std::uint32_t slot, unsigned which) const {
  return buffers_ + ((std::size_t{slot} * 2) + which) * kEcho_bytes;
}

}  // namespace ringway::bench
