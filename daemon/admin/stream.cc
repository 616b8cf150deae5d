#include "daemon/admin/stream.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/admin/views.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

/// What tells one object of a list from another, from one message to the next.
json identity(const json& item) {
  json out = json::object();
  for (const char* field :
       {"namespace", "name", "service", "port", "protocol", "route", "address", "workload", "source", "id"}) {
    if (const auto found = item.find(field); found != item.end()) {
      out[field] = *found;
    }
  }
  return out;
}

/// A hash of all but the counters.
std::size_t state_of(json item) {
  item.erase("counters");
  if (const auto ports = item.find("ports"); ports != item.end()) {
    for (auto& port : *ports) {
      port.erase("counters");
      if (const auto routes = port.find("routes"); routes != port.end()) {
        for (auto& route : *routes) {
          route.erase("counters");
        }
      }
    }
  }
  return std::hash<std::string>{}(to_line(item));
}

/// What a client knows of one list.
class Known {
 public:
  /// Splits the list as it is now into what the client must be told.
  void update(json items, json& changed, json& removed) {
    std::map<std::string, std::size_t> now;
    for (auto& item : items) {
      std::string key = to_line(identity(item));
      const std::size_t state = state_of(item);
      const auto before = states_.find(key);
      if (before == states_.end() || before->second != state) {
        changed.push_back(std::move(item));
      }
      now.emplace(std::move(key), state);
    }
    for (const auto& [key, state] : states_) {
      if (!now.contains(key)) {
        removed.push_back(json::parse(key, nullptr, false));
      }
    }
    states_ = std::move(now);
  }

 private:
  std::map<std::string, std::size_t> states_;
};

class BoardStream final : public StreamSource {
 public:
  BoardStream(const Board& board, Filter filter) : board_(board), filter_(std::move(filter)) {}

  std::string next() override {
    json body = json::object();
    json removed = json::object();
    bool news = first_;
    const auto services = board_.services();
    const auto list = [&](const char* name, Known& known, json items) {
      json changed = json::array();
      json gone = json::array();
      known.update(std::move(items), changed, gone);
      news = news || !changed.empty() || !gone.empty();
      body[name] = std::move(changed);
      removed[name] = std::move(gone);
    };
    list("services", services_, services_json(services, filter_));
    list("endpoints", endpoints_, endpoints_json(services, filter_));
    list("workloads", workloads_, workloads_json(board_.workloads(), services, filter_));
    body["events"] = events_json(board_.events(), filter_, last_event_);
    news = news || !body["events"].empty();
    if (const auto lost = first_ ? 0 : board_.events().lost_since(last_event_); lost > 0) {
      body["eventsLost"] = lost;
      news = true;
    }
    last_event_ = board_.events().newest();
    if (!news) {
      return "";
    }
    if (!first_) {
      body["removed"] = std::move(removed);
    }
    const std::string kind = std::exchange(first_, false) ? "snapshot" : "changes";
    return "event: " + kind + "\ndata: " + to_line(body) + "\n\n";
  }

 private:
  const Board& board_;
  Filter filter_;
  Known services_;
  Known endpoints_;
  Known workloads_;
  std::uint64_t last_event_ = 0;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<StreamSource> make_board_stream(const Board& board, Filter filter) {
  return std::make_unique<BoardStream>(board, std::move(filter));
}

}  // namespace ringway::daemon
