// greeter NAME PORT [drain]: a server that speaks first. Says NAME and a line feed, then sends back what comes, and FIN
// after FIN; what the connections of a Load expect. Ends at SIGTERM at once, as a program with no wish to drain does;
// with `drain` it refuses new connections from then on, and ends with status 0 when the last of its own has ended. That
// needs CAP_NET_ADMIN, without which Linux (6.18) lets nobody in a container filter what a socket of its own gets.
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

/// Longer than a handshake between two namespaces of one machine takes, however busy it is.
constexpr int kHandshakeMs = 50;

volatile std::sig_atomic_t stopping = 0;

void send_all(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) {
      _exit(1);
    }
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
}

[[noreturn]] void serve(int fd, const std::string& greeting) {
  send_all(fd, greeting.data(), greeting.size());
  char bytes[16'384];
  for (ssize_t got = 0; (got = recv(fd, bytes, sizeof bytes, 0)) > 0;) {
    send_all(fd, bytes, static_cast<size_t>(got));
  }
  _exit(0);
}

/// Lets in who waits at `listener`; false where nobody does within `limit_ms` (-1 = until a signal).
bool let_in(int listener, int limit_ms, const sigset_t& mask, const std::string& greeting) {
  pollfd entry{.fd = listener, .events = POLLIN, .revents = 0};
  const timespec limit{.tv_sec = limit_ms / 1000, .tv_nsec = (limit_ms % 1000) * 1'000'000L};
  if (ppoll(&entry, 1, limit_ms < 0 ? nullptr : &limit, &mask) <= 0) {
    return false;
  }
  const int fd = accept(listener, nullptr, nullptr);
  if (fd < 0) {
    return true;
  }
  if (fork() == 0) {
    close(listener);
    serve(fd, greeting);
  }
  close(fd);
  return true;
}

/// A close resets what waits to be accepted. So nobody new gets in first (a SYN is not answered), then all who are
/// inside are served, then the door is shut.
void refuse(int listener, const sigset_t& mask, const std::string& greeting) {
  constexpr unsigned kFlagsByte = 13;
  constexpr unsigned kSyn = 0x02;
  constexpr unsigned kSynAck = 0x12;
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsByte), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynAck),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
                        BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
  const sock_fprog program{.len = sizeof code / sizeof code[0], .filter = code};
  if (setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    _exit(1);
  }
  while (let_in(listener, kHandshakeMs, mask, greeting)) {
  }
  close(listener);
}

}  // namespace

int main(int argc, char** argv) {
  const bool drains = argc == 4 && std::strcmp(argv[3], "drain") == 0;
  if (argc != 3 && !drains) {
    return 2;
  }
  // Process 1 of a container gets no default actions of signals. SIGTERM is let in only where the loop waits for it.
  struct sigaction action{};
  action.sa_handler = drains ? [](int) { stopping = 1; } : [](int) { _exit(0); };
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGCHLD, SIG_IGN);
  sigset_t blocked;
  sigset_t open;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(drains ? SIG_BLOCK : SIG_UNBLOCK, &blocked, &open);
  sigdelset(&open, SIGTERM);

  const std::string greeting = std::string(argv[1]) + "\n";
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[2])));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 1024) != 0) {
    return 1;
  }
  while (stopping == 0) {
    let_in(listener, -1, open, greeting);
  }
  refuse(listener, open, greeting);
  // With SIGCHLD ignored this waits for all of them.
  while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  return 0;
}
