#include "discovery/kubernetes/exec_plugin.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "discovery/source/json.h"
#include "discovery/source/time_limit.h"

namespace ringway::discovery {
namespace {

namespace asio = boost::asio;
using proxy::ErrorCode;
using proxy::failure;
using proxy::Result;
using std::chrono::milliseconds;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxOutputBytes = 1 << 20;
constexpr int kMaxDepth = 8;
/// How often a program that has closed its output is asked whether it has ended.
constexpr milliseconds kEndPace{10};

/// What a plugin may ask about its caller, as $KUBERNETES_EXEC_INFO.
std::string exec_info(const config::ClusterAccess& access) {
  json::Value spec = {{"interactive", false}};
  if (access.exec->provide_cluster_info) {
    spec["cluster"] = {{"server", access.url()}, {"insecure-skip-tls-verify", access.insecure_skip_tls_verify}};
    if (!access.tls_server_name.empty()) {
      spec["cluster"]["tls-server-name"] = access.tls_server_name;
    }
  }
  const json::Value info = {{"apiVersion", access.exec->api_version}, {"kind", "ExecCredential"}, {"spec", spec}};
  return info.dump();
}

std::vector<std::string> environment_of(const config::ClusterAccess& access) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  const auto put = [&variables](const std::string& name, const std::string& value) {
    std::erase_if(variables, [&name](const std::string& one) { return one.starts_with(name + "="); });
    variables.push_back(name + "=" + value);
  };
  for (const auto& [name, value] : access.exec->environment) {
    put(name, value);
  }
  put("KUBERNETES_EXEC_INFO", exec_info(access));
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

struct Child {
  pid_t pid = 0;
  int output = -1;
};

Result<Child> spawn(const config::ClusterAccess& access) {
  const config::ExecPlugin& plugin = *access.exec;
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return std::unexpected(proxy::system_error(errno, "pipe2"));
  }
  std::vector<std::string> arguments = {plugin.command};
  arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
  std::vector<std::string> environment = environment_of(access);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  // What this process ignores or blocks must not be so in the plugin, and all that it starts must die with it.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

  Child child;
  const int error = posix_spawnp(&child.pid, plugin.command.c_str(), &actions, &attributes, pointers(arguments).data(),
                                 pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  if (error != 0) {
    ::close(pipe[0]);
    auto failed = proxy::system_error(error, "cannot be started");
    failed.context += plugin.install_hint.empty() ? "" : "; " + plugin.install_hint;
    return std::unexpected(std::move(failed));
  }
  child.output = pipe[0];
  return child;
}

/// Kills and awaits what it holds, whatever way a coroutine ends.
class Running {
 public:
  explicit Running(pid_t pid) : pid_(pid) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (!ended_) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, &status_, 0);
    }
  }
  bool ended() {
    ended_ = ended_ || waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  [[nodiscard]] std::string failure() const {
    if (WIFSIGNALED(status_)) {
      return "died by signal " + std::to_string(WTERMSIG(status_));
    }
    return WEXITSTATUS(status_) == 0 ? "" : "exit status " + std::to_string(WEXITSTATUS(status_));
  }

 private:
  pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
};

/// RFC 3339 in UTC, as Go writes it: `2026-11-24T17:00:00Z`, with a fraction or an offset that is left out here.
std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return rest == nullptr ? std::nullopt : std::optional(std::chrono::system_clock::from_time_t(timegm(&parts)));
}

}  // namespace

Result<ExecCredential> parse_exec_credential(std::string_view text) {
  const auto value = json::parse(text, kMaxDepth);
  const auto& status = json::member(value, "status");
  if (json::text(value, "kind") != "ExecCredential" || !status.is_object()) {
    return failure(ErrorCode::kInvalid, "what it printed is no ExecCredential with a status");
  }
  ExecCredential credential;
  credential.token = json::text(status, "token");
  credential.pair = {json::text(status, "clientCertificateData"), json::text(status, "clientKeyData")};
  if (credential.pair.certificate.empty() != credential.pair.key.empty()) {
    return failure(ErrorCode::kInvalid, "clientCertificateData and clientKeyData are needed together");
  }
  if (credential.token.empty() && credential.pair.certificate.empty()) {
    return failure(ErrorCode::kInvalid, "what it printed has neither a token nor a client certificate");
  }
  credential.expires = parse_time(json::text(status, "expirationTimestamp"));
  return credential;
}

asio::awaitable<Result<ExecCredential>> run_exec_plugin(asio::any_io_executor executor, config::ClusterAccess access,
                                                        milliseconds timeout) {
  const std::string doing = "exec plugin " + access.exec->command;
  const auto child = spawn(access);
  if (!child) {
    co_return std::unexpected(proxy::Error(child.error()).prefixed(doing));
  }
  Running running(child->pid);
  asio::posix::stream_descriptor output(executor, child->output);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::string printed;
  {
    const TimeLimit limit(executor, deadline, [&output] { output.cancel(); });
    std::array<char, 4096> piece{};
    // The clock is asked as well: the limit passes once, and may do so when no read is under way.
    while (printed.size() <= kMaxOutputBytes && std::chrono::steady_clock::now() < deadline) {
      auto [error, size] = co_await output.async_read_some(asio::buffer(piece), kAwait);
      if (error) {
        break;
      }
      printed.append(piece.data(), size);
    }
  }
  asio::steady_timer pause(executor);
  while (!running.ended() && std::chrono::steady_clock::now() < deadline && printed.size() <= kMaxOutputBytes) {
    pause.expires_after(kEndPace);
    co_await pause.async_wait(kAwait);
  }
  if (!running.ended()) {
    co_return failure(ErrorCode::kExhausted, doing + ": it did not end in time, or printed more than 1 MiB");
  }
  if (const std::string why = running.failure(); !why.empty()) {
    co_return failure(ErrorCode::kPermission, doing + ": " + why);
  }
  auto credential = parse_exec_credential(printed);
  co_return credential ? std::move(credential) : std::unexpected(std::move(credential.error()).prefixed(doing));
}

}  // namespace ringway::discovery
