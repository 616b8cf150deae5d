#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace ringway::daemon {

/// Something that happened and that a person may want to know of later.
struct Event {
  std::uint64_t sequence = 0;                       ///< counts from 1, without gaps; set by the log
  std::chrono::system_clock::time_point time = {};  ///< set by the log
  std::string kind;                                 ///< one word: `EndpointAdded`, `Panic`, `Reloaded`
  std::string object;        ///< `endpoint/10.0.0.1:8080`, `service/shop/web:http`, `source/docker`, `configuration`
  std::string ns = {};       ///< of the Service concerned, "" where it concerns none
  std::string service = {};  ///< the Service concerned
  std::string message = {};
};

/// The newest events, at most kLimit; older ones fall out. Texts are cut, so that all of them together never take more
/// than kMaxBytes. Control thread.
class EventLog {
 public:
  static constexpr std::size_t kLimit = 1'000;
  static constexpr std::size_t kMaxObject = 384;     ///< bytes; the longest namespace, name and port fit
  static constexpr std::size_t kMaxMessage = 1'024;  ///< bytes; a longer one ends in "..."
  /// The two, namespace and Service (as Kubernetes limits them) and the object itself.
  static constexpr std::size_t kMaxBytes = kLimit * (kMaxObject + kMaxMessage + 640);

  /// Sets sequence and time, and cuts what is too long.
  void add(Event event);
  [[nodiscard]] const std::deque<Event>& all() const { return events_; }
  [[nodiscard]] std::uint64_t newest() const { return newest_; }
  /// How many of those after the one with sequence `last` have fallen out.
  [[nodiscard]] std::uint64_t lost_since(std::uint64_t last) const;

 private:
  std::deque<Event> events_;
  std::uint64_t newest_ = 0;
};

}  // namespace ringway::daemon
