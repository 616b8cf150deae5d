#include "tests/containerd/engine.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "tests/docker/engine/image.h"

namespace ringway::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kStartDeadline = 40s;

/// "1.7" and later have events.
bool has_events(const std::string& program) {
  const auto text = run_command({program, "--version"});
  std::istringstream words(text);
  std::string name;
  std::string origin;
  int major = 0;
  int minor = 0;
  char dot = 0;
  words >> name >> origin >> major >> dot >> minor;
  return major > 1 || (major == 1 && minor >= 7);
}

std::string folder_of_installed() {
  for (const auto* folder : {"/usr/bin", "/usr/local/bin"}) {
    if (fs::exists(fs::path(folder) / "containerd")) {
      return folder;
    }
  }
  throw std::runtime_error("containerd is missing: run `./dev setup test` (Debian package docker.io brings it)");
}

std::string digest_of(const fs::path& file) {
  return run_command({"sha256sum", file.string()}).substr(0, 64);
}

/// An archive as `docker save` writes it, which `ctr images import` takes.
fs::path write_image_archive(const fs::path& folder) {
  const auto layer = write_image_tar(folder);
  const auto digest = digest_of(layer);
  const auto parts = folder / "image";
  fs::create_directories(parts / digest);
  fs::rename(layer, parts / digest / "layer.tar");
  const nlohmann::json config = {{"architecture", run_command({"dpkg", "--print-architecture"})},
                                 {"os", "linux"},
                                 {"config", {{"Cmd", {"/bin/sleep", "1000000"}}}},
                                 {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + digest}}}}};
  const nlohmann::json manifest = {
      {{"Config", "config.json"}, {"RepoTags", {kPodImage}}, {"Layers", {digest + "/layer.tar"}}}};
  std::ofstream(parts / "config.json") << config.dump();
  std::ofstream(parts / "manifest.json") << manifest.dump();
  auto archive = folder / "archive.tar";
  run_command({"tar", "-C", parts.string(), "-cf", archive.string(), "."});
  return archive;
}

}  // namespace

std::string containerd_folder(Release release) {
  const auto installed = folder_of_installed();
  if (has_events(installed + "/containerd") == (release == Release::kWithEvents)) {
    return installed;
  }
  if (release == Release::kWithoutEvents) {
    return "";
  }
  if (!fs::exists(std::string(RINGWAY_NEWER_CONTAINERD) + "/containerd")) {
    throw std::runtime_error("containerd 1.7 or later is in neither " + installed +
                             " nor " RINGWAY_NEWER_CONTAINERD
                             ": run `./dev setup containerd`, or set RINGWAY_SKIP_DOCKER=1 to skip");
  }
  return RINGWAY_NEWER_CONTAINERD;
}

ContainerdEngine::ContainerdEngine(Release release) : programs_(containerd_folder(release)) {
  std::string name = "/run/containerd-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp " + name);
  }
  folder_ = name;
  socket_ = folder_ / "containerd.sock";
  write_config();
}

ContainerdEngine::~ContainerdEngine() = default;

void ContainerdEngine::write_config() const {
  fs::create_directories(folder_ / "cni");
  const auto at = folder_.string();
  std::ofstream(folder_ / "cni/10-net.conflist")
      << R"({"cniVersion":"0.4.0","name":"net","plugins":[{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,)"
      << R"("ipam":{"type":"host-local","dataDir":")" << at << R"(/ipam","ranges":[[{"subnet":"10.99.0.0/24"}],)"
      << R"([{"subnet":"fd00:99::/64"}]]}}]})";
  // Without root's CAP_SYS_RESOURCE an oom score cannot be lowered; the other plugins only look for what is not here.
  std::ofstream(folder_ / "config.toml") << "version = 2\nroot = \"" << at << "/root\"\nstate = \"" << at
                                         << "/state\"\n"
                                         << R"(disabled_plugins = ["io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.nri.v1.nri"]
[grpc]
  address = ")" << socket_.string() << R"("
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ")" << kPodImage << R"("
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ")" << at << R"(/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.internal.v1.opt"]
  path = ")" << at << "/opt\"\n";
}

std::vector<std::string> ContainerdEngine::with_path(std::vector<std::string> words) const {
  // Its shim stands beside it, runc where the system has it.
  const std::vector<std::string> prefix = {"env", "PATH=" + programs_ + ":/usr/sbin:/usr/bin:/sbin:/bin"};
  words.insert(words.begin(), prefix.begin(), prefix.end());
  return words;
}

std::string ContainerdEngine::ctr(std::vector<std::string> words) const {
  const std::vector<std::string> prefix = {programs_ + "/ctr", "-a", socket_.string(), "-n", "k8s.io"};
  words.insert(words.begin(), prefix.begin(), prefix.end());
  return run_command(words);
}

void ContainerdEngine::start() {
  daemon_ = std::make_unique<Background>(
      with_path({programs_ + "/containerd", "-c", (folder_ / "config.toml").string()}), folder_ / "log");
  const auto log = [this] {
    std::ifstream file(folder_ / "log");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const bool up = wait_until(
      [&] {
        if (!daemon_->running()) {
          throw std::runtime_error("containerd ended: " + log());
        }
        try {
          return ctr({"plugins", "ls", "id==cri"}).find("ok") != std::string::npos;
        } catch (const std::exception&) {
          return false;
        }
      },
      kStartDeadline);
  if (!up) {
    throw std::runtime_error("containerd does not answer: " + log());
  }
  if (ctr({"images", "ls", "-q"}).find(kPodImage) == std::string::npos) {
    static_cast<void>(ctr({"images", "import", write_image_archive(folder_).string()}));
  }
}

void ContainerdEngine::stop() {
  if (daemon_) {
    daemon_->end(SIGTERM);
    daemon_.reset();
  }
}

void ContainerdEngine::crash() {
  if (daemon_) {
    daemon_->end(SIGKILL);
    daemon_.reset();
  }
}

void ContainerdEngine::freeze(bool frozen) {
  kill(daemon_->pid(), frozen ? SIGSTOP : SIGCONT);
}

pid_t ContainerdEngine::pid_of(const std::string& container) const {
  std::istringstream lines(ctr({"tasks", "ls"}));
  std::string id;
  pid_t pid = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    if (words >> id >> pid && id == container) {
      return pid;
    }
  }
  throw std::runtime_error("container " + container + " has no task");
}

}  // namespace ringway::test
