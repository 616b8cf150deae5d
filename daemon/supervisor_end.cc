#include <algorithm>
#include <boost/asio/post.hpp>

#include "daemon/log.h"
#include "daemon/supervisor_impl.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

/// The largest `drain.timeout` of all Services (0 has no limit), at most `longest`.
std::chrono::milliseconds drain_limit(const config::Configuration& configuration, std::chrono::milliseconds longest) {
  std::chrono::milliseconds limit{0};
  for (const auto& service : configuration.services) {
    const auto timeout = service.policy.drain_timeout;
    limit = std::max(limit, timeout.count() == 0 ? longest : timeout);
  }
  return std::min(limit, longest);
}

}  // namespace

void Supervisor::Impl::end() {
  if (stopping_) {
    log::info("ending at once");
    finish();
    return;
  }
  stopping_ = true;
  const auto limit = drain_limit(*configuration_, options_.longest_drain);
  log::info("draining for at most " + to_duration(limit) + "; a second signal ends at once");
  events_.add({.kind = "Stopping", .object = "configuration", .message = "the daemon drains"});
  changed_something();
  data_plane_->drain([this] { boost::asio::post(context_, [this] { finish(); }); });
  end_timer_.expires_after(limit);
  end_timer_.async_wait([this](const auto& error) {
    if (!error && !finished_) {
      log::info("the drain limit has passed");
      finish();
    }
  });
}

void Supervisor::Impl::finish() {
  if (finished_) {
    return;
  }
  finished_ = true;
  config_watch_.reset();
  probe_.reset();
  health_ports_.reset();
  for (const auto& watcher : watchers_) {
    watcher->stop();
  }
  if (server_) {
    server_->stop();
  }
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  for (auto* timer : {&expire_timer_, &second_timer_, &access_timer_, &end_timer_, &merge_timer_, &publish_timer_}) {
    timer->cancel();
  }
  if (data_plane_) {
    data_plane_->stop();
    if (configuration_->ringway.access_log) {
      write_access_log();
    }
    if (published_) {
      log::info("ended");
    }
  }
  context_.stop();
}

}  // namespace ringway::daemon
