#include "discovery/source/cri/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace ringway::discovery {

namespace asio = boost::asio;

namespace {

std::int64_t wall_clock_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

CriSession::CriSession(const asio::any_io_executor& executor, const std::string& path, const CriTimings& timings,
                       CriTable& table, std::shared_ptr<CallGate> gate, Live live)
    : executor_(executor),
      timings_(timings),
      table_(table),
      live_(std::move(live)),
      client_(executor, path, std::move(gate)),
      pause_(executor) {}

asio::awaitable<std::string> CriSession::run() {
  const auto self = shared_from_this();
  auto version = co_await client_.version(timings_.request);
  if (over_) {
    co_return why_;
  }
  if (!version) {
    co_return version.error().code != proxy::ErrorCode::kUnsupported
        ? version.error().context
        : version.error().context + ": is `cri` among disabled_plugins in containerd's config.toml?";
  }
  runtime_ = *version;
  table_.begin(wall_clock_ns());
  watch();
  // Soon again after the first: what happens while a runtime begins to send events may be in neither.
  auto wait = timings_.poll;
  while (!over_ && co_await list()) {
    if (!table_.wants_list()) {
      pause_.expires_after(wait);
      co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    wait = polled_ ? timings_.poll : timings_.relist;
  }
  co_return why_;
}

void CriSession::end(std::string why) {
  if (over_) {
    return;
  }
  over_ = true;
  why_ = std::move(why);
  pause_.cancel();
  client_.close();
}

void CriSession::watch() {
  // The client does not call after `end`, which comes before this is gone.
  client_.watch(
      [this](CriEvent event, proxy::Time arrived) {
        table_.apply(std::move(event), arrived);
        if (table_.wants_list()) {
          pause_.cancel();
        }
      },
      [this](const proxy::Error& why) { events_ended(why); });
}

void CriSession::events_ended(const proxy::Error& why) {
  if (why.code != proxy::ErrorCode::kUnsupported) {
    end(why.context);
    return;
  }
  polled_ = true;
  if (listed_) {
    pause_.cancel();
    announce();
  }
}

asio::awaitable<bool> CriSession::list() {
  table_.list_begins(wall_clock_ns());
  auto sandboxes = co_await client_.sandboxes(timings_.list);
  if (!over_ && !sandboxes) {
    end(sandboxes.error().context);
  }
  if (over_) {
    co_return false;
  }
  auto containers = co_await client_.containers(timings_.list);
  if (!over_ && !containers) {
    end(containers.error().context);
  }
  if (over_) {
    co_return false;
  }
  problem_.clear();
  const auto arrived = std::chrono::steady_clock::now();
  co_await complete(*sandboxes);
  co_await complete(*containers);
  if (over_) {
    co_return false;
  }
  table_.listed({*std::move(sandboxes), *std::move(containers)}, arrived);
  listed_ = true;
  announce();
  co_return true;
}

/// Adds what a list does not tell. One that cannot be asked for holds up nothing: the next round asks again.
asio::awaitable<void> CriSession::complete(std::vector<CriSandbox>& sandboxes) {
  for (auto& listed : sandboxes) {
    if (over_ || table_.knows(listed)) {
      continue;
    }
    auto status = co_await client_.sandbox(listed.id, timings_.status);
    if (status && *status) {
      listed = **std::move(status);
    } else if (!status) {
      problem_ = status.error().context;
    }
  }
}

asio::awaitable<void> CriSession::complete(std::vector<CriContainer>& containers) {
  for (auto& listed : containers) {
    if (over_ || table_.knows(listed)) {
      continue;
    }
    auto status = co_await client_.container(listed, timings_.status);
    if (status && *status) {
      listed = **std::move(status);
    } else if (!status) {
      problem_ = status.error().context;
    }
  }
}

void CriSession::announce() {
  const auto detail =
      runtime_ + (polled_ ? ", polled for want of events" : "") + (problem_.empty() ? "" : "; ") + problem_;
  if (detail != announced_) {
    announced_ = detail;
    live_(detail);
  }
}

}  // namespace ringway::discovery
