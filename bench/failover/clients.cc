#include "bench/failover/clients.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

constexpr std::size_t kMessage_bytes = 64;
constexpr int kEvents = 64;
constexpr std::int64_t kMillisecond_ns = 1'000'000;

struct Client {
  int fd = -1;
  std::int64_t began_ns = 0;
  std::int64_t connected_ns = 0;  ///< 0 = not yet
  std::int64_t answered_ns = 0;
  std::size_t received = 0;
  std::string outcome;  ///< "" while it goes on
};

std::int64_t now() {
  return static_cast<std::int64_t>(now_ns());
}

class Clients {
 public:
  explicit Clients(const ClientsOptions& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients() { close(epoll_); }

  void run() {
    const std::int64_t start_ns = now();
    const std::int64_t end_ns = start_ns + options_.time.count() * kMillisecond_ns;
    const std::int64_t gap_ns = 1'000 * kMillisecond_ns / options_.per_s;
    std::int64_t due_ns = start_ns;
    while (due_ns < end_ns || oldest_ < clients_.size()) {
      for (; due_ns <= now() && due_ns < end_ns; due_ns += gap_ns) {
        begin();
      }
      wait(due_ns < end_ns ? due_ns : now() + 20 * kMillisecond_ns);
      give_up();
    }
  }

  void report() const {
    for (const Client& client : clients_) {
      const auto us = [&client](std::int64_t ns) { return ns == 0 ? -1 : (ns - client.began_ns) / 1'000; };
      std::printf("%lld %lld %lld %s\n", static_cast<long long>(client.began_ns),
                  static_cast<long long>(us(client.connected_ns)), static_cast<long long>(us(client.answered_ns)),
                  client.outcome.c_str());
    }
  }

 private:
  void begin() {
    Client client{.fd = open_socket(), .began_ns = now()};
    fcntl(client.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = clients_.size();
    clients_.push_back(client);
    const bool refused = connect(client.fd, reinterpret_cast<const sockaddr*>(&options_.to), sizeof options_.to) != 0 &&
                         errno != EINPROGRESS;
    if (refused) {
      end(clients_.back(), std::strerror(errno));
    } else if (epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  /// Handles what comes until `until_ns`, but returns after the first batch.
  void wait(std::int64_t until_ns) {
    const std::int64_t left_ns = std::max<std::int64_t>(until_ns - now(), 0);
    const timespec left{.tv_sec = left_ns / (1'000 * kMillisecond_ns), .tv_nsec = left_ns % (1'000 * kMillisecond_ns)};
    std::array<epoll_event, kEvents> events{};
    const int count = epoll_pwait2(epoll_, events.data(), kEvents, &left, nullptr);
    for (int i = 0; i < count; ++i) {
      Client& client = clients_[events[static_cast<std::size_t>(i)].data.u64];
      if (client.connected_ns == 0) {
        ask(client, events[static_cast<std::size_t>(i)].data.u64);
      } else {
        receive(client);
      }
    }
  }

  void ask(Client& client, std::uint64_t index) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      end(client, std::strerror(error));
      return;
    }
    client.connected_ns = now();
    const std::array<std::byte, kMessage_bytes> message{};
    if (send(client.fd, message.data(), message.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(message.size())) {
      end(client, std::strerror(errno));
      return;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &event);
  }

  static void receive(Client& client) {
    std::array<std::byte, kMessage_bytes> message{};
    const ssize_t got = recv(client.fd, message.data(), message.size(), 0);
    if (got <= 0) {
      end(client, got == 0 ? "closed without an answer" : std::strerror(errno));
      return;
    }
    client.received += static_cast<std::size_t>(got);
    if (client.received >= kMessage_bytes) {
      client.answered_ns = now();
      end(client, "ok");
    }
  }

  static void end(Client& client, const char* outcome) {
    client.outcome = outcome;
    close(client.fd);
    client.fd = -1;
  }

  /// They began one after another, so those that are late stand in front.
  void give_up() {
    const std::int64_t late_ns = now() - options_.limit.count() * kMillisecond_ns;
    for (; oldest_ < clients_.size(); ++oldest_) {
      Client& client = clients_[oldest_];
      if (client.outcome.empty() && client.began_ns > late_ns) {
        return;
      }
      if (client.outcome.empty()) {
        end(client, "no answer in time");
      }
    }
  }

  ClientsOptions options_;
  int epoll_;
  std::vector<Client> clients_;
  std::size_t oldest_ = 0;  ///< all before it have ended
};

}  // namespace

void run_clients(const ClientsOptions& options) {
  Clients clients(options);
  clients.run();
  clients.report();
}

}  // namespace ringway::bench
