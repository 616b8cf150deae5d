#include "bench/e2e/load/ping_pong.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {

PingPong::PingPong(Loop& loop, std::uint8_t owner, const sockaddr_in& to, std::uint32_t connections,
                   std::uint32_t bytes)
    : Work(loop, owner), bytes_(bytes), connections_(connections), buffers_(std::size_t{connections} * 2 * bytes) {
  for (Connection& connection : connections_) {
    connection.fd = connect_to(to);
  }
}

PingPong::~PingPong() {
  for (const Connection& connection : connections_) {
    close(connection.fd);
  }
}

void PingPong::start() {
  for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
    ping(slot, now_ns());
  }
}

void PingPong::ping(std::uint32_t slot, std::uint64_t now) {
  Connection& connection = connections_[slot];
  connection.sent_ns = now;
  ++connection.sequence;
  // A message that came back for another one is seen by its number.
  std::memcpy(outgoing(slot), &connection.sequence, std::min<std::size_t>(bytes_, sizeof(connection.sequence)));
  loop().send(connection.fd, outgoing(slot), bytes_, token(Operation::kSend, slot));
  // The answer cannot be here yet: the kernel need not look.
  loop().receive(connection.fd, incoming(slot), bytes_, MSG_WAITALL, true, token(Operation::kReceive, slot));
}

void PingPong::complete(const Completion& completion) {
  const std::uint32_t slot = completion.token.slot;
  Connection& connection = connections_[slot];
  const bool received = completion.token.operation == Operation::kReceive;
  if (connection.failed) {
    return;
  }
  if (completion.result != static_cast<int>(bytes_)) {
    connection.failed = true;
    fail(received ? "ping-pong: receive" : "ping-pong: send", completion.result);
    return;
  }
  if (!received) {
    return;
  }
  if (std::memcmp(incoming(slot), outgoing(slot), std::min<std::size_t>(bytes_, sizeof(connection.sequence))) != 0) {
    connection.failed = true;
    fail("ping-pong: an answer to another message", 0);
    return;
  }
  const std::uint64_t now = now_ns();
  if (measuring()) {
    latency_.add(now - connection.sent_ns);
    ++connection.measured;
  }
  ping(slot, now);
}

nlohmann::json PingPong::report(double seconds) const {
  nlohmann::json result = latency_.report();
  result["requests"] = latency_.count();
  result["requests_per_s"] = static_cast<double>(latency_.count()) / seconds;
  // Connections that got nothing at all in the window: a mean hides them.
  result["starved"] = std::ranges::count(connections_, std::uint64_t{0}, &Connection::measured);
  return result;
}

}  // namespace ringway::bench
