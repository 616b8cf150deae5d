#include "discovery/kubernetes/reflector.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace ringway::discovery {

namespace asio = boost::asio;
using config::ApiEvent;
using config::ApiKind;
using proxy::ErrorCode;
using std::chrono::milliseconds;

namespace {

/// client-go's page.
constexpr int kPageItems = 500;
constexpr std::size_t kMaxPageBytes = 256 << 20;
/// Pages that one list may take: 50 million objects.
constexpr int kMaxPages = 100'000;
/// A version that leads to nothing but failures is given up after this many.
constexpr int kFailuresUntilList = 3;
constexpr std::size_t kMaxErrorText = 300;
/// A server's wish to be left alone is granted this long.
constexpr milliseconds kLongestRetryAfter{60'000};

constexpr unsigned kUnauthorized = 401;
constexpr unsigned kForbidden = 403;
constexpr unsigned kGone = 410;
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kServiceUnavailable = 503;
constexpr unsigned kGatewayTimeout = 504;

std::string printable(std::string text) {
  text.resize(std::min(text.size(), kMaxErrorText));
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c >= 0x7f; }, ' ');
  return text;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 0xf]};
    }
  }
  return out;
}

std::string ApiResource::path() const {
  const std::string scope = ns.empty() ? "" : "/namespaces/" + ns;
  switch (kind) {
    case ApiKind::kService:
      return "/api/v1" + scope + "/services";
    case ApiKind::kEndpointSlice:
      return "/apis/discovery.k8s.io/v1" + scope + "/endpointslices";
    case ApiKind::kPod:
      return "/api/v1" + scope + "/pods";
    case ApiKind::kNode:
      break;
  }
  return "/api/v1/nodes";
}

std::string ApiResource::name() const {
  const std::string whole = path();
  return whole.substr(whole.rfind('/') + 1) + (ns.empty() ? "" : " in " + ns);
}

Reflector::Reflector(const asio::any_io_executor& executor, std::shared_ptr<Login> login, ApiResource resource,
                     const KubernetesTimings& timings, Hooks hooks)
    : executor_(executor),
      login_(std::move(login)),
      resource_(std::move(resource)),
      timings_(timings),
      hooks_(std::move(hooks)),
      connection_(executor),
      pause_(executor),
      backoff_(timings.first_backoff) {}

void Reflector::start() {
  asio::co_spawn(executor_, [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Reflector::stop() {
  stopped_ = true;
  pause_.cancel();
  connection_.close();
}

asio::awaitable<void> Reflector::run() {
  while (!stopped_) {
    const auto began = std::chrono::steady_clock::now();
    progress_ = false;
    const Outcome outcome = co_await round();
    if (stopped_) {
      co_return;
    }
    if (outcome.failed) {
      say(false, resource_.name() + ": " + outcome.why);
      failures_ += 1;
      if (failures_ % kFailuresUntilList == 0) {
        version_.clear();
      }
    } else {
      failures_ = 0;
      if (progress_ || std::chrono::steady_clock::now() - began > timings_.last_backoff) {
        backoff_ = timings_.first_backoff;
      }
    }
    pause_.expires_after(pause_after(outcome));
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

milliseconds Reflector::pause_after(const Outcome& outcome) {
  if (!outcome.failed && progress_) {
    return milliseconds(0);
  }
  // Between half of the backoff and all of it, so that the nodes of a cluster do not come back together.
  const milliseconds jittered(
      std::uniform_int_distribution<milliseconds::rep>(backoff_.count() / 2, backoff_.count())(random_));
  backoff_ = std::min(backoff_ * 2, timings_.last_backoff);
  return std::max(jittered, std::min(outcome.retry_after, kLongestRetryAfter));
}

asio::awaitable<Reflector::Outcome> Reflector::round() {
  if (version_.empty()) {
    auto listed = co_await list();
    if (stopped_ || listed.failed || version_.empty()) {
      co_return listed;
    }
  }
  co_return co_await watch();
}

asio::awaitable<Reflector::Outcome> Reflector::list() {
  std::vector<config::ApiObject> all;
  std::string next;
  // A token that has expired while its pages were read: the list begins anew, in one piece, for that cannot expire.
  bool in_pages = true;
  for (int page_number = 0; page_number < kMaxPages; ++page_number) {
    auto login = co_await login_->get();
    if (stopped_) {
      co_return Outcome{};
    }
    if (!login) {
      co_return lost(login.error());
    }
    auto answer =
        co_await connection_.get(*std::move(login), list_target(next, in_pages), kMaxPageBytes, timings_.request);
    const auto arrived = std::chrono::steady_clock::now();
    if (stopped_) {
      co_return Outcome{};
    }
    if (!answer) {
      co_return lost(answer.error());
    }
    if (answer->status == kGone && !next.empty()) {
      next.clear();
      all.clear();
      in_pages = false;
      continue;
    }
    if (answer->status != 200) {
      co_return refused("listing", *answer);
    }
    auto page = config::read_api_page(answer->body, resource_.kind);
    if (!page) {
      co_return Outcome{true, "listing: " + printable(page.error()), {}};
    }
    std::ranges::move(page->items, std::back_inserter(all));
    next = std::move(page->next);
    if (next.empty()) {
      version_ = std::move(page->resource_version);
      progress_ = true;
      hooks_.listed(std::move(all), arrived);
      say(true, "");
      co_return Outcome{};
    }
  }
  co_return Outcome{true, "listing: the pages do not end", {}};
}

asio::awaitable<Reflector::Outcome> Reflector::watch() {
  auto login = co_await login_->get();
  if (stopped_) {
    co_return Outcome{};
  }
  if (!login) {
    co_return lost(login.error());
  }
  auto answer = co_await connection_.watch(*std::move(login), watch_target(), timings_.request);
  if (stopped_) {
    co_return Outcome{};
  }
  if (!answer) {
    co_return lost(answer.error());
  }
  if (answer->status == kGone) {
    version_.clear();
    progress_ = false;
    co_return Outcome{};
  }
  if (answer->status != 200) {
    const bool may_pass = answer->status == kUnauthorized || answer->status == kForbidden ||
                          answer->status == kTooManyRequests || answer->status == kServiceUnavailable ||
                          answer->status == kGatewayTimeout;
    if (!may_pass) {
      version_.clear();
    }
    co_return refused("watching", *answer);
  }
  say(true, "");
  co_return co_await follow();
}

asio::awaitable<Reflector::Outcome> Reflector::follow() {
  while (true) {
    const auto line = co_await connection_.next_line(timings_.silence);
    if (stopped_) {
      co_return Outcome{};
    }
    if (!line && line.error().code == ErrorCode::kExhausted && line.error().context.contains("16 MiB")) {
      co_return lost(line.error());
    }
    // The end in order, a cut and silence mean the same: go on from the last version. Whether the server still lives
    // shows the next request.
    if (!line || !*line) {
      co_return Outcome{};
    }
    if (auto outcome = apply(**line); outcome.failed || version_.empty()) {
      connection_.drop();
      co_return outcome;
    }
  }
}

Reflector::Outcome Reflector::apply(const std::string& line) {
  const auto arrived = std::chrono::steady_clock::now();
  const auto event = config::read_api_event(line, resource_.kind);
  if (!event) {
    return {true, "watching: " + printable(event.error()), {}};
  }
  if (event->type == ApiEvent::Type::kError) {
    version_.clear();
    progress_ = false;
    const bool gone = event->status.code == static_cast<int>(kGone) || event->status.reason == "Expired";
    return {!gone, "watching: " + std::to_string(event->status.code) + ": " + printable(event->status.message), {}};
  }
  progress_ = true;
  if (!event->object.resource_version.empty()) {
    version_ = event->object.resource_version;
  }
  if (event->type != ApiEvent::Type::kBookmark) {
    hooks_.event(*event, arrived);
  }
  return {};
}

Reflector::Outcome Reflector::refused(const std::string& doing, const ApiAnswer& answer) {
  if (answer.status == kUnauthorized) {
    login_->refused();
    connection_.drop();
  }
  const auto status = config::read_api_status(answer.body);
  const std::string message = printable(status.message.empty() ? answer.body : status.message);
  return {true, doing + ": " + std::to_string(answer.status) + (message.empty() ? "" : ": " + message),
          answer.retry_after};
}

Reflector::Outcome Reflector::lost(const proxy::Error& error) {
  login_->unreachable();
  return {true, printable(error.context), {}};
}

void Reflector::say(bool connected, const std::string& detail) {
  if (said_connected_ != connected || said_ != detail) {
    said_connected_ = connected;
    said_ = detail;
    hooks_.state(connected, detail);
  }
}

std::string Reflector::list_target(const std::string& next, bool in_pages) const {
  std::string target = resource_.path() + "?";
  if (in_pages) {
    target += "limit=" + std::to_string(kPageItems) + "&";
  }
  const auto add = [&target](const std::string& key, const std::string& value) {
    if (!value.empty()) {
      target += key + "=" + percent_encoded(value) + "&";
    }
  };
  add("continue", next);
  add("labelSelector", resource_.label_selector);
  add("fieldSelector", resource_.field_selector);
  target.pop_back();
  return target;
}

std::string Reflector::watch_target() {
  // Spread, so that the watches of many nodes do not end together.
  const auto limit = timings_.watch.count() / 1000;
  const auto seconds = std::uniform_int_distribution<milliseconds::rep>(limit, limit * 2)(random_);
  std::string target = resource_.path() + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=" +
                       std::to_string(std::max<milliseconds::rep>(1, seconds)) +
                       "&resourceVersion=" + percent_encoded(version_);
  if (!resource_.label_selector.empty()) {
    target += "&labelSelector=" + percent_encoded(resource_.label_selector);
  }
  if (!resource_.field_selector.empty()) {
    target += "&fieldSelector=" + percent_encoded(resource_.field_selector);
  }
  return target;
}

}  // namespace ringway::discovery
