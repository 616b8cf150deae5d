#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "discovery/health/health_checker.h"

namespace ringway::discovery {

/// Probes under way at one time, over all endpoints; more wait for their turn, in order. Bounds the file descriptors
/// that health takes from sessions.
inline constexpr std::size_t kMaxProbesUnderWay = 512;

/// When many endpoints appear at once their first probes start this far apart. Where that is more than one interval, it
/// is gone through again, so that as many share each moment.
inline constexpr std::chrono::microseconds kFirstProbeGap{100};

/// The HealthChecker that really probes, from `executor`, the control thread's. `seed` is where the jitter comes from.
/// Subscriptions may outlive the checker; they are not probed any more then.
std::unique_ptr<HealthChecker> make_health_checker(const boost::asio::any_io_executor& executor, std::uint64_t seed);

}  // namespace ringway::discovery
