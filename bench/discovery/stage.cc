#include "bench/discovery/stage.h"

#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <utility>

namespace ringway::bench {

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::size_t allocated_bytes() {
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

Stage::Stage(std::uint32_t workers) : reconciler_(workers, clock_, checker_, output_) {
  auto started = proxy::DataPlane::start({.workers = workers, .manage_virtual_ips = false});
  if (!started) {
    throw std::runtime_error(started.error().context);
  }
  data_plane_ = std::move(*started);
}

void Stage::configure(std::shared_ptr<const config::Configuration> configuration) {
  if (auto bound = data_plane_->bind(*reconciler_.preview(*configuration)); !bound) {
    throw std::runtime_error(bound.error().context);
  }
  reconciler_.configure(std::move(configuration));
  publish();
  await_in_force();
}

void Stage::publish() {
  if (auto snapshot = reconciler_.build()) {
    version_ = snapshot->version;
    data_plane_->publish(std::move(snapshot));
  }
  reconciler_.expire(data_plane_->version_in_force());
}

void Stage::await_in_force() const {
  while (data_plane_->version_in_force() < version_) {
    std::this_thread::yield();
  }
}

double Stage::longest_turn_us() const {
  std::uint64_t longest = 0;
  for (std::size_t worker = 0; worker < data_plane_->worker_count(); ++worker) {
    longest = std::max(longest, data_plane_->worker_counters(worker).longest_turn_us.take());
  }
  return static_cast<double>(longest);
}

}  // namespace ringway::bench
