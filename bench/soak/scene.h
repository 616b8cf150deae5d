#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/soak/kinds.h"
#include "bench/soak/traffic.h"
#include "tests/harness/daemon.h"
#include "tests/harness/echo_server.h"

namespace ringway::soak {

/// One endpoint: an address, and the server there, which may be gone and come back under another name.
struct Place {
  SocketAddress at;
  std::unique_ptr<test::EchoServer> server;  ///< null while it is killed
  std::uint32_t life = 0;
  bool configured = true;
};

struct SoakService {
  std::string name;
  SocketAddress vip;
  test::Mode mode = test::Mode::kGreet;
  std::string policy;
  std::vector<Place> places;
  bool shown = true;  ///< stands in the configuration

  [[nodiscard]] bool whole() const;
};

/// How a new configuration reaches the daemon.
enum class Arrival : std::uint8_t { kRename, kWrite, kReload, kSignal };

/// The servers, the Services before them, and the daemon between. One thread.
class Scene {
 public:
  Scene(const std::string& engine, std::uint64_t file_limit, Verdict& verdict);

  [[nodiscard]] test::Daemon& daemon() { return *daemon_; }
  [[nodiscard]] std::vector<SoakService>& services() { return services_; }
  [[nodiscard]] SoakService& service(const std::string& name);
  [[nodiscard]] std::vector<Target> targets() const;

  /// The server ends with RST for all that it holds.
  void kill(Place& place);
  void revive(const SoakService& service, Place& place);

  /// Brings the configuration as the services stand now; `flaw` is appended, and then it must be refused.
  void configure(Arrival arrival, const std::string& flaw = "");
  /// The parts of `configure`: remembers what the daemon has read until now, puts the file there, and waits for the
  /// daemon to have come to a result with it; false where it does not within `limit`.
  void note_reloads();
  void put(Arrival arrival, const std::string& flaw = "");
  [[nodiscard]] bool await_result(bool valid, milliseconds limit = test::kPatience);

  /// Uploads that a server which was never killed did not get whole, and streams that came to it with a wrong byte.
  void check_uploads(const TrafficReport& report);
  /// As above, remembered of a server that goes.
  void note_wrong(const test::EchoServer& server);

 private:
  void add(const std::string& name, std::size_t places, test::Mode mode, const std::string& policy);
  [[nodiscard]] std::string documents() const;

  Verdict& verdict_;
  std::vector<SoakService> services_;
  std::unique_ptr<test::Daemon> daemon_;
  double reloads_before_ = 0;
};

}  // namespace ringway::soak
