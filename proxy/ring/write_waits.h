#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/core/error.h"
#include "proxy/ring/token.h"

namespace ringway::proxy {

/// Who waits until an fd is writable. A poll by io_uring always ends at POLLRDHUP too, which a socket that has received
/// FIN shows all the time: it would spin. epoll reports that only when asked, and its own fd can be polled by a ring.
class WriteWaits {
 public:
  WriteWaits() = default;
  WriteWaits(const WriteWaits&) = delete;
  WriteWaits& operator=(const WriteWaits&) = delete;
  ~WriteWaits();

  Result<void> open();
  /// Readable while a wait is over: to be watched.
  [[nodiscard]] int fd() const { return epoll_fd_; }

  /// 0, or -errno where epoll refuses: the user's watches are used up, or there is no memory (epoll_ctl(2)).
  std::int32_t arm(int fd, Token token);
  /// The token of the wait that is given up, if there was one.
  std::optional<Token> disarm(int fd);
  /// Call before `fd` is closed.
  void forget(int fd);
  /// Calls `ready(token)` for each wait that is over, and it is no longer armed.
  template <typename Ready>
  void collect(Ready&& ready) {
    while (fetch()) {
      for (const int fd : ready_) {
        if (const auto token = disarm(fd)) {
          ready(*token);
        }
      }
    }
  }

 private:
  struct Wait {
    bool registered = false;
    bool armed = false;
    Token token;
  };

  bool fetch();

  int epoll_fd_ = -1;
  std::vector<Wait> waits_;  ///< by fd
  std::vector<int> ready_;
};

}  // namespace ringway::proxy
