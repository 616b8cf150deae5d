#include "proxy/ring/buffer_offers.h"

namespace ringway::proxy {

Result<void> BufferOffers::open(io_uring& ring) {
  int error = 0;
  offers_ = io_uring_setup_buf_ring(&ring, kOffered, kGroup, 0, &error);
  if (offers_ == nullptr) {
    return std::unexpected(system_error(-error, "registering the ring of provided buffers (needs Linux 5.19)"));
  }
  ring_ = &ring;
  return {};
}

void BufferOffers::close() {
  if (offers_ != nullptr) {
    io_uring_free_buf_ring(ring_, offers_, kOffered, kGroup);
    offers_ = nullptr;
  }
}

void BufferOffers::offer() {
  int added = 0;
  while (offered_ < kOffered && !pool_.empty()) {
    const std::uint16_t id = pool_.take();
    io_uring_buf_ring_add(offers_, pool_.at(id), pool_.buffer_bytes(), id, io_uring_buf_ring_mask(kOffered), added);
    ++added;
    ++offered_;
  }
  if (added > 0) {
    io_uring_buf_ring_advance(offers_, added);
  }
}

}  // namespace ringway::proxy
