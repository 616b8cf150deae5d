#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/ring/engine.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class RingTest : public testing::TestWithParam<Engine>, public CompletionHandler {
 protected:
  void open(const RingOptions& options) {
    auto ring = make_ring(GetParam(), options, exhausted_);
    ASSERT_TRUE(ring) << ring.error().context;
    ring_ = std::move(*ring);
  }

  void SetUp() override {
    open({});
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_.data()), 0);
  }

  void TearDown() override {
    ring_.reset();
    close(pair_[0]);
    close(pair_[1]);
  }

  void on_completion(const Completion& completion) override {
    results_[completion.token.slot].push_back(completion.result);
    if (!completion.buffer.empty()) {
      const auto bytes = ring_->bytes(completion.buffer);
      received_ += std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      held_.push_back(completion.buffer);
      if (release_at_once_) {
        ring_->release(held_.back());
        held_.pop_back();
      }
    }
  }

  /// Runs until slot `slot` has completed, or gives up.
  bool completed(std::uint32_t slot) {
    for (int turn = 0; turn < 1000 && results_[slot].empty(); ++turn) {
      ring_->run_once(std::chrono::steady_clock::now() + std::chrono::milliseconds(10), *this);
    }
    return !results_[slot].empty();
  }

  static Token token(std::uint32_t slot) { return {.operation = 1, .generation = 5, .slot = slot}; }

  Counter exhausted_;
  std::unique_ptr<Ring> ring_;
  std::array<int, 2> pair_{-1, -1};
  std::map<std::uint32_t, std::vector<std::int32_t>> results_;
  std::vector<Buffer> held_;
  std::string received_;
  bool release_at_once_ = true;
};

}  // namespace ringway::proxy
