#include "proxy/data_plane.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <random>
#include <utility>

#include "proxy/address/virtual_ips.h"
#include "proxy/bound_addresses.h"
#include "proxy/probe_listeners.h"
#include "proxy/relay/plan.h"
#include "proxy/session_limit.h"
#include "proxy/steered_listeners.h"
#include "proxy/worker.h"

namespace ringway::proxy {
namespace {

bool wants_transparent(const Snapshot& snapshot) {
  for (const auto& port : snapshot.ports) {
    if (port != nullptr && port->source != nullptr && port->source->transparent) {
      return true;
    }
  }
  return false;
}

class Workers final : public DataPlane {
 public:
  Workers(const DataPlaneOptions& options, std::unique_ptr<VirtualIps> virtual_ips,
          Result<std::unique_ptr<SteeredListeners>> steered, TransparentRouting transparent)
      : options_(options),
        engine_(choose_engine(options.engine)),
        virtual_ips_(std::move(virtual_ips)),
        transparent_(std::move(transparent)),
        steered_(steered ? std::move(*steered) : nullptr),
        no_steering_(steered ? "" : steered.error().context),
        bound_(options.workers, steered_ != nullptr) {}
  ~Workers() override { stop(); }

  Result<void> start_workers() {
    std::random_device entropy;
    for (std::uint32_t index = 0; index < options_.workers; ++index) {
      auto worker = Worker::start({.index = index,
                                   .seed = (std::uint64_t{entropy()} << 32) | entropy(),
                                   .access_log = options_.access_log,
                                   .engine = engine_.engine,
                                   .ring = {.pipe_count = pipes_allowed(options_.workers),
                                            .backlog = options_.backlog,
                                            .busy_poll = options_.busy_poll},
                                   .in_force =
                                       [this] {
                                         if (in_force_) {
                                           in_force_();
                                         }
                                       }},
                                  budget_);
      if (!worker) {
        return std::unexpected(std::move(worker.error()));
      }
      workers_.push_back(std::move(*worker));
    }
    return {};
  }

  Result<void> bind(const Snapshot& snapshot) override {
    if (steered_) {
      if (auto room = SteeredListeners::check(snapshot); !room) {
        return room;
      }
    }
    const std::vector<SocketAddress> addresses = bound_.missing(snapshot);
    std::vector<IpAddress> ips;
    for (const SocketAddress& address : addresses) {
      ips.push_back(address.ip());
    }
    const bool routed = transparent_.active();
    if (wants_transparent(snapshot)) {
      if (auto ready = transparent_.ensure(); !ready) {
        return ready;
      }
    }
    auto added = virtual_ips_->ensure(ips);
    Result<void> done;
    if (!added) {
      done = std::unexpected(added.error());
    } else if (steered_) {
      done = steered_->check_free(addresses);
    }
    if (done) {
      done = bound_.stage(addresses);
    }
    if (!done && added) {
      virtual_ips_->release(*added);
    }
    if (!done && !routed) {
      transparent_.release();
    }
    return done;
  }

  Result<std::vector<SocketAddress>> listen_for_probes(const SocketAddress& echo) override {
    auto opened = ProbeListeners::open(echo, workers_.size());
    if (!opened) {
      return std::unexpected(std::move(opened.error()));
    }
    probes_ = std::move(*opened);
    return probes_->addresses();
  }

  void publish(std::shared_ptr<const Snapshot> snapshot) override {
    auto plan = make_plan(std::move(snapshot));
    auto switches = bound_.advance(plan_ == nullptr ? nullptr : plan_->snapshot.get(), *plan->snapshot);
    if (probes_) {
      probes_->join(*plan);
      probes_->hand_over(switches);
    }
    if (steered_) {
      steered_->advance(*plan->snapshot, switches);
    }
    budget_.limit =
        options_.max_sessions > 0 ? options_.max_sessions : sessions_allowed(listening_sockets(), options_.workers);
    for (std::size_t index = 0; index < workers_.size(); ++index) {
      switches[index].plan = plan.get();
      workers_[index]->post([change = std::move(switches[index])](Reactor& reactor) { reactor.switch_to(change); });
    }
    if (plan_ != nullptr) {
      retired_.push_back(std::move(plan_));
    }
    plan_ = std::move(plan);
    free_retired();
  }

  void maintain() override {
    free_retired();
    // The look costs what there is, and mostly none has left.
    unnamed_ = bound_.take_left() || unnamed_;
    if (question_ == nullptr && std::exchange(unnamed_, false)) {
      const std::set<IpAddress> named = bound_.ips();
      std::vector<IpAddress> ips = virtual_ips_->added();
      std::erase_if(ips, [&named](const IpAddress& ip) { return named.contains(ip); });
      release_when_unused(std::move(ips));
    }
  }

  [[nodiscard]] std::uint64_t version_in_force() const override {
    std::uint64_t version = workers_.empty() ? 0 : ~std::uint64_t{0};
    for (const auto& worker : workers_) {
      version = std::min(version, worker->version_in_force());
    }
    return version;
  }

  void on_in_force(std::function<void()> callback) override { in_force_ = std::move(callback); }

  void close_sessions(const std::shared_ptr<EndpointState>& endpoint, Cause cause) override {
    for (const auto& worker : workers_) {
      worker->post([endpoint, cause](Reactor& reactor) { reactor.sessions().close(endpoint.get(), cause); });
    }
  }

  void reset_sessions(const std::shared_ptr<EndpointState>& endpoint, Cause cause) override {
    for (const auto& worker : workers_) {
      worker->post([endpoint, cause](Reactor& reactor) { reactor.sessions().abort(endpoint.get(), cause); });
    }
  }

  void list_sessions(std::size_t limit, std::function<void(std::vector<SessionInfo>)> done) override {
    // One worker after the other, each on its own thread: the list never has two writers.
    auto list = std::make_shared<std::vector<SessionInfo>>();
    visit(
        0, [list, limit](Reactor& reactor) { reactor.sessions().describe(limit, *list); },
        [list, done = std::move(done)] { done(std::move(*list)); });
  }

  std::vector<SessionInfo> take_ended() override {
    std::vector<SessionInfo> taken;
    for (const auto& worker : workers_) {
      if (EndedLog* log = worker->ended(); log != nullptr) {
        log->drain([&](const EndedSession& ended) { taken.push_back(info_of(ended)); });
      }
    }
    return taken;
  }

  void drain(std::function<void()> done) override {
    auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    auto shared_done = std::make_shared<std::function<void()>>(std::move(done));
    for (const auto& worker : workers_) {
      worker->post([left, shared_done](Reactor& reactor) {
        reactor.drain([left, shared_done] {
          if (left->fetch_sub(1) == 1) {
            (*shared_done)();
          }
        });
      });
    }
  }

  void stop() override {
    for (const auto& worker : workers_) {
      worker->post([](Reactor& reactor) { reactor.stop(); });
    }
    for (const auto& worker : workers_) {
      worker->join();
    }
    virtual_ips_->release(virtual_ips_->added());
    transparent_.release();
  }

  [[nodiscard]] bool full() const override { return budget_.spent(); }
  [[nodiscard]] std::size_t worker_count() const override { return workers_.size(); }
  [[nodiscard]] const WorkerCounters& worker_counters(std::size_t worker) const override {
    return workers_[worker]->counters();
  }
  [[nodiscard]] EngineChoice engine() const override { return engine_; }
  [[nodiscard]] SteeringChoice steering() const override {
    return {.wanted = options_.steer,
            .active = steered_ != nullptr,
            .why = no_steering_,
            .addresses = steered_ ? steered_->size() : 0};
  }
  [[nodiscard]] std::vector<IpAddress> added_virtual_ips() const override { return virtual_ips_->added(); }

 private:
  [[nodiscard]] std::size_t listening_sockets() const {
    return bound_.socket_count() + (steered_ ? steered_->socket_count() : 0);
  }

  std::unique_ptr<Plan> make_plan(std::shared_ptr<const Snapshot> snapshot) const {
    auto plan = std::make_unique<Plan>();
    if (plan_ != nullptr) {
      plan->pickers = plan_->pickers;
    }
    plan->pickers.resize(snapshot->ports.size());
    for_each_changed(plan_ == nullptr ? nullptr : plan_->snapshot.get(), *snapshot, [&](std::size_t slot) {
      const ServicePort* port = snapshot->port(slot);
      if (slot < plan->pickers.size()) {
        plan->pickers.set(slot, port == nullptr ? nullptr : make_picker(*port));
      }
    });
    plan->snapshot = std::move(snapshot);
    return plan;
  }

  void free_retired() {
    // A worker leaves a plan when it runs a newer one.
    while (!retired_.empty() && retired_.front()->snapshot->version < version_in_force()) {
      retired_.pop_front();
    }
    if (question_ != nullptr && question_->answered.load(std::memory_order_acquire)) {
      release_unused(*std::exchange(question_, nullptr));
    }
  }

  /// Which of these addresses a session came in by. The workers write into `used` one after the other.
  struct Question {
    explicit Question(std::vector<IpAddress> asked) : ips(std::move(asked)), used(new bool[ips.size()]()) {}
    const std::vector<IpAddress> ips;  ///< in ascending order
    const std::unique_ptr<bool[]> used;
    std::atomic<bool> answered{false};
  };

  /// Asks every worker; the answer is read by the next `maintain`.
  void release_when_unused(std::vector<IpAddress> ips) {
    if (ips.empty()) {
      return;
    }
    auto question = std::make_shared<Question>(std::move(ips));
    question_ = question;
    visit(
        0,
        [question](Reactor& reactor) {
          reactor.sessions().mark_used(question->ips, {question->used.get(), question->ips.size()});
        },
        [question] { question->answered.store(true, std::memory_order_release); });
  }

  void release_unused(const Question& answer) {
    const std::set<IpAddress> named = bound_.ips();
    std::vector<IpAddress> unused;
    for (std::size_t index = 0; index < answer.ips.size(); ++index) {
      if (answer.used[index]) {
        unnamed_ = true;
      } else if (!named.contains(answer.ips[index])) {
        unused.push_back(answer.ips[index]);
      }
    }
    virtual_ips_->release(unused);
  }

  /// Runs `each` on every worker's thread, one after the other, then `done` on the last one's.
  void visit(std::size_t index, std::function<void(Reactor&)> each, std::function<void()> done) {
    workers_[index]->post([this, index, each = std::move(each), done = std::move(done)](Reactor& reactor) mutable {
      each(reactor);
      if (index + 1 < workers_.size()) {
        visit(index + 1, std::move(each), std::move(done));
      } else {
        done();
      }
    });
  }

  SessionInfo info_of(const EndedSession& ended) {
    SessionInfo info;
    info.client = ended.client;
    info.virtual_ip = ended.virtual_ip;
    info.bytes_upstream = ended.bytes_upstream;
    info.bytes_downstream = ended.bytes_downstream;
    info.age = ended.age;
    info.id = ended.told_id.empty() ? ended.id.to_string() : ended.told_id;
    info.opened = ended.opened;
    info.connect_time = ended.connect_time;
    info.first_byte_time = ended.first_byte_time;
    info.attempts = ended.attempts;
    info.cause = ended.cause;
    info.state = "ended";
    info.server_name = ended.server_name;
    if (ended.endpoint != nullptr) {
      info.service = ended.endpoint->service();
      info.endpoint = ended.endpoint->address.to_string();
      info.workload = ended.endpoint->workload;
      ended.endpoint->pinned.fetch_sub(1, std::memory_order_release);
    } else if (const auto slot = bound_.slots().find(ended.virtual_ip); slot != bound_.slots().end()) {
      info.service = plan_->port(slot->second)->key;
    }
    return info;
  }

  DataPlaneOptions options_;
  EngineChoice engine_;
  std::unique_ptr<VirtualIps> virtual_ips_;
  TransparentRouting transparent_;
  std::unique_ptr<SteeredListeners> steered_;  ///< null: each address has sockets of its own
  std::string no_steering_;
  BoundAddresses bound_;
  std::unique_ptr<ProbeListeners> probes_;
  SessionBudget budget_;
  std::function<void()> in_force_;
  std::unique_ptr<const Plan> plan_;
  std::deque<std::unique_ptr<const Plan>> retired_;
  std::shared_ptr<Question> question_;            ///< null: none is on its way
  bool unnamed_ = false;                          ///< an address that was added may be named by no snapshot
  std::vector<std::unique_ptr<Worker>> workers_;  ///< last: their threads use all of the above
};

}  // namespace

Result<std::unique_ptr<DataPlane>> DataPlane::start(const DataPlaneOptions& options) {
  Result<std::unique_ptr<SteeredListeners>> steered = nullptr;
  if (options.steer) {
    steered = SteeredListeners::open(options.workers, options.backlog);
  }
  const bool as_routes = options.steer && steered.has_value();
  auto virtual_ips = VirtualIps::open(options.virtual_ip_interface, options.manage_virtual_ips, as_routes);
  if (!virtual_ips) {
    return std::unexpected(std::move(virtual_ips.error()));
  }
  auto transparent = TransparentRouting::open(options.transparent);
  if (!transparent) {
    return std::unexpected(std::move(transparent.error()));
  }
  auto workers =
      std::make_unique<Workers>(options, std::move(*virtual_ips), std::move(steered), std::move(*transparent));
  if (auto started = workers->start_workers(); !started) {
    return std::unexpected(std::move(started.error()).prefixed("starting the data plane"));
  }
  return workers;
}

}  // namespace ringway::proxy
