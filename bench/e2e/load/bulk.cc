#include "bench/e2e/load/bulk.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

constexpr std::size_t kBulk_bytes = 128UL << 10;

}  // namespace

Bulk::Bulk(Loop& loop, std::uint8_t owner, const sockaddr_in& to, std::uint32_t connections, Directions directions)
    : Work(loop, owner), directions_(directions), outgoing_(kBulk_bytes), incoming_(kBulk_bytes) {
  for (std::uint32_t slot = 0; slot < connections; ++slot) {
    connections_.push_back(connect_to(to));
  }
}

Bulk::~Bulk() {
  for (const int fd : connections_) {
    close(fd);
  }
}

void Bulk::start() {
  for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
    if (directions_.down) {
      receive(slot, false);
    }
    if (directions_.up) {
      send(slot);
    }
  }
}

void Bulk::receive(std::uint32_t slot, bool poll_first) {
  loop().receive(connections_[slot], incoming_.data(), kBulk_bytes, 0, poll_first, token(Operation::kReceive, slot));
}

void Bulk::send(std::uint32_t slot) {
  loop().send(connections_[slot], outgoing_.data(), kBulk_bytes, token(Operation::kSend, slot));
}

void Bulk::complete(const Completion& completion) {
  const auto [token, result, flags] = completion;
  if (token.operation == Operation::kSend) {
    if (result != static_cast<int>(kBulk_bytes)) {
      fail("bulk: send", result);
      return;
    }
    send(token.slot);
    return;
  }
  if (result <= 0) {
    fail("bulk: receive", result);
    return;
  }
  if (measuring()) {
    received_bytes_ += static_cast<std::uint64_t>(result);
  }
  receive(token.slot, (flags & IORING_CQE_F_SOCK_NONEMPTY) == 0);
}

nlohmann::json Bulk::report(double seconds) const {
  return {{"down_bytes", received_bytes_}, {"down_bytes_per_s", static_cast<double>(received_bytes_) / seconds}};
}

}  // namespace ringway::bench
