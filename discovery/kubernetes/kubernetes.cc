#include "discovery/kubernetes/kubernetes.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "discovery/kubernetes/cluster_table.h"
#include "discovery/kubernetes/login.h"
#include "discovery/kubernetes/reflector.h"

namespace ringway::discovery {

namespace asio = boost::asio;
using config::ApiKind;

namespace {

constexpr std::size_t kMaxVersionBytes = 1 << 20;

Login::Read reader_of(const config::KubernetesSource& source) {
  return [source] {
    return source.kubeconfig.empty() ? config::in_cluster_access()
                                     : config::load_kubeconfig(config::expand_home(source.kubeconfig), source.context);
  };
}

/// What lives on while coroutines end: the reflectors, and what is known of each.
class Cluster : public std::enable_shared_from_this<Cluster> {
 public:
  Cluster(const asio::any_io_executor& executor, const config::KubernetesSource& source, std::string node,
          WorkloadSink& workloads, ClusterSink& cluster, const KubernetesTimings& timings)
      : executor_(executor),
        source_(source),
        node_(std::move(node)),
        timings_(timings),
        sink_(workloads),
        table_(node_, workloads, cluster),
        login_(std::make_shared<Login>(executor, reader_of(source), timings.exec)),
        version_connection_(executor) {
    if (source_.namespaces.empty()) {
      source_.namespaces.emplace_back();
    }
  }

  void start() {
    started_ = true;
    std::set<ClusterTable::Stream> essential;
    for (const std::string& ns : source_.namespaces) {
      essential.emplace(ApiKind::kService, ns);
      essential.emplace(ApiKind::kEndpointSlice, ns);
      if (pods_wanted_) {
        essential.emplace(ApiKind::kPod, ns);
      }
    }
    table_.hold_for(essential);
    tell();
    for (const auto& [kind, ns] : essential) {
      reflect({kind, ns, kind == ApiKind::kService ? source_.label_selector : "", ""});
    }
    reflect_nodes();
  }

  void stop() {
    stopped_ = true;
    login_->stop();
    version_connection_.close();
    for (const auto& [stream, part] : parts_) {
      part.reflector->stop();
    }
  }

  void want_pods() {
    if (std::exchange(pods_wanted_, true) || !started_ || stopped_) {
      return;
    }
    pods_come_late_ = true;
    std::set<ClusterTable::Stream> pods;
    for (const std::string& ns : source_.namespaces) {
      pods.emplace(ApiKind::kPod, ns);
    }
    if (table_.held()) {
      table_.hold_for(pods);
    }
    for (const auto& [kind, ns] : pods) {
      reflect({kind, ns, "", ""});
    }
    reflect_nodes();
  }

 private:
  struct Part {
    std::shared_ptr<Reflector> reflector;
    bool connected = false;
    std::string detail;
  };

  void reflect(ApiResource resource) {
    const ClusterTable::Stream stream(resource.kind, resource.ns);
    Part& part = parts_[stream];
    part.reflector = std::make_shared<Reflector>(
        executor_, login_, std::move(resource), timings_,
        Reflector::Hooks{[this, stream](std::vector<config::ApiObject> all, proxy::Time arrived) {
                           table_.listed(stream, std::move(all), arrived);
                           changed();
                         },
                         [this, kind = stream.first](const config::ApiEvent& event, proxy::Time arrived) {
                           table_.apply(event, kind, arrived);
                           changed();
                         },
                         [this, stream](bool connected, const std::string& detail) {
                           parts_[stream].connected = connected;
                           parts_[stream].detail = detail;
                           if (!connected && !detail.empty() && pods_come_late_ && stream.first == ApiKind::kPod) {
                             // The other Services have all that they need, and do not wait for them.
                             table_.give_up(stream, std::chrono::steady_clock::now());
                           }
                           tell();
                           if (connected && stream.first == ApiKind::kService) {
                             ask_for_version();
                           }
                         }});
    part.reflector->start();
  }

  /// The own Node alone, for its zone; all of them where the zones of Pods are to be known.
  void reflect_nodes() {
    if (const auto known = parts_.find({ApiKind::kNode, ""}); known != parts_.end()) {
      known->second.reflector->stop();
      parts_.erase(known);
    }
    reflect({ApiKind::kNode, "", "", pods_wanted_ ? "" : "metadata.name=" + node_});
  }

  void changed() {
    if (table_.wants_pods() && !pods_wanted_) {
      // Not from within the call of a reflector that `want_pods` may end.
      asio::post(executor_, [self = shared_from_this()] { self->want_pods(); });
    }
  }

  void ask_for_version() {
    if (!std::exchange(asking_, true)) {
      asio::co_spawn(executor_, [self = shared_from_this()] { return self->ask_version(); }, asio::detached);
    }
  }

  asio::awaitable<void> ask_version() {
    auto login = co_await login_->get();
    if (stopped_ || !login) {
      asking_ = false;
      co_return;
    }
    auto url = login->access->url();
    auto answer = co_await version_connection_.get(*std::move(login), "/version", kMaxVersionBytes, timings_.request);
    if (stopped_) {
      co_return;
    }
    version_connection_.drop();
    asking_ = false;
    if (answer && answer->status == 200) {
      server_ = "Kubernetes " + config::read_api_version(answer->body) + " at " + url;
      tell();
    }
  }

  /// A cluster whose Nodes may not be read serves on: only the hints by zone are not used then.
  void tell() {
    SourceStatus status{!table_.held(), !table_.held(), ""};
    for (const auto& [stream, part] : parts_) {
      if (!part.detail.empty()) {
        status.detail += (status.detail.empty() ? "" : "; ") + part.detail;
      }
      status.connected = status.connected && (part.connected || stream.first == ApiKind::kNode);
    }
    if (status.detail.empty() || status.connected) {
      const std::string server = server_.empty() ? "the API of Kubernetes" : server_;
      status.detail =
          (status.connected ? "" : "connecting to ") + server + (status.detail.empty() ? "" : "; ") + status.detail;
    }
    sink_.status(kKubernetesSource, status);
  }

  asio::any_io_executor executor_;
  config::KubernetesSource source_;
  const std::string node_;
  const KubernetesTimings timings_;
  WorkloadSink& sink_;
  ClusterTable table_;
  std::shared_ptr<Login> login_;
  ApiConnection version_connection_;
  std::map<ClusterTable::Stream, Part> parts_;
  std::string server_;
  bool asking_ = false;
  bool pods_wanted_ = false;
  bool pods_come_late_ = false;  ///< asked for when the Services had been listed
  bool started_ = false;
  bool stopped_ = false;
};

class Watching final : public KubernetesWatcher {
 public:
  explicit Watching(std::shared_ptr<Cluster> cluster) : cluster_(std::move(cluster)) {}
  ~Watching() override { cluster_->stop(); }

  [[nodiscard]] const std::string& name() const override { return name_; }
  void start() override { cluster_->start(); }
  void stop() override { cluster_->stop(); }
  void want_pods() override { cluster_->want_pods(); }

 private:
  const std::string name_{kKubernetesSource};
  std::shared_ptr<Cluster> cluster_;
};

}  // namespace

std::unique_ptr<KubernetesWatcher> make_kubernetes_watcher(const asio::any_io_executor& executor,
                                                           const config::KubernetesSource& source,
                                                           const std::string& node, WorkloadSink& workloads,
                                                           ClusterSink& cluster, const KubernetesTimings& timings) {
  return std::make_unique<Watching>(std::make_shared<Cluster>(executor, source, node, workloads, cluster, timings));
}

}  // namespace ringway::discovery
