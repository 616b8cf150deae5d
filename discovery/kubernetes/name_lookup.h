#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/core/error.h"

namespace ringway::discovery {

/// The addresses of a host by getaddrinfo(3), which nothing can interrupt: where no DNS server answers, it holds its
/// thread for as long as resolv.conf(5) says.
///
/// Each question has a detached thread that owns what it works on, so that the one who asked leaves it behind: at the
/// time limit, at `cancel` and at the end of the process, which an Asio resolver would hold up. Control thread.
class NameLookup {
 public:
  struct Found {
    std::string problem;  ///< "" where it was found
    std::vector<boost::asio::ip::tcp::endpoint> endpoints;
  };
  /// Called on a thread of its own.
  using Ask = std::function<Found(const std::string& host, std::uint16_t port)>;

  /// Questions under way in this process, left behind ones included; another fails at once.
  static constexpr int kMaxRunning = 32;

  explicit NameLookup(boost::asio::any_io_executor executor, Ask ask = ask_system);
  static Found ask_system(const std::string& host, std::uint16_t port);

  /// One at a time.
  boost::asio::awaitable<proxy::Result<std::vector<boost::asio::ip::tcp::endpoint>>> find(
      std::string host, std::uint16_t port, std::chrono::milliseconds timeout);
  /// What is under way fails now.
  void cancel();

 private:
  boost::asio::any_io_executor executor_;
  Ask ask_;
  std::weak_ptr<boost::asio::posix::stream_descriptor> waiting_;
};

}  // namespace ringway::discovery
