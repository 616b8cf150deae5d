#pragma once

#include <vector>

#include "bench/e2e/load/latency.h"
#include "bench/e2e/load/work.h"

namespace ringway::bench {

/// Each connection sends a message, waits for the same message back, and begins again.
class PingPong final : public Work {
 public:
  PingPong(Loop& loop, std::uint8_t owner, const sockaddr_in& to, std::uint32_t connections, std::uint32_t bytes);
  ~PingPong() override;

  void start() override;
  void complete(const Completion& completion) override;
  [[nodiscard]] nlohmann::json report(double seconds) const override;

 private:
  struct Connection {
    int fd = -1;
    bool failed = false;
    std::uint64_t sequence = 0;
    std::uint64_t sent_ns = 0;
    std::uint64_t measured = 0;
  };

  void ping(std::uint32_t slot, std::uint64_t now);
  [[nodiscard]] std::byte* outgoing(std::uint32_t slot) { return buffers_.data() + std::size_t{slot} * 2 * bytes_; }
  [[nodiscard]] std::byte* incoming(std::uint32_t slot) { return outgoing(slot) + bytes_; }

  std::uint32_t bytes_;
  std::vector<Connection> connections_;
  std::vector<std::byte> buffers_;
  Latency latency_;
};

}  // namespace ringway::bench
