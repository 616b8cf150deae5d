#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace ringway::discovery {

/// Calls `passed` once when `deadline` has passed, and never after the end of this object. Control thread.
///
/// The cancelling of a timer is not enough for that: where it expires in the same turn of the loop in which the work
/// that it limits completes, its handler is queued already, and runs without an error after that work is gone.
class TimeLimit {
 public:
  TimeLimit(const boost::asio::any_io_executor& executor, boost::asio::steady_timer::time_point deadline,
            std::function<void()> passed)
      : passed_(std::make_shared<std::function<void()>>(std::move(passed))), timer_(executor, deadline) {
    timer_.async_wait([weak = std::weak_ptr(passed_)](const boost::system::error_code& cancelled) {
      if (const auto call = weak.lock(); call && !cancelled) {
        (*call)();
      }
    });
  }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  ~TimeLimit() = default;

 private:
  std::shared_ptr<std::function<void()>> passed_;
  boost::asio::steady_timer timer_;
};

}  // namespace ringway::discovery
