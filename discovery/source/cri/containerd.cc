#include "discovery/source/containerd.h"

#include <utility>

#include "discovery/source/cri/session.h"
#include "discovery/source/reconnector.h"

namespace ringway::discovery {

namespace asio = boost::asio;

namespace {

class ContainerdWatcher final : public Watcher {
 public:
  ContainerdWatcher(const asio::any_io_executor& executor, const config::ContainerdSource& source, WorkloadSink& sink,
                    const CriTimings& timings) {
    const auto path = socket_path(source.socket);
    const auto table = std::make_shared<CriTable>(sink);
    const auto open = [executor, path, timings, table, gate = gate_](Live live) {
      return std::make_shared<CriSession>(executor, path, timings, *table, gate, std::move(live));
    };
    reconnector_ = std::make_shared<Reconnector>(executor, name_, path,
                                                 Backoff{timings.first_backoff, timings.last_backoff}, sink, open);
  }
  ~ContainerdWatcher() override {
    reconnector_->stop();
    gate_->wait();
  }

  [[nodiscard]] const std::string& name() const override { return name_; }
  void start() override { reconnector_->start(); }
  void stop() override { reconnector_->stop(); }

 private:
  const std::string name_{kContainerdSource};
  const std::shared_ptr<CallGate> gate_ = std::make_shared<CallGate>();
  std::shared_ptr<Reconnector> reconnector_;
};

}  // namespace

std::unique_ptr<Watcher> make_containerd_watcher(const asio::any_io_executor& executor,
                                                 const config::ContainerdSource& source, WorkloadSink& sink,
                                                 const CriTimings& timings) {
  return std::make_unique<ContainerdWatcher>(executor, source, sink, timings);
}

}  // namespace ringway::discovery
