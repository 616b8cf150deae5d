#pragma once

#include <cstdint>
#include <vector>

#include "proxy/ring/ring.h"

namespace ringway::proxy {

/// The pipes of one ring: made when first needed, `limit` at most, used again, last returned first. One that is given
/// back with data in it is closed, for nothing else empties it.
///
/// The kernel counts the pages of all pipes of a user; once they pass `fs.pipe-user-pages-soft` a pipe of an
/// unprivileged process can no longer grow (pipe(7)), and the pool makes no more.
class PipePool {
 public:
  PipePool(std::uint32_t limit, std::uint32_t pipe_bytes) : limit_(limit), pipe_bytes_(pipe_bytes) {}
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;
  ~PipePool();

  bool take(Pipe& pipe);
  void give_back(Pipe& pipe);

  /// See Ring::fill.
  static std::int32_t fill(Pipe& pipe, int fd, std::uint32_t limit);
  /// See Ring::drain.
  static std::int32_t drain(Pipe& pipe, int fd);

 private:
  bool make(Pipe& pipe);

  std::uint32_t limit_;
  std::uint32_t pipe_bytes_;
  std::uint32_t made_ = 0;
  std::vector<Pipe> free_;
};

}  // namespace ringway::proxy
