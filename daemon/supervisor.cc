#include "daemon/supervisor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <iterator>
#include <random>

#include "config/load.h"
#include "daemon/changes.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/supervisor_impl.h"
#include "daemon/text.h"
#include "daemon/version.h"
#include "discovery/health/prober.h"
#include "discovery/source/containerd.h"
#include "discovery/source/docker.h"

namespace ringway::daemon {

namespace {

proxy::DataPlaneOptions data_plane_options(const config::Ringway& ringway) {
  proxy::DataPlaneOptions options;
  options.workers = ringway.workers == 0 ? allowed_cpus() : ringway.workers;
  if (ringway.engine != config::Engine::kAuto) {
    options.engine = ringway.engine == config::Engine::kEpoll ? proxy::Engine::kEpoll : proxy::Engine::kIoUring;
  }
  options.busy_poll = ringway.busy_poll;
  options.backlog = ringway.backlog;
  options.manage_virtual_ips = ringway.virtual_ip_mode != config::VirtualIpMode::kOff;
  options.steer = ringway.virtual_ip_mode == config::VirtualIpMode::kSteer;
  options.virtual_ip_interface = ringway.virtual_ip_interface;
  options.access_log = ringway.access_log;
  options.transparent = {
      .mark = ringway.transparent_mark, .table = ringway.transparent_table, .priority = ringway.transparent_priority};
  return options;
}

/// A daemon that was killed is gone before the kernel has let go of the sockets of its rings (io_uring closes them from
/// a work queue): who follows waits this long for a place that is taken, and looks this often.
constexpr auto kPlaceWait = std::chrono::seconds(1);
constexpr auto kPlaceLook = std::chrono::milliseconds(10);

std::vector<std::string> one_line(const proxy::Error& error) {
  return {error.context};
}

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& context, SupervisorOptions options)
    : impl_(std::make_unique<Impl>(context, std::move(options))) {}
Supervisor::~Supervisor() = default;
std::expected<void, std::vector<std::string>> Supervisor::start() {
  return impl_->start();
}
Board& Supervisor::board() {
  return *impl_;
}
std::string Supervisor::admin_address() const {
  return impl_->admin_address();
}
void Supervisor::end() {
  impl_->end();
}

Supervisor::Impl::Impl(boost::asio::io_context& context, SupervisorOptions options)
    : context_(context),
      options_(std::move(options)),
      signals_(context),
      expire_timer_(context),
      second_timer_(context),
      access_timer_(context),
      end_timer_(context),
      merge_timer_(context),
      publish_timer_(context) {
  if (!options_.start_data_plane) {
    options_.start_data_plane = &proxy::DataPlane::start;
  }
  if (!options_.make_health_checker) {
    options_.make_health_checker = [](boost::asio::io_context& where) {
      return discovery::make_health_checker(where.get_executor(), std::random_device{}());
    };
  }
}

Supervisor::Impl::~Impl() {
  finish();
}

std::expected<void, std::vector<std::string>> Supervisor::Impl::start() {
  auto started = start_parts();
  if (!started) {
    finish();
  }
  return started;
}

std::expected<void, std::vector<std::string>> Supervisor::Impl::start_parts() {
  auto loaded = config::load(options_.config_paths, &watchlist_);
  if (!loaded) {
    Lines lines;
    for (const auto& mistake : loaded.error()) {
      lines.push_back(mistake.to_string());
    }
    return std::unexpected(std::move(lines));
  }
  auto configuration = std::make_shared<const config::Configuration>(std::move(*loaded));
  configuration_ = configuration;
  const auto& ringway = configuration->ringway;
  log::configure(ringway.log_level, ringway.log_format);
  tallies_.started = std::chrono::system_clock::now();
  const std::uint64_t files = raise_file_limit();

  auto plane = options_.start_data_plane(data_plane_options(ringway));
  if (!plane) {
    return std::unexpected(one_line(plane.error()));
  }
  data_plane_ = std::move(*plane);
  if (auto probe = DataPathProbe::start(context_.get_executor(), *data_plane_)) {
    probe_ = std::move(*probe);
  } else {
    log::warn("/readyz does not look at the data path: " + probe.error().context);
  }
  checker_ = options_.make_health_checker(context_);
  reconciler_ = std::make_unique<discovery::Reconciler>(data_plane_->worker_count(), clock_, *checker_, *this);
  restore_drains();
  learn_node_addresses(*configuration);
  if (const auto bound = bind_first(*reconciler_->preview(*configuration)); !bound) {
    return std::unexpected(one_line(bound.error()));
  }
  auto server = Server::start(context_.get_executor(), ringway.admin_listen, api_, {});
  if (!server) {
    return std::unexpected(one_line(server.error()));
  }
  server_ = std::move(*server);

  log::info("ringway " + std::string(version()) + " on " + kernel() + ": node " + ringway.node + ", " +
            std::to_string(data_plane_->worker_count()) + " workers, " +
            std::string(to_string(data_plane_->engine().engine)) + ", " + std::to_string(files) +
            " files, admin API at " + server_->address());
  if (const auto engine = data_plane_->engine(); engine.fallback) {
    log::warn("io_uring cannot be used, epoll takes its place and costs more CPU time: " + engine.why);
  }
  if (const auto steering = data_plane_->steering(); steering.wanted && !steering.active) {
    log::warn("virtualIPs.mode steer cannot be used, each address gets listening sockets of its own: " + steering.why);
  }
  if (const std::uint32_t most = somaxconn(); ringway.backlog != config::kDefaultBacklog && ringway.backlog > most) {
    log::warn("spec.backlog is " + std::to_string(ringway.backlog) + ", the kernel cuts it to " + std::to_string(most) +
              ": raise net.core.somaxconn");
  }
  for (const auto& note : configuration->notes) {
    log::info(note);
  }
  data_plane_->on_in_force(
      [this] { boost::asio::post(context_, [this, when = std::chrono::steady_clock::now()] { in_force(when); }); });
  put_in_force(std::move(configuration));
  first_version_ = published_ ? published_->version : 0;
  log::info("serving " + counted(configuration_->services.size(), "service"));
  start_sources();
  start_watch();
  start_timers();
  return {};
}

proxy::Result<void> Supervisor::Impl::bind_first(const proxy::Snapshot& snapshot) {
  const auto limit = std::chrono::steady_clock::now() + kPlaceWait;
  auto bound = data_plane_->bind(snapshot);
  while (!bound && bound.error().code == proxy::ErrorCode::kInUse && std::chrono::steady_clock::now() < limit) {
    boost::asio::steady_timer(context_, kPlaceLook).wait();
    bound = data_plane_->bind(snapshot);
  }
  return bound;
}

void Supervisor::Impl::start_sources() {
  store_.status("file", {.synced = true, .connected = true, .detail = "the configuration"});
  if (const auto& docker = configuration_->ringway.docker) {
    watchers_.push_back(discovery::make_docker_watcher(context_.get_executor(), *docker, store_));
  }
  if (const auto& containerd = files_->ringway.containerd) {
    watchers_.push_back(discovery::make_containerd_watcher(context_.get_executor(), *containerd, store_));
  }
  if (const auto& kubernetes = files_->ringway.kubernetes) {
    auto watcher =
        discovery::make_kubernetes_watcher(context_.get_executor(), *kubernetes, files_->ringway.node, store_, *this);
    kubernetes_ = watcher.get();
    watchers_.push_back(std::move(watcher));
    want_pods_of_files();
  }
  for (const auto& watcher : watchers_) {
    watcher->start();
  }
}

void Supervisor::Impl::start_watch() {
  if (!options_.watch_files) {
    return;
  }
  auto watch = ConfigWatch::start(context_.get_executor(), {}, [this] { reload("a file changed"); });
  if (!watch) {
    log::warn("changes of the configuration are not watched, SIGHUP still reloads: " + watch.error().context);
    return;
  }
  config_watch_ = std::move(*watch);
  watch_files();
}

void Supervisor::Impl::start_timers() {
  if (options_.handle_signals) {
    std::signal(SIGPIPE, SIG_IGN);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
      signals_.add(number);
    }
    wait_for_signal();
  }
  every_second();
  if (configuration_->ringway.access_log) {
    write_access_log();
  }
}

void Supervisor::Impl::wait_for_signal() {
  signals_.async_wait([this](const auto& error, int number) {
    if (error) {
      return;
    }
    if (number == SIGHUP) {
      reload("SIGHUP");
    } else {
      log::info(number == SIGTERM ? "SIGTERM" : "SIGINT");
      end();
    }
    if (!finished_) {
      wait_for_signal();
    }
  });
}

}  // namespace ringway::daemon
