#pragma once

#include <vector>

#include "bench/e2e/load/work.h"

namespace ringway::bench {

/// Each connection receives as fast as it can, or sends, or both at once. What it sent is not counted here but where
/// it arrived: the sink tells (Window).
class Bulk final : public Work {
 public:
  struct Directions {
    bool down = false;
    bool up = false;
  };
  Bulk(Loop& loop, std::uint8_t owner, const sockaddr_in& to, std::uint32_t connections, Directions directions);
  ~Bulk() override;

  void start() override;
  void complete(const Completion& completion) override;
  [[nodiscard]] nlohmann::json report(double seconds) const override;

 private:
  void receive(std::uint32_t slot, bool poll_first);
  void send(std::uint32_t slot);

  Directions directions_;
  std::vector<int> connections_;
  std::vector<std::byte> outgoing_;
  std::vector<std::byte> incoming_;
  std::uint64_t received_bytes_ = 0;
};

}  // namespace ringway::bench
