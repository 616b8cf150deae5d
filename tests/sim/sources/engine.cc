#include "tests/sim/sources/engine.h"

#include <utility>

namespace ringway::sim {
namespace {

using discovery::Workload;
using std::chrono::milliseconds;

constexpr std::uint32_t kPlaces = 4;

bool may_be_picked(const Workload& container) {
  return container.ready && !container.terminating;
}

}  // namespace

Engine::Engine(std::string name, std::uint32_t first_address, proxy::simulated::Timeline& timeline, Hosts& hosts,
               discovery::WorkloadSink& sink, const EngineTroubles& troubles, std::uint64_t seed)
    : name_(std::move(name)),
      first_address_(first_address),
      timeline_(timeline),
      hosts_(hosts),
      sink_(sink),
      troubles_(troubles),
      random_(seed),
      places_(kPlaces) {}

void Engine::start() {
  for (std::uint32_t place = 0; place < kPlaces; ++place) {
    show(place);
    if (random_.chance(0.6)) {
      begin(place);
    }
  }
  act(kConnected, 0);
}

/// What is true of a place from now on, whoever has heard of it.
void Engine::show(std::uint32_t place) {
  const auto& container = places_[place].container;
  for (const SimulatedService& service : kSimulatedServices) {
    const SocketAddress address(proxy::IpAddress::v4(first_address_ + place), service.port);
    hosts_.set_listening(address, container.has_value());
    hosts_.set_usable(address, container && may_be_picked(*container) && container->labels.at("app") == service.app);
  }
}

void Engine::begin(std::uint32_t place) {
  Workload& container = places_[place].container.emplace();
  container.source = name_;
  container.id = name_ + "-" + std::to_string(++containers_);
  container.name = container.id;
  container.labels["app"] = kSimulatedServices[random_.below(2)].app;
  container.addresses = {proxy::IpAddress::v4(first_address_ + place)};
  container.ready = random_.chance(0.8);
  changed(place);
}

void Engine::end(std::uint32_t place) {
  const Workload gone = *std::exchange(places_[place].container, std::nullopt);
  show(place);
  tell({.workload = gone, .gone = true, .version = ++versions_});
}

void Engine::changed(std::uint32_t place) {
  show(place);
  places_[place].version = ++versions_;
  tell({.workload = *places_[place].container, .gone = false, .version = versions_});
}

void Engine::change() {
  if (settled() && random_.chance(troubles_.restarts)) {
    restart();
    return;
  }
  const std::uint32_t place = random_.below(kPlaces);
  auto& container = places_[place].container;
  if (!container) {
    begin(place);
    return;
  }
  switch (random_.below(5)) {
    case 0:
      end(place);
      // Its address may have a new owner at once.
      if (random_.chance(0.5)) {
        begin(place);
      }
      return;
    case 1:
      if (!container->terminating) {
        container->terminating = true;
        changed(place);
        timeline_.after(random_.between(milliseconds(1), milliseconds(1500)), *this, kStopped, place);
      }
      return;
    case 2:
      container->labels["app"] = kSimulatedServices[random_.below(2)].app;
      break;
    default:
      container->ready = !container->ready;
  }
  changed(place);
}

/// The stream ends, and most containers with it; they are others when they are back.
void Engine::restart() {
  lose();
  for (std::uint32_t place = 0; place < kPlaces; ++place) {
    if (places_[place].container && random_.chance(0.7)) {
      end(place);
      if (random_.chance(0.5)) {
        begin(place);
      }
    }
  }
}

void Engine::lose() {
  streams_ = false;
  timeline_.after(random_.between(Duration(), kMostUnnoticed), *this, kNoticed, 0);
}

void Engine::tell(News news) {
  if (settled() && random_.chance(troubles_.lost)) {
    lose();
  }
  if (!streams_) {
    return;
  }
  const auto index = static_cast<std::uint32_t>(sent_.size());
  news.stream = connects_;
  sent_.push_back(std::move(news));
  for (int times = random_.chance(troubles_.repeated) ? 2 : 1; times > 0; --times) {
    const Duration most = random_.chance(troubles_.late) ? kMostLate : milliseconds(1);
    timeline_.after(random_.between(Duration(), most), *this, kHeard, index);
  }
}

void Engine::act(std::uint32_t what, std::uint32_t subject) {
  switch (static_cast<Happening>(what)) {
    case kHeard:
      if (sent_[subject].stream != connects_) {
        break;  // What was under way on a connection is lost with it.
      }
      if (listing_) {
        waiting_.push_back(sent_[subject]);
      } else {
        hear(sent_[subject]);
      }
      break;
    case kNoticed:
      sink_.status(name_, {.synced = true, .connected = false, .detail = "lost"});
      timeline_.after(random_.between(Duration(), kMostReconnect), *this, kConnected, 0);
      break;
    case kConnected:
      list();
      break;
    case kListed:
      apply_list();
      break;
    case kStopped:
      if (places_[subject].container && places_[subject].container->terminating) {
        end(subject);
      }
      break;
  }
}

/// What is there at this moment; it comes later, and events go on.
void Engine::list() {
  streams_ = true;
  ++connects_;
  listing_ = true;
  list_.clear();
  for (const Place& place : places_) {
    if (place.container) {
      list_.push_back({.workload = *place.container, .gone = false, .version = place.version});
    }
  }
  const Duration most = random_.chance(troubles_.slow) ? kMostList : milliseconds(2);
  timeline_.after(random_.between(Duration(), most), *this, kListed, 0);
}

void Engine::apply_list() {
  std::vector<Workload> all;
  for (auto& [id, version] : told_) {
    version = versions_;  // What is not in the list is gone for good: an id has one life.
  }
  for (const News& one : list_) {
    told_[one.workload.id] = one.version;
    all.push_back(one.workload);
  }
  sink_.status(name_, {.synced = true, .connected = true, .detail = "connected"});
  sink_.reset(name_, std::move(all), timeline_.now());
  listing_ = false;
  for (const News& news : std::exchange(waiting_, {})) {
    hear(news);
  }
}

void Engine::hear(const News& news) {
  std::uint64_t& told = told_[news.workload.id];
  if (news.version < told) {
    return;
  }
  told = news.version;
  if (news.gone) {
    sink_.remove(name_, news.workload.id, timeline_.now());
  } else {
    sink_.upsert(news.workload, timeline_.now());
  }
}

}  // namespace ringway::sim
