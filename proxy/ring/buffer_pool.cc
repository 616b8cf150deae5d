#include "proxy/ring/buffer_pool.h"

#include <sys/mman.h>

#include <cerrno>

namespace ringway::proxy {

BufferPool::~BufferPool() {
  if (memory_ != nullptr) {
    munmap(memory_, memory_bytes_);
  }
}

Result<void> BufferPool::open(std::uint32_t count, std::uint32_t buffer_bytes) {
  memory_bytes_ = std::size_t{count} * buffer_bytes;
  void* memory =
      mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return std::unexpected(system_error(errno, "reserving memory for the buffer pool"));
  }
  memory_ = static_cast<std::byte*>(memory);
  buffer_bytes_ = buffer_bytes;
  free_.reserve(count);
  for (std::uint32_t id = count; id > 0; --id) {
    free_.push_back(static_cast<std::uint16_t>(id - 1));
  }
  return {};
}

}  // namespace ringway::proxy
