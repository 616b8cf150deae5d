#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "proxy/relay/reactor.h"
#include "proxy/ring/simulated/simulated_ring.h"

// What the data plane itself costs for a message: its sessions over a simulated ring without faults, so without the
// kernel. The simulation's own cost is in the figure, and stays the same when the sessions change.
namespace ringway::proxy {
namespace {

using simulated::EndId;

constexpr std::size_t kMessage_bytes = 64;

/// Clients that say something and wait for it to come back, an upstream that says it back, nobody who watches.
class Echo final : public simulated::EndWatcher,
                   public simulated::ListenWatcher,
                   public simulated::Router,
                   public simulated::Observer {
 public:
  explicit Echo(std::uint32_t clients)
      : network_(timeline_, *this, trace_, {}, 1),
        ring_(timeline_, network_, *this, trace_, {.buffer_count = 4 * clients}, {.most_turn_cost = Duration()}, 1) {
    const SocketAddress virtual_ip(IpAddress::v4(0x7f600001), 80);
    const SocketAddress address(IpAddress::v4(0x0a010001), 8080);
    listener_ = network_.bind(address, *this);
    network_.set_listening(listener_, true);
    auto port = std::make_shared<ServicePort>();
    port->stats = std::make_shared<ServiceStats>(1);
    port->endpoints.push_back(std::make_shared<EndpointState>(port->key, address, "", port->stats));
    port->policy.idle_timeout = {};
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->ports = {port};
    plan_.pickers.push_back(make_picker(*port));
    plan_.snapshot = std::move(snapshot);
    budget_.limit = clients + 1;
    reactor_ = std::make_unique<Reactor>(SessionTable::Shared{.ring = ring_, .counters = counters_, .budget = budget_},
                                         -1, Reactor::Hooks());
    reactor_->switch_to({.plan = &plan_,
                         .changed_slots = {0},
                         .added = {{.fd = ring_.bind(virtual_ip), .address = virtual_ip, .port_slot = 0}}});
    for (std::uint32_t client = 0; client < clients; ++client) {
      const EndId end = network_.open(SocketAddress(IpAddress::v4(0x0a800001 + client), 40'000), *this);
      clients_.push_back(end);
      is_client_.resize(end + 1);
      is_client_[end] = true;
      network_.connect(end, virtual_ip);
    }
    const auto connected = [this](EndId client) { return network_.at(client).established; };
    while (connected_ < clients || !std::ranges::all_of(clients_, connected)) {
      reactor_->turn();
    }
  }

  /// Each client says one message and gets it back.
  void round() {
    answered_ = 0;
    for (const EndId client : clients_) {
      network_.write(client, message_);
    }
    while (answered_ < clients_.size() * kMessage_bytes) {
      reactor_->turn();
    }
  }

 private:
  void changed(EndId end) override {
    std::array<std::byte, 4096> bytes;
    const std::int32_t result = network_.read(end, bytes);
    const bool client = end < is_client_.size() && is_client_[end];
    if (result > 0 && client) {
      answered_ += static_cast<std::size_t>(result);
      if (answered_ == clients_.size() * kMessage_bytes) {
        ring_.wake();  // The data plane has nothing more to wait for.
      }
    } else if (client) {
      ring_.wake();  // It has connected.
    } else if (result > 0) {
      network_.write(end, std::span(bytes).first(static_cast<std::size_t>(result)));
    }
  }
  void listener_changed(simulated::ListenerId listener) override {
    network_.accept(listener, *this);
    ++connected_;
  }
  simulated::Route route(const SocketAddress& /*to*/, Duration& /*late*/) override {
    return simulated::Route::kDelivered;
  }
  void on_accepted(EndId /*end*/) override {}
  void on_connect(EndId /*end*/, const SocketAddress& /*to*/, Token /*token*/) override {}
  void on_connected(EndId /*end*/) override {}
  void on_asked(EndId /*end*/, Token /*token*/) override {}
  void on_moved(EndId /*end*/) override {}
  void on_sent(EndId /*end*/, std::uint64_t /*position*/, std::span<const std::byte> /*bytes*/) override {}
  void on_asked_peer(EndId /*end*/) override {}
  void on_preface(EndId /*end*/, std::span<const std::byte> /*bytes*/) override {}
  void on_shut_send(EndId /*end*/) override {}
  void on_close(EndId /*end*/) override {}
  void between_completions() override {}
  void on_violation(EndId /*end*/, std::string /*what*/) override { std::abort(); }

  simulated::Trace trace_;
  simulated::Timeline timeline_;
  simulated::Network network_;
  simulated::SimulatedRing ring_;
  simulated::ListenerId listener_ = 0;
  Plan plan_;
  WorkerCounters counters_;
  SessionBudget budget_;
  std::unique_ptr<Reactor> reactor_;
  std::array<std::byte, kMessage_bytes> message_{};
  std::vector<EndId> clients_;
  std::vector<bool> is_client_;
  std::size_t connected_ = 0;
  std::size_t answered_ = 0;
};

void relay_small_messages(benchmark::State& state) {
  Echo echo(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    echo.round();
  }
  // There and back.
  state.SetItemsProcessed(state.iterations() * state.range(0) * 2);
}
BENCHMARK(relay_small_messages)->Arg(1)->Arg(64)->Arg(1024);

}  // namespace
}  // namespace ringway::proxy
