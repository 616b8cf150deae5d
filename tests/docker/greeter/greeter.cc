// greeter NAME PORT: a server that speaks first. Says NAME and a line feed, then sends back what comes, and FIN after
// FIN; what the connections of a Load expect. Ends at SIGTERM at once, as a program with no wish to drain does.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

namespace {

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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  // Process 1 of a container gets no default actions of signals.
  std::signal(SIGTERM, [](int) { _exit(0); });
  std::signal(SIGCHLD, SIG_IGN);
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
  while (true) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd >= 0 && fork() == 0) {
      close(listener);
      serve(fd, greeting);
    }
    close(fd);
  }
}
