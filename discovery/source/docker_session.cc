#include "discovery/source/docker_session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "discovery/source/docker_version.h"

namespace ringway::discovery {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// An entry of a list is some 1.2 KB, an inspect some 6 KB and the labels: room for 10,000 containers and for any
/// labels.
constexpr std::size_t kMaxListBytes = 16 << 20;
constexpr std::size_t kMaxInspectBytes = 4 << 20;
constexpr std::size_t kMaxVersionBytes = 1 << 20;
constexpr std::size_t kMaxPingBytes = 4 << 10;
/// Events are asked for from this long before the list, for the engine's clock is read at another moment than ours.
constexpr std::chrono::seconds kEventSlack{1};
/// `{"type":["container","network"]}`. Not by label: network events have none of the container's.
constexpr std::string_view kEventFilter = "%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%7D";
/// What `docker ps` shows of an id.
constexpr std::size_t kShortIdLength = 12;

std::string events_since_now() {
  const auto since = std::chrono::system_clock::now() - kEventSlack;
  const auto since_s = std::chrono::duration_cast<std::chrono::seconds>(since.time_since_epoch()).count();
  return "/events?since=" + std::to_string(since_s) + "&filters=" + std::string(kEventFilter);
}

}  // namespace

DockerSession::DockerSession(const asio::any_io_executor& executor, std::string path, const DockerTimings& timings,
                             DockerTable& table, Live live)
    : executor_(executor),
      path_(std::move(path)),
      timings_(timings),
      table_(table),
      live_(std::move(live)),
      work_(executor, asio::steady_timer::time_point::max()),
      all_done_(executor, asio::steady_timer::time_point::max()) {}

asio::awaitable<std::string> DockerSession::run() {
  auto& control = new_connection();
  auto answer = co_await control.get("/version", kMaxVersionBytes, timings_.request);
  if (over_) {
    co_return why_;
  }
  if (!answer) {
    co_return answer.error().context;
  }
  if (answer->status != 200) {
    co_return "GET /version: " + describe_answer(*answer);
  }
  const auto version = negotiate_docker_version(answer->body);
  if (!version) {
    co_return version.error().context;
  }
  prefix_ = "/v" + version->api;
  engine_ = version->detail;

  table_.begin();
  spawn(read_events(prefix_ + events_since_now()));
  spawn(list_and_ping(control));
  for (int worker = 0; worker < kWorkers; ++worker) {
    spawn(inspect_containers());
  }
  while (running_ > 0) {
    co_await all_done_.async_wait(kAwait);
  }
  co_return why_;
}

void DockerSession::end(std::string why) {
  if (over_) {
    return;
  }
  over_ = true;
  why_ = std::move(why);
  work_.cancel();
  for (auto* timer : sleeping_) {
    timer->cancel();
  }
  for (const auto& connection : connections_) {
    connection->close();
  }
}

asio::awaitable<void> DockerSession::read_events(std::string target) {
  auto& connection = new_connection();
  auto opened = co_await connection.open_stream(std::move(target), timings_.request);
  if (!opened) {
    end(opened.error().context);
  }
  while (!over_) {
    auto line = co_await connection.next_line();
    const auto arrived = std::chrono::steady_clock::now();
    if (over_) {
      co_return;
    }
    if (!line) {
      end(line.error().context);
      co_return;
    }
    if (line->find_first_not_of(" \r") == std::string::npos) {
      continue;
    }
    const auto event = parse_docker_event(*line);
    if (!event) {
      end("reading events: " + event.error());
      co_return;
    }
    table_.apply(*event, arrived);
    table_changed();
  }
}

asio::awaitable<void> DockerSession::list_and_ping(DockerConnection& control) {
  auto list = co_await control.get(prefix_ + "/containers/json?all=1", kMaxListBytes, timings_.request);
  if (over_) {
    co_return;
  }
  if (!list || list->status != 200) {
    end(list ? "listing containers: " + describe_answer(*list) : list.error().context);
    co_return;
  }
  const auto ids = parse_docker_list(list->body);
  if (!ids) {
    end("listing containers: the answer is no JSON list");
    co_return;
  }
  table_.listed(*ids, std::chrono::steady_clock::now());
  table_changed();

  while (!over_) {
    co_await sleep(timings_.ping_interval);
    if (over_) {
      co_return;
    }
    auto ping = co_await control.get("/_ping", kMaxPingBytes, timings_.ping);
    if (!ping || ping->status != 200) {
      end(ping ? "GET /_ping: " + describe_answer(*ping) : ping.error().context);
    }
  }
}

asio::awaitable<void> DockerSession::inspect_containers() {
  auto& connection = new_connection();
  while (!over_) {
    auto id = table_.next_inspect();
    if (!id) {
      co_await work_.async_wait(kAwait);
      continue;
    }
    const auto problem = co_await inspect(connection, *id);
    if (!over_) {
      inspect_ended(*id, problem);
      table_changed();
    }
  }
}

asio::awaitable<std::string> DockerSession::inspect(DockerConnection& connection, const std::string& id) {
  auto answer = co_await connection.get(prefix_ + "/containers/" + id + "/json", kMaxInspectBytes, timings_.request);
  if (over_) {
    co_return "";
  }
  if (!answer && answer.error().code == proxy::ErrorCode::kUnavailable) {
    end(answer.error().context);
    co_return "";
  }
  std::string problem = answer ? "" : answer.error().context;
  if (answer && answer->status == 404) {
    table_.missing(id);
    co_return "";
  }
  if (answer && answer->status != 200) {
    problem = "inspecting " + id.substr(0, kShortIdLength) + ": " + describe_answer(*answer);
  } else if (answer) {
    auto container = parse_docker_container(answer->body);
    if (container && container->id == id) {
      table_.inspected(id, *std::move(container));
      co_return "";
    }
    problem = "inspecting " + id.substr(0, kShortIdLength) + ": the answer describes no such container";
  }
  table_.failed(id);
  co_return problem;
}

void DockerSession::inspect_ended(const std::string& id, const std::string& problem) {
  if (!problem.empty() && asked_again_.insert(id).second) {
    spawn(ask_again_later(id));
  }
  if (problem.empty() && id != problem_id_) {
    return;
  }
  const bool changed = problem != problem_;
  problem_id_ = problem.empty() ? "" : id;
  problem_ = problem;
  if (changed && announced_) {
    live_(engine_ + (problem_.empty() ? "" : "; " + problem_));
  }
}

asio::awaitable<void> DockerSession::ask_again_later(std::string id) {
  co_await sleep(timings_.inspect_backoff);
  if (!over_) {
    asked_again_.erase(id);
    table_.again(id);
    table_changed();
  }
}

asio::awaitable<void> DockerSession::sleep(milliseconds duration) {
  asio::steady_timer timer(executor_, duration);
  sleeping_.insert(&timer);
  co_await timer.async_wait(kAwait);
  sleeping_.erase(&timer);
}

void DockerSession::spawn(Awaitable work) {
  ++running_;
  asio::co_spawn(executor_, std::move(work), [self = shared_from_this()](const std::exception_ptr& thrown) {
    --self->running_;
    if (thrown) {
      self->end("a failure inside of the watcher");
    }
    self->all_done_.cancel();
  });
}

void DockerSession::table_changed() {
  if (over_) {
    return;
  }
  if (table_.wants_inspect()) {
    work_.cancel();
  }
  if (!announced_ && table_.live()) {
    announced_ = true;
    live_(engine_ + (problem_.empty() ? "" : "; " + problem_));
  }
}

DockerConnection& DockerSession::new_connection() {
  return *connections_.emplace_back(std::make_unique<DockerConnection>(executor_, path_));
}

}  // namespace ringway::discovery
