#include "proxy/ring/buffer_pool.h"

#include <sys/mman.h>

#include <cerrno>

namespace ringway::proxy {

void BufferPool::unregister() {
  if (offers_ != nullptr) {
    io_uring_free_buf_ring(ring_, offers_, kOffered, kGroup);
    offers_ = nullptr;
  }
}

BufferPool::~BufferPool() {
  if (memory_ != nullptr) {
    munmap(memory_, memory_bytes_);
  }
}

Result<void> BufferPool::open(io_uring& ring, std::uint32_t count, std::uint32_t buffer_bytes) {
  memory_bytes_ = std::size_t{count} * buffer_bytes;
  void* memory =
      mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return std::unexpected(system_error(errno, "reserving memory for the buffer pool"));
  }
  memory_ = static_cast<std::byte*>(memory);
  buffer_bytes_ = buffer_bytes;
  int error = 0;
  offers_ = io_uring_setup_buf_ring(&ring, kOffered, kGroup, 0, &error);
  if (offers_ == nullptr) {
    return std::unexpected(system_error(-error, "registering the ring of provided buffers (needs Linux 5.19)"));
  }
  ring_ = &ring;
  free_.reserve(count);
  for (std::uint32_t id = count; id > 0; --id) {
    free_.push_back(static_cast<std::uint16_t>(id - 1));
  }
  return {};
}

void BufferPool::offer() {
  int added = 0;
  while (offered_ < kOffered && !free_.empty()) {
    const std::uint16_t id = free_.back();
    free_.pop_back();
    io_uring_buf_ring_add(offers_, at(id), buffer_bytes_, id, io_uring_buf_ring_mask(kOffered), added);
    ++added;
    ++offered_;
  }
  if (added > 0) {
    io_uring_buf_ring_advance(offers_, added);
  }
}

}  // namespace ringway::proxy
