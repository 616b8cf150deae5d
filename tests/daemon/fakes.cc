#include "tests/daemon/fakes.h"

#include <utility>

namespace ringway::daemon::test {

proxy::Result<void> FakeDataPlane::bind(const proxy::Snapshot&) {
  ++binds;
  if (!bind_error.empty()) {
    return proxy::failure(proxy::ErrorCode::kInUse, bind_error);
  }
  return {};
}

void FakeDataPlane::publish(std::shared_ptr<const proxy::Snapshot> snapshot) {
  published.push_back(std::move(snapshot));
  if (apply_at_once) {
    in_force = published.back()->version;
    if (switched) {
      switched();
    }
  }
}

void FakeDataPlane::list_sessions(std::size_t limit, std::function<void(std::vector<proxy::SessionInfo>)> done) {
  auto some = sessions;
  some.resize(std::min(some.size(), limit));
  done(std::move(some));
}

std::vector<std::string> FakeDataPlane::listens(const proxy::Snapshot& snapshot) {
  std::vector<std::string> out;
  for (const auto& port : snapshot.ports) {
    if (port) {
      for (const auto& address : port->listen) {
        out.push_back(address.to_string());
      }
    }
  }
  return out;
}

namespace {

const proxy::ServiceKey kPort{"shop", "web", "http", proxy::Protocol::kTcp};

}  // namespace

FakeBoard::FakeBoard() : stats_(std::make_shared<proxy::ServiceStats>(2)) {
  config::Service service;
  service.metadata = {.name = "web", .ns = "shop", .labels = {{"app", "web"}}, .annotations = {}, .at = {}};
  service.cluster_ips = {"127.96.0.10"};
  service.ports = {
      {.name = "http", .port = 80, .protocol = config::Protocol::kTcp, .target_port = std::string("http")}};
  configured.services.push_back(std::move(service));
  configured.ringway.node = "node-a";
  heard["file"] = {.synced = true, .connected = true, .detail = ""};
}

discovery::EndpointView& FakeBoard::add_endpoint(const std::string& address, discovery::EndpointCondition condition) {
  auto& view = endpoints_.emplace_back();
  last_state_ = std::make_shared<proxy::EndpointState>(kPort, proxy::SocketAddress::parse(address).value(),
                                                       "shop/web-" + std::to_string(endpoints_.size()), stats_);
  view.state = last_state_;
  by_address_.emplace(last_state_->address, endpoints_.size() - 1);
  view.source = "file";
  view.condition = condition;
  view.usable = condition == discovery::EndpointCondition::kReady;
  return view;
}

std::shared_ptr<proxy::ServicePort> FakeBoard::running(const proxy::ServiceKey& key) const {
  auto running = std::make_shared<proxy::ServicePort>();
  running->key = key;
  running->listen = {proxy::SocketAddress::parse("127.96.0.10:80").value()};
  running->panic = panic;
  running->stats = stats_;
  return running;
}

std::vector<discovery::ServiceView> FakeBoard::services() const {
  ++asked;
  if (!has_service) {
    return {};
  }
  discovery::ServicePortView port;
  port.configured = configured.services.front().ports.data();
  port.running = running(kPort);
  port.frontends = {{{}, port.running}};
  port.endpoints = endpoints_;
  discovery::ServiceView view;
  view.service = configured.services.data();
  view.ports.push_back(std::move(port));
  return {view};
}

std::vector<discovery::ServicePortView> FakeBoard::ports_after(const proxy::ServiceKey* after,
                                                               std::size_t limit) const {
  std::map<proxy::ServiceKey, std::shared_ptr<proxy::ServicePort>> ports;
  for (std::size_t i = 0; has_service && i <= twins; ++i) {
    proxy::ServiceKey key = kPort;
    key.port += i == 0 ? "" : "-" + std::to_string(i);
    ports[key] = running(key);
  }
  std::vector<discovery::ServicePortView> views;
  for (auto place = after == nullptr ? ports.begin() : ports.upper_bound(*after);
       place != ports.end() && views.size() < limit; ++place) {
    auto& view = views.emplace_back();
    view.key = std::make_shared<proxy::ServiceKey>(place->first);
    view.running = place->second;
    view.frontends = {{{}, view.running}};
  }
  return views;
}

std::vector<discovery::EndpointView> FakeBoard::endpoints_after(const proxy::ServiceKey&,
                                                                const std::optional<proxy::SocketAddress>& after,
                                                                std::size_t limit) const {
  std::vector<discovery::EndpointView> views;
  for (auto place = after ? by_address_.upper_bound(*after) : by_address_.begin(); place != by_address_.end();
       ++place) {
    if (views.size() >= limit && place->first != views.back().state->address) {
      break;
    }
    views.push_back(endpoints_[place->second]);
  }
  return views;
}

std::string read_all(BodySource& body) {
  std::string text;
  while (const auto piece = body.next()) {
    text += *piece;
  }
  return text;
}

std::expected<std::size_t, std::string> FakeBoard::drain(std::string_view endpoint, discovery::DrainLifetime lifetime) {
  const bool persist = lifetime == discovery::DrainLifetime::kPersisted;
  drains.emplace_back(endpoint, persist ? "persist" : "drain");
  if (persist && !drain_error.empty()) {
    return std::unexpected(drain_error);
  }
  return endpoint == "web-1" ? 1 : 0;
}

std::expected<std::size_t, std::string> FakeBoard::undrain(std::string_view endpoint) {
  drains.emplace_back(endpoint, "undrain");
  return endpoint == "web-1" ? 1 : 0;
}

}  // namespace ringway::daemon::test
