#pragma once

#include <netinet/in.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/e2e/wire/loop.h"

namespace ringway::bench {

/// One kind of load. Everything it does is on a Loop, where several may stand beside each other.
class Work {
 public:
  Work(Loop& loop, std::uint8_t owner) : loop_(loop), owner_(owner) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  virtual ~Work() = default;

  virtual void start() = 0;
  virtual void complete(const Completion& completion) = 0;
  /// Figures of the window that has just ended, `seconds` long.
  [[nodiscard]] virtual nlohmann::json report(double seconds) const = 0;

  /// What happens from now on counts; before, the work only warms up. Errors always count.
  void measure() { measuring_ = true; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  [[nodiscard]] const std::string& first_error() const { return first_error_; }

 protected:
  [[nodiscard]] Token token(Operation operation, std::uint32_t slot) const { return {operation, owner_, slot}; }
  [[nodiscard]] bool measuring() const { return measuring_; }
  Loop& loop() { return loop_; }

  /// `result` is what came of `doing`: an error of the kernel, or a wrong number of bytes.
  void fail(const char* doing, int result) {
    ++errors_;
    if (first_error_.empty()) {
      first_error_ = std::string(doing) + ": " +
                     (result < 0 ? std::string(std::strerror(-result)) : std::to_string(result) + " bytes");
    }
  }

 private:
  Loop& loop_;
  std::uint8_t owner_;
  bool measuring_ = false;
  std::uint64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace ringway::bench
