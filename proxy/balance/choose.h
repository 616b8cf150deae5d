#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "proxy/balance/picker.h"

/// What several pickers need for a choice.
namespace ringway::proxy {

using Endpoints = std::span<const std::shared_ptr<EndpointState>>;

[[nodiscard]] bool was_tried(const EndpointState* endpoint, const PickContext& context);

/// The first endpoint from `start` on, around the circle, that was not tried.
[[nodiscard]] EndpointState* first_untried(Endpoints endpoints, std::size_t start, const PickContext& context);

/// Any endpoint that was not tried, all alike. Looks at every endpoint: for retries.
[[nodiscard]] EndpointState* any_untried(Endpoints endpoints, const PickContext& context);

/// A number that differs in every bit from `value` at random, always the same for the same one (splitmix64: Steele,
/// Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014).
[[nodiscard]] constexpr std::uint64_t scramble(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// From 0 to `count` - 1, out of 32 random bits without a division.
[[nodiscard]] constexpr std::size_t scaled_to(std::size_t count, std::uint32_t random) {
  return static_cast<std::size_t>((std::uint64_t{random} * count) >> 32);
}

[[nodiscard]] inline std::uint32_t weight_of(const ServicePort& port, std::size_t index) {
  return port.weights.empty() ? 1 : port.weights[index];
}

/// Where round robin stands, for all workers.
[[nodiscard]] inline std::atomic<std::uint64_t>& cursor_of(const ServicePort& port) {
  return port.route == nullptr ? port.stats->round_robin_cursor : port.route->round_robin_cursor;
}

/// `left` has fewer sessions for its weight than `right`, by the counts and weights given.
[[nodiscard]] constexpr bool less_loaded(std::uint32_t left_active, std::uint32_t left_weight,
                                         std::uint32_t right_active, std::uint32_t right_weight) {
  return std::uint64_t{left_active} * right_weight < std::uint64_t{right_active} * left_weight;
}

}  // namespace ringway::proxy
