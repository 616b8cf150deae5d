#include "bench/e2e/load/connects.h"

#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {

Connects::Connects(Loop& loop, std::uint8_t owner, const sockaddr_in& to, std::uint32_t loops)
    : Work(loop, owner), to_(to), turns_(loops) {}

Connects::~Connects() {
  for (const Turn& turn : turns_) {
    if (turn.fd >= 0) {
      close(turn.fd);
    }
  }
}

void Connects::start() {
  for (std::uint32_t slot = 0; slot < turns_.size(); ++slot) {
    begin(slot);
  }
}

/// The whole turn is one chain for the kernel. Where a link of it fails, the receive at its end fails as well, so only
/// that one is looked at.
void Connects::begin(std::uint32_t slot) {
  Turn& turn = turns_[slot];
  turn.begun_ns = now_ns();
  turn.fd = open_socket();
  loop().reserve(3);
  io_uring_sqe* connect = loop().next(token(Operation::kConnect, slot));
  io_uring_prep_connect(connect, turn.fd, reinterpret_cast<const sockaddr*>(&to_), sizeof(to_));
  connect->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe* send = loop().next(token(Operation::kSend, slot));
  io_uring_prep_send(send, turn.fd, request_, kRequest_bytes, MSG_NOSIGNAL | MSG_WAITALL);
  send->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  loop().receive(turn.fd, turn.answer, kRequest_bytes, MSG_WAITALL, true, token(Operation::kReceive, slot));
}

void Connects::complete(const Completion& completion) {
  const auto [token, result, flags] = completion;
  if (token.operation == Operation::kConnect && result != -ECANCELED) {
    fail("connect", result);
  }
  if (token.operation != Operation::kReceive) {
    return;
  }
  Turn& turn = turns_[token.slot];
  if (result == static_cast<int>(kRequest_bytes)) {
    if (measuring()) {
      latency_.add(now_ns() - turn.begun_ns);
    }
  } else if (result != -ECANCELED) {
    fail("connect: receive", result);
  }
  close(turn.fd);
  begin(token.slot);
}

nlohmann::json Connects::report(double seconds) const {
  nlohmann::json result = latency_.report();
  result["connections"] = latency_.count();
  result["connections_per_s"] = static_cast<double>(latency_.count()) / seconds;
  return result;
}

}  // namespace ringway::bench
