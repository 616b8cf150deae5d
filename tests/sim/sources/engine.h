#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "discovery/source/watcher.h"
#include "tests/sim/sources/hosts.h"

namespace ringway::sim {

/// So much an engine and the way to it do wrong; each a probability for one occasion.
struct EngineTroubles {
  double lost = 0;      ///< an event is lost with its stream, which is noticed later
  double repeated = 0;  ///< an event comes twice
  double late = 0;      ///< an event comes late, and others overtake it
  double slow = 0;      ///< a list takes long, and events overtake it
  double restarts = 0;  ///< instead of one change: the engine restarts, and its containers with it
};

/// The longest that each step between a change and the Store may take.
inline constexpr auto kMostLate = std::chrono::milliseconds(100);
inline constexpr auto kMostUnnoticed = std::chrono::milliseconds(100);
inline constexpr auto kMostReconnect = std::chrono::milliseconds(100);
inline constexpr auto kMostList = std::chrono::milliseconds(300);
/// And all of them after each other.
inline constexpr auto kMostHearsay = kMostLate + kMostUnnoticed + kMostReconnect + kMostList;

/// A Service of the simulation: its label's value and its port.
struct SimulatedService {
  const char* app;
  std::uint16_t port;
};
inline constexpr SimulatedService kSimulatedServices[] = {{"web", 8080}, {"api", 9090}};

/// A container engine whose containers come, change and go at random, and the Watcher that hears of it. The Watcher
/// does what its contract says (discovery/source/watcher.h): a list after each connect, no older news of a container
/// after newer ones.
class Engine final : public proxy::simulated::Actor {
 public:
  Engine(std::string name, std::uint32_t first_address, proxy::simulated::Timeline& timeline, Hosts& hosts,
         discovery::WorkloadSink& sink, const EngineTroubles& troubles, std::uint64_t seed);

  /// Begins to watch, with some containers there already.
  void start();
  /// Something happens to one of its containers, or to all of them.
  void change();

 private:
  enum Happening : std::uint32_t { kHeard, kNoticed, kConnected, kListed, kStopped };
  /// One address, and the container that has it now.
  struct Place {
    std::optional<discovery::Workload> container;
    std::uint64_t version = 0;
  };
  struct News {
    discovery::Workload workload;
    bool gone = false;
    std::uint64_t version = 0;
    std::uint64_t stream = 0;  ///< the connection that it came by
  };

  void act(std::uint32_t what, std::uint32_t subject) override;
  void begin(std::uint32_t place);
  void end(std::uint32_t place);
  void changed(std::uint32_t place);
  void restart();
  void lose();
  /// Whether the stream may be lost: one loss after the other would know no bound.
  [[nodiscard]] bool settled() const { return streams_ && !listing_; }
  void tell(News news);
  void list();
  void apply_list();
  void hear(const News& news);
  void show(std::uint32_t place);

  std::string name_;
  std::uint32_t first_address_;
  proxy::simulated::Timeline& timeline_;
  Hosts& hosts_;
  discovery::WorkloadSink& sink_;
  EngineTroubles troubles_;
  Random random_;
  std::vector<Place> places_;
  std::uint64_t versions_ = 0;
  std::uint64_t containers_ = 0;
  std::uint64_t connects_ = 0;

  bool streams_ = false;                       ///< events are sent
  bool listing_ = false;                       ///< what is heard waits for the list
  std::vector<News> sent_;                     ///< all that ever was
  std::vector<News> list_;                     ///< the one under way
  std::vector<News> waiting_;                  ///< came before the list did
  std::map<std::string, std::uint64_t> told_;  ///< the version of each container that the sink knows
};

}  // namespace ringway::sim
