#include "discovery/source/docker.h"

#include <utility>

#include "discovery/source/docker_session.h"
#include "discovery/source/reconnector.h"

namespace ringway::discovery {

namespace asio = boost::asio;

namespace {

class DockerWatcher final : public Watcher {
 public:
  DockerWatcher(const asio::any_io_executor& executor, const config::DockerSource& source, WorkloadSink& sink,
                const DockerTimings& timings) {
    const auto path = socket_path(source.socket);
    const auto table = std::make_shared<DockerTable>(source.network, sink);
    const auto open = [executor, path, timings, table](Live live) {
      return std::make_shared<DockerSession>(executor, path, timings, *table, std::move(live));
    };
    reconnector_ = std::make_shared<Reconnector>(executor, name_, path,
                                                 Backoff{timings.first_backoff, timings.last_backoff}, sink, open);
  }
  ~DockerWatcher() override { reconnector_->stop(); }

  [[nodiscard]] const std::string& name() const override { return name_; }
  void start() override { reconnector_->start(); }
  void stop() override { reconnector_->stop(); }

 private:
  const std::string name_{kDockerSource};
  std::shared_ptr<Reconnector> reconnector_;
};

}  // namespace

std::unique_ptr<Watcher> make_docker_watcher(const asio::any_io_executor& executor, const config::DockerSource& source,
                                             WorkloadSink& sink, const DockerTimings& timings) {
  return std::make_unique<DockerWatcher>(executor, source, sink, timings);
}

}  // namespace ringway::discovery
