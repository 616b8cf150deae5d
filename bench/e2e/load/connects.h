#pragma once

#include <vector>

#include "bench/e2e/load/latency.h"
#include "bench/e2e/load/work.h"

namespace ringway::bench {

/// Each of some loops connects, sends a small request, receives as much, closes, and begins again.
class Connects final : public Work {
 public:
  Connects(Loop& loop, std::uint8_t owner, const sockaddr_in& to, std::uint32_t loops);
  ~Connects() override;

  void start() override;
  void complete(const Completion& completion) override;
  [[nodiscard]] nlohmann::json report(double seconds) const override;

 private:
  static constexpr std::size_t kRequest_bytes = 64;
  struct Turn {
    int fd = -1;
    std::uint64_t begun_ns = 0;
    std::byte answer[kRequest_bytes];
  };

  void begin(std::uint32_t slot);

  sockaddr_in to_;
  std::vector<Turn> turns_;
  std::byte request_[kRequest_bytes]{};
  Latency latency_;
};

}  // namespace ringway::bench
