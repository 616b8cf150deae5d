#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/core/address.h"

namespace ringway::discovery {

/// A TCP server on a free port of 127.0.0.1 that does one and the same thing to whoever connects.
class ScriptedServer {
 public:
  enum class Then { kClose, kReset, kStayOpen };

  struct Script {
    bool read_first = true;            ///< waits for the first bytes of a request
    std::vector<std::string> writes;   ///< in order
    std::chrono::milliseconds gap{0};  ///< between two writes
    Then then = Then::kClose;
  };

  ScriptedServer(boost::asio::io_context& context, Script script)
      : context_(context),
        script_(std::move(script)),
        acceptor_(context, {boost::asio::ip::make_address("127.0.0.1"), 0}) {
    accept();
  }
  ~ScriptedServer() { *alive_ = false; }

  [[nodiscard]] proxy::SocketAddress address() const {
    return {*proxy::IpAddress::parse("127.0.0.1"), acceptor_.local_endpoint().port()};
  }

  Script& script() { return script_; }
  std::size_t accepted = 0;
  std::size_t open = 0;
  std::size_t most_open = 0;
  std::string last_request;

 private:
  struct Peer : std::enable_shared_from_this<Peer> {
    Peer(ScriptedServer& owner, boost::asio::ip::tcp::socket accepted)
        : server(&owner),
          alive(owner.alive_),
          script(owner.script_),
          socket(std::move(accepted)),
          timer(owner.context_) {
      server->most_open = std::max(server->most_open, ++server->open);
    }
    ~Peer() {
      if (*alive) {
        --server->open;
      }
    }

    void start() { script.read_first ? read() : write(0); }

    void read() {
      socket.async_read_some(boost::asio::buffer(bytes), [self = shared_from_this()](auto code, std::size_t length) {
        if (!code && *self->alive) {
          self->server->last_request.assign(self->bytes.data(), length);
          self->write(0);
        }
      });
    }

    void write(std::size_t index) {
      if (index == script.writes.size()) {
        end();
        return;
      }
      boost::asio::async_write(socket, boost::asio::buffer(script.writes[index]),
                               [self = shared_from_this(), index](auto code, std::size_t) {
                                 if (code) {
                                   return;
                                 }
                                 self->timer.expires_after(self->script.gap);
                                 self->timer.async_wait([self, index](auto) { self->write(index + 1); });
                               });
    }

    void end() {
      if (script.then == Then::kReset) {
        socket.set_option(boost::asio::socket_base::linger(true, 0));
      }
      if (script.then == Then::kStayOpen) {
        wait_for_end();
      } else {
        socket.close();
      }
    }

    void wait_for_end() {
      socket.async_read_some(boost::asio::buffer(bytes), [self = shared_from_this()](auto code, std::size_t) {
        if (!code) {
          self->wait_for_end();
        }
      });
    }

    ScriptedServer* server;
    std::shared_ptr<bool> alive;
    Script script;
    boost::asio::ip::tcp::socket socket;
    boost::asio::steady_timer timer;
    std::array<char, 4096> bytes{};
  };

  void accept() {
    acceptor_.async_accept([this, alive = alive_](auto code, boost::asio::ip::tcp::socket socket) {
      if (!*alive || code == boost::asio::error::operation_aborted) {
        return;
      }
      if (!code) {
        ++accepted;
        std::make_shared<Peer>(*this, std::move(socket))->start();
      }
      accept();
    });
  }

  boost::asio::io_context& context_;
  Script script_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Turns the loop until `condition` holds; false where it does not within ten seconds.
inline bool run_until(boost::asio::io_context& context, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    context.restart();
    context.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace ringway::discovery
